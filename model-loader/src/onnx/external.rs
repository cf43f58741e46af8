//! A model whose weights are in files beside it -> the same model with them inside.
//!
//! Called by `artifact` with the bytes of a file and its folder. Works on the wire format, so that
//! all that is not a tensor outside stays byte for byte what it was, and does so for every tensor:
//! weights, attributes, those of subgraphs, functions and sparse tensors. All places, lengths and
//! the sum are checked before the result is allocated.

mod folder;

use std::path::Path;

use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};

use self::folder::{Folder, Part};
use super::load::decode;
use super::wire::{self, Kind, next, put, put_head};
use super::words::extents_words;
use crate::Error;

/// Deepest nesting of messages; the decoder refuses what is deeper.
const DEPTH_MAX: usize = 100;

/// Fields of a tensor whose values are outside: a name, a type, extents, and where they are.
const FIELDS_MAX: usize = 1 << 16;
/// Numbers of a tensor's fields: those of its values, and of where they are.
const VALUES: [u64; 7] = [4, 5, 6, 7, RAW_DATA, 10, 11];
const RAW_DATA: u64 = 9;
const EXTERNAL_DATA: u64 = 13;
const DATA_LOCATION: u64 = 14;

/// A stretch of the file to be written.
#[derive(Debug)]
enum Piece<'a> {
    /// As it is in the file that was read.
    Same(&'a [u8]),
    /// Number and length of a field that was changed.
    Head(Vec<u8>),
    /// Of another file.
    Outside(Part),
}

/// A message with something outside in it.
#[derive(Debug, Default)]
struct Message<'a> {
    pieces: Vec<Piece<'a>>,
    bytes: usize,
}

/// The model with all tensors inside, at most `max` bytes; nothing when they are already.
pub(crate) fn inline(onnx: &[u8], folder: &Path, max: usize) -> Result<Option<Vec<u8>>, Error> {
    // Whoever loads it refuses it; no walk over it is to take longer than that.
    if wire::too_many(onnx) {
        return Ok(None);
    }
    let mut folder = Folder::new(folder, onnx.len(), max);
    let Some(message) = message(Kind::Model, onnx, 0, &mut folder)? else { return Ok(None) };
    if message.bytes > max {
        return Err(folder.too_large());
    }
    let mut out = Vec::new();
    out.try_reserve_exact(message.bytes).map_err(Error::model)?;
    let mut reader = folder.reader();
    for piece in &message.pieces {
        match piece {
            Piece::Same(bytes) => out.extend_from_slice(bytes),
            Piece::Head(bytes) => out.extend_from_slice(bytes),
            Piece::Outside(part) => reader.read(part, &mut out)?,
        }
    }
    Ok(Some(out))
}

/// A message's pieces, when a tensor in it is outside.
fn message<'a>(
    kind: Kind,
    bytes: &'a [u8],
    depth: usize,
    folder: &mut Folder,
) -> Result<Option<Message<'a>>, Error> {
    if depth == DEPTH_MAX {
        return Ok(None);
    }
    let (mut whole, mut rest, mut copied) = (Message::default(), bytes, 0);
    while let Some(field) = next(&mut rest) {
        let (Some(content), Some(inner)) = (field.content, kind.field(field.number)) else {
            continue;
        };
        let changed = match inner {
            Kind::Leaf => None,
            Kind::Tensor => tensor(content, folder)?,
            _ => message(inner, content, depth + 1, folder)?,
        };
        let Some(changed) = changed else { continue };
        let end = bytes.len() - rest.len();
        whole.same(&bytes[copied..end - field.raw.len()]);
        whole.field(field.number, changed);
        copied = end;
    }
    if copied == 0 {
        return Ok(None);
    }
    whole.same(&bytes[copied..]);
    Ok(Some(whole))
}

