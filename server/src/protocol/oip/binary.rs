//! Tensors as bytes: little-endian, row-major, without gaps.
//!
//! Triton's binary tensor data extension, and gRPC's raw contents, which are laid out alike. A text
//! is its length in four bytes and its UTF-8. FP16 and BF16 come in and are widened to FP32, which
//! holds each of their values. Refuses bytes that are more or fewer than the shape holds.

use model_loader::{Datatype, Values};

use crate::error::Error;

#[cfg(test)]
mod tests;

/// Datatypes of the protocol's table, as they lie in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// One that models have.
    Own(Datatype),
    /// IEEE 754 half precision.
    Fp16,
    /// The upper half of a single-precision number.
    Bf16,
}

// === impl Wire ===

impl Wire {
    /// The datatype of that name.
    ///
    /// # Errors
    /// [`Error::Request`] for a name that is not in the table.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name {
            "FP16" => Ok(Self::Fp16),
            "BF16" => Ok(Self::Bf16),
            name => name.parse().map(Self::Own).map_err(|_| {
                let name: String = name.chars().take(40).collect();
                Error::Request(format!("datatype \"{name}\" is not one of the protocol's"))
            }),
        }
    }

    /// What models see.
    pub fn datatype(self) -> Datatype {
        match self {
            Self::Own(datatype) => datatype,
            Self::Fp16 | Self::Bf16 => Datatype::Fp32,
        }
    }

    /// Bytes of an element, where all take as many.
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Own(Datatype::Bool | Datatype::Uint8 | Datatype::Int8) => Some(1),
            Self::Own(Datatype::Uint16 | Datatype::Int16) | Self::Fp16 | Self::Bf16 => Some(2),
            Self::Own(Datatype::Uint32 | Datatype::Int32 | Datatype::Fp32) => Some(4),
            Self::Own(Datatype::Uint64 | Datatype::Int64 | Datatype::Fp64) => Some(8),
            Self::Own(Datatype::Bytes) => None,
        }
    }

    /// The values of a tensor with so many elements.
    ///
    /// # Errors
    /// [`Error::Request`] when `bytes` holds more or fewer, or what is no value of the datatype.
    pub fn read(self, bytes: &[u8], elements: usize) -> Result<Values, Error> {
        /// Elements of a size that is known, each read by the type's own reader.
        macro_rules! numbers {
            ($variant:ident, $type:ty) => {
                Values::$variant(read(bytes, elements, |raw| <$type>::from_le_bytes(raw))?)
            };
        }
        Ok(match self {
            Self::Own(Datatype::Bool) => Values::Bool(read(bytes, elements, |[byte]| byte != 0)?),
            Self::Own(Datatype::Uint8) => numbers!(Uint8, u8),
            Self::Own(Datatype::Uint16) => numbers!(Uint16, u16),
            Self::Own(Datatype::Uint32) => numbers!(Uint32, u32),
            Self::Own(Datatype::Uint64) => numbers!(Uint64, u64),
            Self::Own(Datatype::Int8) => numbers!(Int8, i8),
            Self::Own(Datatype::Int16) => numbers!(Int16, i16),
            Self::Own(Datatype::Int32) => numbers!(Int32, i32),
            Self::Own(Datatype::Int64) => numbers!(Int64, i64),
            Self::Own(Datatype::Fp32) => numbers!(Fp32, f32),
            Self::Own(Datatype::Fp64) => numbers!(Fp64, f64),
            Self::Own(Datatype::Bytes) => Values::Bytes(texts(bytes, elements)?),
            Self::Fp16 => Values::Fp32(read(bytes, elements, |raw| half(u16::from_le_bytes(raw)))?),
            Self::Bf16 => {
                let widen = |raw| f32::from_bits(u32::from(u16::from_le_bytes(raw)) << 16);
                Values::Fp32(read(bytes, elements, widen)?)
            }
        })
    }
}

/// Appends the values.
pub fn write(out: &mut Vec<u8>, values: &Values) {
    out.reserve(values.len() * Wire::Own(values.datatype()).size().unwrap_or(8));
    macro_rules! numbers {
        ($values:ident) => {
            $values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()))
        };
    }
    match values {
        Values::Bool(v) => v.iter().for_each(|value| out.push(u8::from(*value))),
        Values::Uint8(v) => out.extend_from_slice(v),
        Values::Uint16(v) => numbers!(v),
        Values::Uint32(v) => numbers!(v),
        Values::Uint64(v) => numbers!(v),
        Values::Int8(v) => numbers!(v),
        Values::Int16(v) => numbers!(v),
        Values::Int32(v) => numbers!(v),
        Values::Int64(v) => numbers!(v),
        Values::Fp32(v) => numbers!(v),
        Values::Fp64(v) => numbers!(v),
        Values::Bytes(v) => v.iter().for_each(|text| {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&text.as_bytes()[..length as usize]);
        }),
    }
}

fn read<const SIZE: usize, T>(
    bytes: &[u8],
    elements: usize,
    value: impl Fn([u8; SIZE]) -> T,
) -> Result<Vec<T>, Error> {
    let wanted = elements.checked_mul(SIZE);
    if wanted != Some(bytes.len()) {
        let wanted = wanted.map_or_else(|| "more".to_owned(), |wanted| wanted.to_string());
        let got = bytes.len();
        return Err(Error::Request(format!("has {got} bytes of data, its shape holds {wanted}")));
    }
    let (chunks, _) = bytes.as_chunks::<SIZE>();
    Ok(chunks.iter().map(|chunk| value(*chunk)).collect())
}

fn texts(mut bytes: &[u8], elements: usize) -> Result<Vec<String>, Error> {
    let short = || Error::Request("has fewer bytes of data than its texts take".to_owned());
    // Each takes four bytes at least: the body bounds what its shape may claim.
    if elements > bytes.len() / 4 {
        return Err(short());
    }
    let mut texts = Vec::with_capacity(elements);
    for _ in 0..elements {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        let text = std::str::from_utf8(text)
            .map_err(|_| Error::Request(format!("its text {} is not UTF-8", texts.len())))?;
        texts.push(text.to_owned());
        bytes = rest;
    }
    if !bytes.is_empty() {
        return Err(Error::Request("has more bytes of data than its texts take".to_owned()));
    }
    Ok(texts)
}

/// IEEE 754-2008, 3.6: one bit of sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match (exponent, fraction) {
        // Zero and the numbers below the smallest normal one: fraction times 2^-24, which single
        // precision holds.
        (0, fraction) => f32::from_bits((fraction as f32 * 2f32.powi(-24)).to_bits() | sign),
        (0x1f, fraction) => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        (exponent, fraction) => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}
