//! Tensors of this crate to tensors of tract and back, each value copied once.
//!
//! Called by `run`. The way back takes the datatype of the signature: tract's `TDim`, which it
//! uses for int64 values that may become shapes, leaves as int64.

use smallvec::SmallVec;
use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::prelude::{DatumType, TDim, TractResult};

use crate::{Datatype, Tensor, Values};

type Engine = tract_onnx::prelude::Tensor;

/// The tract type of a datatype.
pub(super) fn datum_type(datatype: Datatype) -> DatumType {
    match datatype {
        Datatype::Bool => DatumType::Bool,
        Datatype::Uint8 => DatumType::U8,
        Datatype::Uint16 => DatumType::U16,
        Datatype::Uint32 => DatumType::U32,
        Datatype::Uint64 => DatumType::U64,
        Datatype::Int8 => DatumType::I8,
        Datatype::Int16 => DatumType::I16,
        Datatype::Int32 => DatumType::I32,
        Datatype::Int64 => DatumType::I64,
        Datatype::Fp32 => DatumType::F32,
        Datatype::Fp64 => DatumType::F64,
        Datatype::Bytes => DatumType::String,
    }
}

/// The datatype that a tract type leaves as, if there is one.
pub(super) fn datatype(datum_type: DatumType) -> Option<Datatype> {
    if datum_type == DatumType::TDim {
        return Some(Datatype::Int64);
    }
    Datatype::ALL.into_iter().find(|&datatype| self::datum_type(datatype) == datum_type)
}

/// Copies a tensor into tract's own aligned memory.
pub(super) fn to_tract(tensor: &Tensor) -> TractResult<Engine> {
    let shape = tensor.shape();
    match tensor.values() {
        Values::Bool(values) => Engine::from_shape(shape, values),
        Values::Uint8(values) => Engine::from_shape(shape, values),
        Values::Uint16(values) => Engine::from_shape(shape, values),
        Values::Uint32(values) => Engine::from_shape(shape, values),
        Values::Uint64(values) => Engine::from_shape(shape, values),
        Values::Int8(values) => Engine::from_shape(shape, values),
        Values::Int16(values) => Engine::from_shape(shape, values),
        Values::Int32(values) => Engine::from_shape(shape, values),
        Values::Int64(values) => Engine::from_shape(shape, values),
        Values::Fp32(values) => Engine::from_shape(shape, values),
        Values::Fp64(values) => Engine::from_shape(shape, values),
        Values::Bytes(values) => Ok(ArrayD::from_shape_vec(shape, values.clone())?.into()),
    }
}

/// Copies a tract tensor out as `datatype`, casting where tract computed in another type.
pub(super) fn from_tract(engine: &Engine, datatype: Datatype) -> TractResult<Tensor> {
    let shape = SmallVec::from_slice(engine.shape());
    if datatype == Datatype::Int64 && engine.datum_type() == DatumType::TDim {
        let dims = engine.try_as_plain_ram()?.as_slice::<TDim>()?;
        let values = dims.iter().map(TDim::to_i64).collect::<Result<_, _>>()?;
        return Ok(Tensor::new(shape, Values::Int64(values))?);
    }
    let engine = engine.cast_to_dt(datum_type(datatype))?;
    let view = engine.try_as_plain_ram()?;
    let values = match datatype {
        Datatype::Bool => Values::Bool(view.as_slice()?.to_vec()),
        Datatype::Uint8 => Values::Uint8(view.as_slice()?.to_vec()),
        Datatype::Uint16 => Values::Uint16(view.as_slice()?.to_vec()),
        Datatype::Uint32 => Values::Uint32(view.as_slice()?.to_vec()),
        Datatype::Uint64 => Values::Uint64(view.as_slice()?.to_vec()),
        Datatype::Int8 => Values::Int8(view.as_slice()?.to_vec()),
        Datatype::Int16 => Values::Int16(view.as_slice()?.to_vec()),
        Datatype::Int32 => Values::Int32(view.as_slice()?.to_vec()),
        Datatype::Int64 => Values::Int64(view.as_slice()?.to_vec()),
        Datatype::Fp32 => Values::Fp32(view.as_slice()?.to_vec()),
        Datatype::Fp64 => Values::Fp64(view.as_slice()?.to_vec()),
        Datatype::Bytes => Values::Bytes(view.as_slice()?.to_vec()),
    };
    Ok(Tensor::new(shape, values)?)
}

#[cfg(test)]
mod tests;
