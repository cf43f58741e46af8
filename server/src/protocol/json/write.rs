//! JSON out: strings escaped, numbers in their shortest form, straight into the reply's buffer.

#[cfg(test)]
mod tests;

/// Appends `text` as a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // Names and labels are nearly always plain; only the rest pays for escaping.
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

/// An element that JSON can carry.
pub trait Write {
    /// Appends itself to `out`.
    fn write(&self, out: &mut Vec<u8>);
}

/// Appends `values` as a flat array.
pub fn array<T: Write>(out: &mut Vec<u8>, values: &[T]) {
    out.push(b'[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        value.write(out);
    }
    out.push(b']');
}

/// JSON has no NaN and no infinities; `null` stands for them, as MLServer writes it.
macro_rules! float {
    ($type:ty) => {
        impl Write for $type {
            #[inline]
            fn write(&self, out: &mut Vec<u8>) {
                if self.is_finite() {
                    out.extend_from_slice(zmij::Buffer::new().format_finite(*self).as_bytes());
                } else {
                    out.extend_from_slice(b"null");
                }
            }
        }
    };
}

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl Write for $type {
            #[inline]
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
            }
        }
    )*};
}

float!(f32);
float!(f64);
integer!(u8, u16, u32, u64, i8, i16, i32, i64, usize);

impl Write for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Write for String {
    fn write(&self, out: &mut Vec<u8>) {
        string(out, self);
    }
}
