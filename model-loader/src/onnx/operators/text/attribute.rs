//! Attributes that are tensors: the keys, values and default of a LabelEncoder.
//!
//! Called by `label_encoder`. Refuses lengths that do not fit the element type, strings that are
//! not UTF-8, and element types that tensors of this crate do not have.

use anyhow::{Context as _, Result, bail, ensure};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{NodeProto, TensorProto};

use crate::Values;

/// The values of a tensor attribute, whatever its shape; none when the node does not have it.
pub(super) fn values(node: &NodeProto, name: &str) -> Result<Option<Values>> {
    let Some(attribute) = node.attribute.iter().find(|attribute| attribute.name == name) else {
        return Ok(None);
    };
    let tensor =
        attribute.t.as_ref().with_context(|| format!("attribute `{name}` is no tensor"))?;
    read(tensor).with_context(|| format!("attribute `{name}`")).map(Some)
}

fn read(proto: &TensorProto) -> Result<Values> {
    macro_rules! numbers {
        ($variant:ident, $type:ty, $typed:expr) => {
            Values::$variant(if proto.raw_data.is_empty() {
                let narrow = |&v| <$type>::try_from(v).ok().context("a value is out of range");
                $typed.iter().map(narrow).collect::<Result<_>>()?
            } else {
                let (chunks, rest) = proto.raw_data.as_chunks::<{ size_of::<$type>() }>();
                ensure!(rest.is_empty(), "its bytes are not whole values");
                chunks.iter().map(|chunk| <$type>::from_le_bytes(*chunk)).collect()
            })
        };
    }
    Ok(match DataType::try_from(proto.data_type).unwrap_or(DataType::Undefined) {
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
    })
}
