//! What the server hands over: a request's rows as typed row-major blocks, moved in without a copy.
//!
//! Built by the server's `record`; checked against a [`RowSchema`](crate::RowSchema) when appended.

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
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of [`Kind::Bool`].
    Bool(Vec<bool>),
    /// Of [`Kind::U8`].
    U8(Vec<u8>),
    /// Of [`Kind::U16`].
    U16(Vec<u16>),
    /// Of [`Kind::U32`].
    U32(Vec<u32>),
    /// Of [`Kind::U64`].
    U64(Vec<u64>),
    /// Of [`Kind::I8`].
    I8(Vec<i8>),
    /// Of [`Kind::I16`].
    I16(Vec<i16>),
    /// Of [`Kind::I32`].
    I32(Vec<i32>),
    /// Of [`Kind::I64`].
    I64(Vec<i64>),
    /// Of [`Kind::F32`].
    F32(Vec<f32>),
    /// Of [`Kind::F64`].
    F64(Vec<f64>),
    /// Of [`Kind::Text`].
    Text(Vec<String>),
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
}

/// One scored request: as many rows as it asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The client's id, or ours.
    pub request_id: String,
    /// When the request came: unix microseconds, UTC. It decides the file's hour.
    pub time_us: i64,
    /// How long the score took, microseconds.
    pub latency_us: u32,
    /// The endpoint revision it ran under.
    pub revision: u64,
    /// Rows of each block.
    pub rows: usize,
    /// One per block of the schema, in its order.
    pub values: Vec<Values>,
}

// === impl Kind ===

impl Kind {
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
}

// === impl Values ===

impl Values {
    /// Type of the values.
    pub fn kind(&self) -> Kind {
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
    pub fn len(&self) -> usize {
        match self {
            Values::Bool(v) => v.len(),
            Values::U8(v) => v.len(),
            Values::U16(v) => v.len(),
            Values::U32(v) => v.len(),
            Values::U64(v) => v.len(),
            Values::I8(v) => v.len(),
            Values::I16(v) => v.len(),
            Values::I32(v) => v.len(),
            Values::I64(v) => v.len(),
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::Text(v) => v.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held on the heap, not counting spare capacity.
    fn heap_bytes(&self) -> usize {
        match self {
            Values::Bool(v) => size_of_val(v.as_slice()),
            Values::U8(v) => size_of_val(v.as_slice()),
            Values::U16(v) => size_of_val(v.as_slice()),
            Values::U32(v) => size_of_val(v.as_slice()),
            Values::U64(v) => size_of_val(v.as_slice()),
            Values::I8(v) => size_of_val(v.as_slice()),
            Values::I16(v) => size_of_val(v.as_slice()),
            Values::I32(v) => size_of_val(v.as_slice()),
            Values::I64(v) => size_of_val(v.as_slice()),
            Values::F32(v) => size_of_val(v.as_slice()),
            Values::F64(v) => size_of_val(v.as_slice()),
            Values::Text(v) => {
                v.iter().fold(size_of_val(v.as_slice()), |sum, s| sum.saturating_add(s.len()))
            }
        }
    }
}

// === impl Record ===

impl Record {
    /// Bytes this record holds in memory: what the buffer's byte limit counts.
    pub(crate) fn bytes(&self) -> usize {
        let blocks = self.values.iter().map(|v| size_of::<Values>() + v.heap_bytes());
        size_of::<Record>() + self.request_id.len() + blocks.sum::<usize>()
    }
}