/// A tensor's pieces, when it is outside.
fn tensor<'a>(bytes: &'a [u8], folder: &mut Folder) -> Result<Option<Message<'a>>, Error> {
    if !is_outside(bytes)? {
        return Ok(None);
    }
    let (mut whole, mut rest) = (Message::default(), bytes);
    // What is to be decoded: not the values, which may be large.
    let (mut about, mut inside) = (Vec::new(), false);
    while let Some(field) = next(&mut rest) {
        let number = field.number;
        if VALUES.contains(&number) {
            inside |= field.content.is_none_or(|content| !content.is_empty());
        } else {
            about.extend_from_slice(field.raw);
        }
        if !matches!(number, EXTERNAL_DATA | DATA_LOCATION) {
            whole.same(field.raw);
        }
    }
    // What cannot be read is for the decoder to refuse.
    about.extend_from_slice(rest);
    let proto = decoded(&about)?;
    if proto.data_location != Some(DataLocation::External as i32) {
        return Ok(None);
    }
    if inside {
        let name = &proto.name;
        let what = "has values in the file and outside of it";
        return Err(Error::model(format!("tensor `{name:.200}` {what}")));
    }
    let part = folder.part(&proto.name, &proto.external_data, size(&proto)?)?;
    let values = Message { bytes: part.bytes, pieces: vec![Piece::Outside(part)] };
    whole.field(RAW_DATA, values);
    Ok(Some(whole))
}

/// Whether a tensor says where its values are. One with values in the file may have millions of
/// fields, which are only counted here; one without has few.
fn is_outside(bytes: &[u8]) -> Result<bool, Error> {
    let (mut rest, mut fields, mut says) = (bytes, 0_usize, false);
    while let Some(field) = next(&mut rest) {
        fields += 1;
        says |= matches!(field.number, EXTERNAL_DATA | DATA_LOCATION);
    }
    if says && fields > FIELDS_MAX {
        let what = format!("a tensor outside of the file has over {FIELDS_MAX} fields");
        return Err(Error::model(what));
    }
    Ok(says)
}

/// A tensor by itself, as the only weight of a model.
fn decoded(tensor: &[u8]) -> Result<TensorProto, Error> {
    let (mut graph, mut model) = (Vec::new(), Vec::new());
    put(&mut graph, 5, tensor);
    put(&mut model, 7, &graph);
    let weights = decode(&model)?.graph.unwrap_or_default().initializer;
    weights.into_iter().next().ok_or_else(|| Error::model("not an ONNX file: a tensor is broken"))
}

/// How many bytes a tensor's values take.
fn size(proto: &TensorProto) -> Result<usize, Error> {
    let refused = |what: &str| Err(Error::model(format!("tensor `{:.200}` {what}", proto.name)));
    let Some(bits) = bits(proto.data_type) else {
        let declared = DataType::try_from(proto.data_type).unwrap_or(DataType::Undefined);
        let name = declared.as_str_name();
        return refused(&format!("is of type {name}, which cannot be in another file"));
    };
    let mut extents = proto.dims.iter().map(|&extent| usize::try_from(extent).ok());
    let elements = extents.try_fold(1_usize, |all, extent| all.checked_mul(extent?));
    match elements.and_then(|elements| elements.checked_mul(bits)) {
        Some(bits) => Ok(bits.div_ceil(8)),
        None => refused(&format!("has the extents {}", extents_words(&proto.dims))),
    }
}

/// Bits of one element; none for strings and what is not known.
fn bits(data_type: i32) -> Option<usize> {
    Some(match DataType::try_from(data_type).ok()? {
        DataType::Undefined | DataType::String => return None,
        DataType::Uint4 | DataType::Int4 | DataType::Float4e2m1 => 4,
        DataType::Uint8 | DataType::Int8 | DataType::Bool => 8,
        DataType::Float8e4m3fn | DataType::Float8e4m3fnuz => 8,
        DataType::Float8e5m2 | DataType::Float8e5m2fnuz => 8,
        DataType::Uint16 | DataType::Int16 | DataType::Float16 | DataType::Bfloat16 => 16,
        DataType::Float | DataType::Int32 | DataType::Uint32 => 32,
        DataType::Double | DataType::Int64 | DataType::Uint64 | DataType::Complex64 => 64,
        DataType::Complex128 => 128,
    })
}

// === impl Message ===

impl<'a> Message<'a> {
    fn same(&mut self, bytes: &'a [u8]) {
        self.bytes += bytes.len();
        self.pieces.push(Piece::Same(bytes));
    }

    /// A field that holds `inner`.
    fn field(&mut self, number: u64, inner: Message<'a>) {
        let mut head = Vec::new();
        put_head(&mut head, number, inner.bytes);
        self.bytes += head.len() + inner.bytes;
        self.pieces.push(Piece::Head(head));
        self.pieces.extend(inner.pieces);
    }
}

#[cfg(test)]
mod tests;
