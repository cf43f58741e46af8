//! A tensor as the file writes it, to a tensor of this crate and back.
//!
//! Used for weights and for attributes. Refuses values in another file, lengths that do not fit the
//! extents, strings that are not UTF-8, and more elements than the limit, before it allocates.

use anyhow::{Context as _, Result, bail, ensure};
use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};

use super::operators::op::Context;
use super::words::extents_words;
use crate::{Datatype, Shape, Tensor, Values};

/// Whether the values are of a type that this crate's tensors do not have.
pub(super) fn is_foreign(proto: &TensorProto) -> bool {
    datatype(proto.data_type).is_none()
}

/// The file's number of an element type.
pub(super) fn data_type(datatype: Datatype) -> DataType {
    match datatype {
        Datatype::Bool => DataType::Bool,
        Datatype::Uint8 => DataType::Uint8,
        Datatype::Uint16 => DataType::Uint16,
        Datatype::Uint32 => DataType::Uint32,
        Datatype::Uint64 => DataType::Uint64,
        Datatype::Int8 => DataType::Int8,
        Datatype::Int16 => DataType::Int16,
        Datatype::Int32 => DataType::Int32,
        Datatype::Int64 => DataType::Int64,
        Datatype::Fp32 => DataType::Float,
        Datatype::Fp64 => DataType::Double,
        Datatype::Bytes => DataType::String,
    }
}

/// The element type of that number, if tensors of this crate have it.
pub(super) fn datatype(data_type: i32) -> Option<Datatype> {
    Datatype::ALL.into_iter().find(|&known| self::data_type(known) as i32 == data_type)
}

/// Reads a tensor.
pub(super) fn from_proto(proto: &TensorProto) -> Result<Tensor> {
    let location = proto.data_location.unwrap_or(DataLocation::Default as i32);
    ensure!(location != DataLocation::External as i32, "its values are in another file");
    let extents: Option<Shape> =
        proto.dims.iter().map(|&extent| usize::try_from(extent).ok()).collect();
    let shape =
        extents.with_context(|| format!("its extents are {}", extents_words(&proto.dims)))?;
    let count = Context::default().elements(&shape)?;
    let datatype = DataType::try_from(proto.data_type).unwrap_or(DataType::Undefined);
    macro_rules! numbers {
        ($variant:ident, $type:ty, $typed:expr) => {
            Values::$variant(if proto.raw_data.is_empty() {
                narrowed($typed.iter().copied())?
            } else {
                let (chunks, rest) = proto.raw_data.as_chunks::<{ size_of::<$type>() }>();
                ensure!(rest.is_empty(), "its bytes are not whole values");
                ensure!(chunks.len() == count, "{} values for {shape:?}", chunks.len());
                chunks.iter().map(|chunk| <$type>::from_le_bytes(*chunk)).collect()
            })
        };
    }
    let values = match datatype {
        DataType::Float => numbers!(Fp32, f32, proto.float_data),
        DataType::Double => numbers!(Fp64, f64, proto.double_data),
        DataType::Int64 => numbers!(Int64, i64, proto.int64_data),
        DataType::Int32 => numbers!(Int32, i32, proto.int32_data),
        DataType::Int16 => numbers!(Int16, i16, proto.int32_data),
        DataType::Int8 => numbers!(Int8, i8, proto.int32_data),
        DataType::Uint8 => numbers!(Uint8, u8, proto.int32_data),
        DataType::Uint16 => numbers!(Uint16, u16, proto.int32_data),
        DataType::Uint32 => numbers!(Uint32, u32, proto.uint64_data),
        DataType::Uint64 => numbers!(Uint64, u64, proto.uint64_data),
        DataType::Bool if proto.raw_data.is_empty() => {
            Values::Bool(proto.int32_data.iter().map(|&value| value != 0).collect())
        }
        DataType::Bool => Values::Bool(proto.raw_data.iter().map(|&byte| byte != 0).collect()),
        DataType::String => {
            let texts = proto.string_data.iter();
            let texts = texts.map(|bytes| Ok(std::str::from_utf8(bytes)?.to_owned()));
            Values::Bytes(texts.collect::<Result<_>>().context("a string is not UTF-8")?)
        }
        other => bail!("its values are of type {}, which is not supported", other.as_str_name()),
    };
    Ok(Tensor::new(shape, values)?)
}

/// Values of a wider type in the file; out of range is refused.
fn narrowed<W: Copy, T: TryFrom<W>>(values: impl Iterator<Item = W>) -> Result<Vec<T>> {
    let narrow = |value| T::try_from(value).ok().context("a value is out of its type's range");
    values.map(narrow).collect()
}

/// Writes a tensor.
pub(super) fn to_proto(name: &str, tensor: &Tensor) -> TensorProto {
    macro_rules! raw {
        ($values:expr) => {
            $values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
    }
    let mut string_data = Vec::new();
    let raw_data = match tensor.values() {
        Values::Bool(values) => values.iter().map(|&v| u8::from(v)).collect(),
        Values::Uint8(values) => values.clone(),
        Values::Uint16(values) => raw!(values),
        Values::Uint32(values) => raw!(values),
        Values::Uint64(values) => raw!(values),
        Values::Int8(values) => raw!(values),
        Values::Int16(values) => raw!(values),
        Values::Int32(values) => raw!(values),
        Values::Int64(values) => raw!(values),
        Values::Fp32(values) => raw!(values),
        Values::Fp64(values) => raw!(values),
        Values::Bytes(values) => {
            string_data = values.iter().map(|text| text.clone().into_bytes()).collect();
            Vec::new()
        }
    };
    TensorProto {
        name: name.to_owned(),
        dims: tensor.shape().iter().map(|&extent| extent as i64).collect(),
        data_type: data_type(tensor.datatype()) as i32,
        raw_data,
        string_data,
        ..TensorProto::default()
    }
}
