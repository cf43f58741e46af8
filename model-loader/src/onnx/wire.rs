//! The wire format of a file, looked at before and beside the decoder.
//!
//! Called by `load`. Counts the messages before they are decoded, since an empty one of two bytes
//! becomes a structure of hundreds, and finds what tract's schema lacks: the default attributes of
//! functions. Walks without recursion; what it cannot read is left to the decoder to refuse.

/// Most nodes, attributes, tensors, values and graphs together.
const MESSAGES_MAX: usize = 1 << 20;

/// What a message is, as far as its fields matter here.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    /// What holds nothing that is counted.
    Leaf,
}

/// Whether a file has more messages than any model needs.
pub(super) fn too_many(bytes: &[u8]) -> bool {
    let mut seen = 0;
    let mut stack = vec![(Kind::Model, bytes)];
    while let Some((kind, mut rest)) = stack.pop() {
        while let Some((number, field)) = next(&mut rest) {
            let (Some(field), Some(inner)) = (field, kind.field(number)) else { continue };
            seen += 1;
            if seen > MESSAGES_MAX {
                return true;
            }
            if !matches!(inner, Kind::Leaf) {
                stack.push((inner, field));
            }
        }
    }
    false
}

/// The default attributes of a file's functions: the nodes of a file of their own, one for each
/// function; nothing when there are none.
pub(super) fn defaults(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut graph, mut found) = (bytes, Vec::new(), false);
    while let Some((number, field)) = next(&mut rest) {
        let (Some(mut function), 25) = (field, number) else { continue };
        let mut node = Vec::new();
        while let Some((number, field)) = next(&mut function) {
            if let (Some(attribute), 11) = (field, number) {
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

/// Writes a field with a length; its number is below 16.
fn put(message: &mut Vec<u8>, number: u8, content: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = content.len();
    while length > 127 {
        message.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend(content);
}

// === impl Kind ===

impl Kind {
    /// What the field of that number holds.
    fn field(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) | (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Model, 25) => Kind::Function,
            (Kind::Graph, 1) | (Kind::Function, 7) => Kind::Node,
            (Kind::Node, 5) | (Kind::Function, 11) => Kind::Attribute,
            (Kind::Model, 8 | 14 | 20) => Kind::Leaf,
            (Kind::Graph, 5 | 11..=15) | (Kind::Attribute, 5 | 10 | 14 | 15 | 22 | 23) => {
                Kind::Leaf
            }
            (Kind::Function, 4 | 5 | 9) | (Kind::Node, 1 | 2) => Kind::Leaf,
            _ => return None,
        })
    }
}

/// The next field's number and, where it has a length, its content.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u64, Option<&'a [u8]>)> {
    let key = varint(rest)?;
    let skipped = match key & 7 {
        0 => {
            varint(rest)?;
            return Some((key >> 3, None));
        }
        1 => 8,
        2 => usize::try_from(varint(rest)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (field, after) = rest.split_at_checked(skipped)?;
    *rest = after;
    Some((key >> 3, (key & 7 == 2).then_some(field)))
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
