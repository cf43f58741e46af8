//! The wire format of a file, looked at before and beside the decoder.
//!
//! Called by `load`. Counts the messages before they are decoded, since an empty one of two bytes
//! becomes a structure of hundreds, and finds what tract's schema lacks: the default attributes of
//! functions. Walks without recursion; what it cannot read is left to the decoder to refuse.
//! `external` walks with the same steps.

/// Most nodes, attributes, tensors, values and graphs together.
const MESSAGES_MAX: usize = 1 << 20;

/// What a message is, as far as its fields matter here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Model,
    Training,
    Graph,
    Function,
    Node,
    Attribute,
    Tensor,
    Sparse,
    /// What holds nothing that is counted.
    Leaf,
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    /// What it holds, where it has a length.
    pub(super) content: Option<&'a [u8]>,
    /// All of it.
    pub(super) raw: &'a [u8],
}

/// Whether a file has more messages than any model needs.
pub(super) fn too_many(bytes: &[u8]) -> bool {
    let mut seen = 0;
    let mut stack = vec![(Kind::Model, bytes)];
    while let Some((kind, mut rest)) = stack.pop() {
        while let Some(field) = next(&mut rest) {
            let (Some(content), Some(inner)) = (field.content, kind.field(field.number)) else {
                continue;
            };
            seen += 1;
            if seen > MESSAGES_MAX {
                return true;
            }
            if !matches!(inner, Kind::Leaf) {
                stack.push((inner, content));
            }
        }
    }
    false
}

/// The default attributes of a file's functions: the nodes of a file of their own, one for each
/// function; nothing when there are none.
pub(super) fn defaults(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut graph, mut found) = (bytes, Vec::new(), false);
    while let Some(field) = next(&mut rest) {
        let (Some(mut function), 25) = (field.content, field.number) else { continue };
        let mut node = Vec::new();
        while let Some(field) = next(&mut function) {
            if let (Some(attribute), 11) = (field.content, field.number) {
                put(&mut node, 5, attribute);
                found = true;
            }
        }
        put(&mut graph, 1, &node);
    }
    let mut model = Vec::new();
    put(&mut model, 7, &graph);
    found.then_some(model)
}

/// Writes a field with a length.
pub(super) fn put(message: &mut Vec<u8>, number: u64, content: &[u8]) {
    put_head(message, number, content.len());
    message.extend(content);
}

/// Writes the start of a field with that length.
pub(super) fn put_head(message: &mut Vec<u8>, number: u64, length: usize) {
    for mut value in [number << 3 | 2, length as u64] {
        while value > 127 {
            message.push((value & 127) as u8 | 128);
            value >>= 7;
        }
        message.push(value as u8);
    }
}

// === impl Kind ===

impl Kind {
    /// What the field of that number holds.
    pub(super) fn field(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) | (Kind::Training, 1 | 2) | (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Model, 20) => Kind::Training,
            (Kind::Model, 25) => Kind::Function,
            (Kind::Graph, 1) | (Kind::Function, 7) => Kind::Node,
            (Kind::Node, 5) | (Kind::Function, 11) => Kind::Attribute,
            (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) | (Kind::Sparse, 1 | 2) => Kind::Tensor,
            (Kind::Graph, 15) | (Kind::Attribute, 22 | 23) => Kind::Sparse,
            (Kind::Model, 8 | 14) | (Kind::Graph, 11..=14) | (Kind::Attribute, 14 | 15) => {
                Kind::Leaf
            }
            (Kind::Function, 4 | 5 | 9) | (Kind::Node, 1 | 2) | (Kind::Tensor, 13) => Kind::Leaf,
            _ => return None,
        })
    }
}

/// The next field; where there is none that can be read, `rest` stays as it is.
pub(super) fn next<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let mut after = *rest;
    let key = varint(&mut after)?;
    let mut content = None;
    match key & 7 {
        0 => _ = varint(&mut after)?,
        1 => _ = split(&mut after, 8)?,
        2 => {
            let length = usize::try_from(varint(&mut after)?).ok()?;
            content = Some(split(&mut after, length)?);
        }
        // The bounds of a group, which the decoder passes over: what stands in it is counted, too.
        3 | 4 => {}
        5 => _ = split(&mut after, 4)?,
        _ => return None,
    }
    let raw = &rest[..rest.len() - after.len()];
    *rest = after;
    Some(Field { number: key >> 3, content, raw })
}

fn split<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (first, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(first)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
