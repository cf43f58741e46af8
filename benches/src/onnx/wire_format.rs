//! The fields of one protocol-buffers message, in the order of its bytes.
//!
//! Called by `onnx`. Encoding: protobuf.dev/programming-guides/encoding. Panics on bytes that are
//! no message: only committed files are read.

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64,
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// The rest of a message; gives (field number, field).
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

// === impl Fields ===

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let key = self.varint();
        let field = match key & 7 {
            0 => Field::Varint(self.varint()),
            1 => {
                self.take(8);
                Field::Fixed64
            }
            2 => {
                let length = usize::try_from(self.varint()).expect("a length fits memory");
                Field::Bytes(self.take(length))
            }
            5 => Field::Fixed32(self.take(4).try_into().expect("four bytes were taken")),
            other => panic!("wire type {other} is not one of protobuf's"),
        };
        Some((key >> 3, field))
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(count).expect("the message is cut off");
        self.0 = rest;
        taken
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return value;
            }
        }
        panic!("a varint is longer than ten bytes");
    }
}
