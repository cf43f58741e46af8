//! Tensors as slices and arrays of one element type.
//!
//! Used by every operator: `view::<T>()` to read, `tensor` and `from_array` to make, and the macros
//! to write an operator once for many types.

use anyhow::{Context as _, Result};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use smallvec::SmallVec;

use crate::{Datatype, Shape, Tensor, Values};

/// A type that tensors hold.
pub(in crate::onnx) trait Element:
    Clone + Default + PartialEq + Send + Sync + 'static
{
    /// Its name in the protocol.
    const DATATYPE: Datatype;
    /// The values, when they are of this type.
    fn slice(values: &Values) -> Option<&[Self]>;
    /// The values, when they are of this type.
    fn vec(values: Values) -> Option<Vec<Self>>;
    /// Wraps values.
    fn wrap(values: Vec<Self>) -> Values;
}

macro_rules! element {
    ($($type:ty, $variant:ident;)*) => {$(
        impl Element for $type {
            const DATATYPE: Datatype = Datatype::$variant;

            fn slice(values: &Values) -> Option<&[Self]> {
                if let Values::$variant(values) = values { Some(values) } else { None }
            }

            fn vec(values: Values) -> Option<Vec<Self>> {
                if let Values::$variant(values) = values { Some(values) } else { None }
            }

            fn wrap(values: Vec<Self>) -> Values {
                Values::$variant(values)
            }
        }
    )*};
}

element! {
    bool, Bool;
    u8, Uint8;
    u16, Uint16;
    u32, Uint32;
    u64, Uint64;
    i8, Int8;
    i16, Int16;
    i32, Int32;
    i64, Int64;
    f32, Fp32;
    f64, Fp64;
    String, Bytes;
}

/// The values of a tensor; refuses one of another type.
pub(in crate::onnx) fn slice<T: Element>(tensor: &Tensor) -> Result<&[T]> {
    T::slice(tensor.values())
        .with_context(|| format!("a {} tensor, {} wanted", tensor.datatype(), T::DATATYPE))
}

/// The values of a tensor that is not needed any more; refuses one of another type.
pub(in crate::onnx) fn into_vec<T: Element>(tensor: Tensor) -> Result<Vec<T>> {
    let datatype = tensor.datatype();
    T::vec(tensor.into_values())
        .with_context(|| format!("a {datatype} tensor, {} wanted", T::DATATYPE))
}

/// The tensor as an array.
pub(in crate::onnx) fn view<T: Element>(tensor: &Tensor) -> Result<ArrayViewD<'_, T>> {
    Ok(ArrayViewD::from_shape(IxDyn(tensor.shape()), slice(tensor)?)?)
}

/// A tensor of these values in row-major order.
pub(in crate::onnx) fn tensor<T: Element>(shape: &[usize], values: Vec<T>) -> Result<Tensor> {
    Ok(Tensor::new(SmallVec::from_slice(shape), T::wrap(values))?)
}

/// An array as a tensor; copied only when it is not in row-major order.
pub(in crate::onnx) fn from_array<T: Element>(array: ArrayD<T>) -> Result<Tensor> {
    let shape = Shape::from_slice(array.shape());
    let values = if array.is_standard_layout() {
        let (values, offset) = array.into_raw_vec_and_offset();
        match offset {
            Some(0) | None => values,
            Some(offset) => values[offset..].to_vec(),
        }
    } else {
        array.iter().cloned().collect()
    };
    Ok(Tensor::new(shape, T::wrap(values))?)
}

/// Evaluates an expression with `$slice` bound to the values as a slice of whatever type they are,
/// `$type` naming that type.
macro_rules! each_type {
    ($values:expr, $slice:ident, $type:ident => $body:expr) => {{
        use $crate::Values;
        macro_rules! arm {
            ($t:ty, $v:expr) => {{
                type $type = $t;
                let $slice = $v;
                $body
            }};
        }
        match $values {
            Values::Bool(v) => arm!(bool, v),
            Values::Uint8(v) => arm!(u8, v),
            Values::Uint16(v) => arm!(u16, v),
            Values::Uint32(v) => arm!(u32, v),
            Values::Uint64(v) => arm!(u64, v),
            Values::Int8(v) => arm!(i8, v),
            Values::Int16(v) => arm!(i16, v),
            Values::Int32(v) => arm!(i32, v),
            Values::Int64(v) => arm!(i64, v),
            Values::Fp32(v) => arm!(f32, v),
            Values::Fp64(v) => arm!(f64, v),
            Values::Bytes(v) => arm!(String, v),
        }
    }};
}

/// As `each_type`, for the ten types of numbers; other types are refused in the operator's words.
macro_rules! each_number {
    ($values:expr, $slice:ident, $type:ident => $body:expr) => {{
        use $crate::Values;
        macro_rules! arm {
            ($t:ty, $v:expr) => {{
                type $type = $t;
                let $slice = $v;
                $body
            }};
        }
        match $values {
            Values::Uint8(v) => arm!(u8, v),
            Values::Uint16(v) => arm!(u16, v),
            Values::Uint32(v) => arm!(u32, v),
            Values::Uint64(v) => arm!(u64, v),
            Values::Int8(v) => arm!(i8, v),
            Values::Int16(v) => arm!(i16, v),
            Values::Int32(v) => arm!(i32, v),
            Values::Int64(v) => arm!(i64, v),
            Values::Fp32(v) => arm!(f32, v),
            Values::Fp64(v) => arm!(f64, v),
            other => anyhow::bail!("a {} tensor, numbers wanted", other.datatype()),
        }
    }};
}

pub(in crate::onnx) use {each_number, each_type};
