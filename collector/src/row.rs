//! What the server hands over: a request's rows as typed row-major blocks, borrowed.
//!
//! Built by the server's `record` over the tensors that were scored, so that nothing is copied
//! before it is copied into the spool; checked against a [`RowSchema`](crate::RowSchema) when
//! appended.

use std::fmt;
use std::ops::Range;

use arrow_schema::DataType;

#[cfg(test)]
mod tests;

/// Type of a block's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE 754, 32 bits; NaN is a value.
    F32,
    /// IEEE 754, 64 bits; NaN is a value.
    F64,
    /// UTF-8 text.
    Text,
}

/// The values of one block of one request, row-major: value `(r, c)` is at `r * columns + c`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// Of [`Kind::Bool`].
    Bool(&'a [bool]),
    /// Of [`Kind::U8`].
    U8(&'a [u8]),
    /// Of [`Kind::U16`].
    U16(&'a [u16]),
    /// Of [`Kind::U32`].
    U32(&'a [u32]),
    /// Of [`Kind::U64`].
    U64(&'a [u64]),
    /// Of [`Kind::I8`].
    I8(&'a [i8]),
    /// Of [`Kind::I16`].
    I16(&'a [i16]),
    /// Of [`Kind::I32`].
    I32(&'a [i32]),
    /// Of [`Kind::I64`].
    I64(&'a [i64]),
    /// Of [`Kind::F32`].
    F32(&'a [f32]),
    /// Of [`Kind::F64`].
    F64(&'a [f64]),
    /// Of [`Kind::Text`].
    Text(&'a [String]),
}

/// One tensor as a row sees it: a `[rows, columns.len()]` matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Type of every value.
    pub kind: Kind,
    /// Complete column names, in order: "in.amount", "out.label", "out.probabilities.1".
    pub columns: Vec<String>,
}

/// Who scored: constant over a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The endpoint asked.
    pub endpoint: String,
    /// The deployment that answered.
    pub deployment: String,
    /// Its model.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// The model's digest, as its manifest has it.
    pub model_digest: String,
    /// What identifies the baseline that the version was registered with: SHA-256 of its file.
    pub baseline: Option<String>,
}

/// The part of a distributed trace that a request was (W3C Trace Context).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; never 0.
    pub trace_id: u128,
    /// The server's own part.
    pub span_id: u64,
}

/// Why that deployment answered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Route {
    /// Its share of the endpoint's traffic then, percent.
    pub weight: f32,
    /// Hash of the client's key, when the endpoint keeps a client at one deployment.
    pub sticky_hash: Option<u64>,
    /// Whether the request named the deployment or the version.
    pub is_named: bool,
}

/// One scored request: as many rows as it asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    /// The client's id, or ours; at most 65535 bytes.
    pub request_id: &'a str,
    /// The client's own name for what the request belongs to; at most 65535 bytes.
    pub correlation_id: Option<&'a str>,
    /// The trace it is part of.
    pub trace: Option<TraceContext>,
    /// When the request came: unix microseconds, UTC. It decides the file's hour.
    pub time_us: i64,
    /// How long the score took, microseconds.
    pub latency_us: u32,
    /// The endpoint revision it ran under.
    pub revision: u64,
    /// How it came to its deployment.
    pub route: Route,
    /// Rows of each block.
    pub rows: usize,
    /// One per block of the schema, in its order.
    pub values: &'a [Values<'a>],
}

/// Does the same for the values of any number type: `$do` sees a slice as `$v`.
macro_rules! each_number {
    (
        $values:expr,
        $v:ident => $do:expr,
        $texts:ident => $else:expr,
        $bools:ident => $bool:expr
    ) => {
        match $values {
            Values::Bool($bools) => $bool,
            Values::U8($v) => $do,
            Values::U16($v) => $do,
            Values::U32($v) => $do,
            Values::U64($v) => $do,
            Values::I8($v) => $do,
            Values::I16($v) => $do,
            Values::I32($v) => $do,
            Values::I64($v) => $do,
            Values::F32($v) => $do,
            Values::F64($v) => $do,
            Values::Text($texts) => $else,
        }
    };
}
pub(crate) use each_number;

// === impl Kind ===

impl Kind {
    /// Every kind, and its name in the spool's files, which never changes.
    const ALL: [(Kind, &'static str); 12] = [
        (Kind::Bool, "bool"),
        (Kind::U8, "uint8"),
        (Kind::U16, "uint16"),
        (Kind::U32, "uint32"),
        (Kind::U64, "uint64"),
        (Kind::I8, "int8"),
        (Kind::I16, "int16"),
        (Kind::I32, "int32"),
        (Kind::I64, "int64"),
        (Kind::F32, "float32"),
        (Kind::F64, "float64"),
        (Kind::Text, "string"),
    ];

    /// The name of its column's type.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind whose column's type has that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The physical type: it is in the files, so it never changes.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Kind::Bool => DataType::Boolean,
            Kind::U8 => DataType::UInt8,
            Kind::U16 => DataType::UInt16,
            Kind::U32 => DataType::UInt32,
            Kind::U64 => DataType::UInt64,
            Kind::I8 => DataType::Int8,
            Kind::I16 => DataType::Int16,
            Kind::I32 => DataType::Int32,
            Kind::I64 => DataType::Int64,
            Kind::F32 => DataType::Float32,
            Kind::F64 => DataType::Float64,
            Kind::Text => DataType::Utf8,
        }
    }

    /// Bytes of one value in the spool; a text has as many as it has, and its length before it.
    pub(crate) fn size(self) -> Option<usize> {
        match self {
            Kind::Bool | Kind::U8 | Kind::I8 => Some(1),
            Kind::U16 | Kind::I16 => Some(2),
            Kind::U32 | Kind::I32 | Kind::F32 => Some(4),
            Kind::U64 | Kind::I64 | Kind::F64 => Some(8),
            Kind::Text => None,
        }
    }
}

// === impl Values ===

/// Bytes of a text's length in the spool.
pub(crate) const TEXT_HEAD: usize = 4;

impl<'a> Values<'a> {
    /// Type of the values.
    pub fn kind(self) -> Kind {
        match self {
            Values::Bool(_) => Kind::Bool,
            Values::U8(_) => Kind::U8,
            Values::U16(_) => Kind::U16,
            Values::U32(_) => Kind::U32,
            Values::U64(_) => Kind::U64,
            Values::I8(_) => Kind::I8,
            Values::I16(_) => Kind::I16,
            Values::I32(_) => Kind::I32,
            Values::I64(_) => Kind::I64,
            Values::F32(_) => Kind::F32,
            Values::F64(_) => Kind::F64,
            Values::Text(_) => Kind::Text,
        }
    }

    /// Number of values: rows x columns.
    pub fn len(self) -> usize {
        each_number!(self, v => v.len(), v => v.len(), v => v.len())
    }

    /// Whether there is no value.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Bytes that the values in `range` take in the spool; `None` when that is no number.
    pub(crate) fn spooled(self, range: Range<usize>) -> Option<usize> {
        match self.kind().size() {
            Some(size) => range.len().checked_mul(size),
            None => {
                let Values::Text(texts) = self else { return None };
                let texts = texts.get(range)?;
                texts.iter().try_fold(0_usize, |sum, text| {
                    u32::try_from(text.len()).ok()?;
                    sum.checked_add(TEXT_HEAD)?.checked_add(text.len())
                })
            }
        }
    }

    /// Says value number `at` in words: a text itself, a number's decimal digits, without an
    /// exponent and the fewest that tell it from its neighbours.
    pub(crate) fn say(self, at: usize, to: &mut impl fmt::Write) -> fmt::Result {
        match self {
            // Both zeros are 0.
            Values::F32(v) => write!(to, "{}", v[at] + 0.0),
            Values::F64(v) => write!(to, "{}", v[at] + 0.0),
            other => each_number!(
                other,
                v => write!(to, "{}", v[at]),
                texts => to.write_str(&texts[at]),
                bools => write!(to, "{}", bools[at])
            ),
        }
    }

    /// Writes the values in `range`, in the order of this machine's bytes, to the front of `out`.
    /// Gives what is left of it.
    pub(crate) fn spool(self, range: Range<usize>, mut out: &mut [u8]) -> &mut [u8] {
        let mut next = |bytes: &[u8]| {
            let (here, rest) = std::mem::take(&mut out).split_at_mut(bytes.len());
            here.copy_from_slice(bytes);
            out = rest;
        };
        each_number!(
            self,
            v => numbers(&v[range], out),
            texts => {
                for text in &texts[range] {
                    // `spooled` has said that it fits.
                    next(&(text.len() as u32).to_ne_bytes());
                    next(text.as_bytes());
                }
                out
            },
            bools => {
                let (here, rest) = out.split_at_mut(range.len());
                here.iter_mut().zip(&bools[range]).for_each(|(out, value)| *out = (*value).into());
                rest
            }
        )
    }
}

/// A number as bytes, in this machine's order.
pub(crate) trait Number: Copy {
    /// So many as the type has.
    type Bytes: AsRef<[u8]>;
    /// Its bytes.
    fn bytes(self) -> Self::Bytes;
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            type Bytes = [u8; size_of::<$t>()];
            fn bytes(self) -> Self::Bytes {
                self.to_ne_bytes()
            }
        }
    )*};
}
number!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

fn numbers<'o, T: Number>(values: &[T], out: &'o mut [u8]) -> &'o mut [u8] {
    let (here, rest) = out.split_at_mut(size_of_val(values));
    for (out, value) in here.chunks_exact_mut(size_of::<T>()).zip(values) {
        out.copy_from_slice(value.bytes().as_ref());
    }
    rest
}
