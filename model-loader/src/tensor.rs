//! Owned, typed, row-major tensors: what goes into a model and what comes out.
//!
//! Built by the server's decoder and by `onnx/convert`. Refuses a shape whose product is not the
//! number of values.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::{Datatype, Error};

/// Extents of a tensor, outermost first; up to four of them without an allocation.
pub type Shape = SmallVec<[usize; 4]>;

/// The values of a tensor in row-major order, one variant per [`Datatype`].
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Booleans.
    Bool(Vec<bool>),
    /// Unsigned 8-bit integers.
    Uint8(Vec<u8>),
    /// Unsigned 16-bit integers.
    Uint16(Vec<u16>),
    /// Unsigned 32-bit integers.
    Uint32(Vec<u32>),
    /// Unsigned 64-bit integers.
    Uint64(Vec<u64>),
    /// Signed 8-bit integers.
    Int8(Vec<i8>),
    /// Signed 16-bit integers.
    Int16(Vec<i16>),
    /// Signed 32-bit integers.
    Int32(Vec<i32>),
    /// Signed 64-bit integers.
    Int64(Vec<i64>),
    /// Single-precision floats.
    Fp32(Vec<f32>),
    /// Double-precision floats.
    Fp64(Vec<f64>),
    /// Strings.
    Bytes(Vec<String>),
}

/// Values with a shape; the product of the shape is the number of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Shape,
    values: Values,
}

/// A tensor as a request names it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor<'a> {
    /// The input it is meant for.
    pub name: Cow<'a, str>,
    /// Its shape and values.
    pub tensor: Tensor,
}

// === impl Values ===

impl Values {
    /// The element type.
    pub fn datatype(&self) -> Datatype {
        match self {
            Values::Bool(_) => Datatype::Bool,
            Values::Uint8(_) => Datatype::Uint8,
            Values::Uint16(_) => Datatype::Uint16,
            Values::Uint32(_) => Datatype::Uint32,
            Values::Uint64(_) => Datatype::Uint64,
            Values::Int8(_) => Datatype::Int8,
            Values::Int16(_) => Datatype::Int16,
            Values::Int32(_) => Datatype::Int32,
            Values::Int64(_) => Datatype::Int64,
            Values::Fp32(_) => Datatype::Fp32,
            Values::Fp64(_) => Datatype::Fp64,
            Values::Bytes(_) => Datatype::Bytes,
        }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Bool(values) => values.len(),
            Values::Uint8(values) => values.len(),
            Values::Uint16(values) => values.len(),
            Values::Uint32(values) => values.len(),
            Values::Uint64(values) => values.len(),
            Values::Int8(values) => values.len(),
            Values::Int16(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Fp32(values) => values.len(),
            Values::Fp64(values) => values.len(),
            Values::Bytes(values) => values.len(),
        }
    }

    /// `len` zeros, false, or empty strings.
    pub fn zeros(datatype: Datatype, len: usize) -> Values {
        match datatype {
            Datatype::Bool => Values::Bool(vec![false; len]),
            Datatype::Uint8 => Values::Uint8(vec![0; len]),
            Datatype::Uint16 => Values::Uint16(vec![0; len]),
            Datatype::Uint32 => Values::Uint32(vec![0; len]),
            Datatype::Uint64 => Values::Uint64(vec![0; len]),
            Datatype::Int8 => Values::Int8(vec![0; len]),
            Datatype::Int16 => Values::Int16(vec![0; len]),
            Datatype::Int32 => Values::Int32(vec![0; len]),
            Datatype::Int64 => Values::Int64(vec![0; len]),
            Datatype::Fp32 => Values::Fp32(vec![0.0; len]),
            Datatype::Fp64 => Values::Fp64(vec![0.0; len]),
            Datatype::Bytes => Values::Bytes(vec![String::new(); len]),
        }
    }

    /// Bytes that the values take in memory.
    pub fn bytes(&self) -> usize {
        macro_rules! bytes {
            ($($variant:ident)*) => {
                match self {
                    $(Values::$variant(values) => size_of_val(values.as_slice()),)*
                    Values::Bytes(values) => {
                        let texts = values.iter().map(String::len);
                        texts.fold(size_of_val(values.as_slice()), usize::saturating_add)
                    }
                }
            };
        }
        bytes!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64)
    }

    /// True when there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

// === impl Tensor ===

impl Tensor {
    /// A tensor of `values` in row-major order; fails when the product of `shape` is not their
    /// number.
    pub fn new(shape: Shape, values: Values) -> Result<Tensor, Error> {
        let product = shape.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        if product != Some(values.len()) {
            return Err(Error::Shape { shape: shape.to_vec(), values: values.len() });
        }
        Ok(Tensor { shape, values })
    }

    /// Extents, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values in row-major order.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Gives the values up.
    pub fn into_values(self) -> Values {
        self.values
    }

    /// The element type.
    pub fn datatype(&self) -> Datatype {
        self.values.datatype()
    }
}

#[cfg(test)]
mod tests;
