//! The smallest ONNX file that says which one it is: `y = x * factor`, two columns.
//!
//! Written by hand from the field numbers of onnx.proto, so that these tests need neither a fixture
//! nor the engine's own types.

use bytes::Bytes;

const FLOAT: u64 = 1;

/// An ONNX file with input `x` and output `y`, both float32 `[batch, 2]`.
pub(super) fn onnx(factor: f32) -> Bytes {
    let node = [text(1, "x"), text(1, "factor"), text(2, "y"), text(3, "scale"), text(4, "Mul")];
    let tensor =
        [number(1, 1), number(2, FLOAT), text(8, "factor"), block(9, &factor.to_le_bytes())];
    let graph = [
        block(1, &node.concat()),
        text(2, "tiny"),
        block(5, &tensor.concat()),
        block(11, &two_columns("x")),
        block(12, &two_columns("y")),
    ];
    let opset = [text(1, ""), number(2, 17)];
    [number(1, 8), block(7, &graph.concat()), block(8, &opset.concat())].concat().into()
}

/// A ValueInfoProto.
fn two_columns(name: &str) -> Vec<u8> {
    let shape = [block(1, &text(2, "batch")), block(1, &number(1, 2))];
    let tensor = [number(1, FLOAT), block(2, &shape.concat())];
    [text(1, name), block(2, &block(1, &tensor.concat()))].concat()
}

fn text(field: u64, text: &str) -> Vec<u8> {
    block(field, text.as_bytes())
}

fn block(field: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
