//! An answer as JSON of the protocols without tensors: whole outputs nested by their shapes, or a
//! value for each row.

use model_loader::{Tensor, TensorSpec, Values};

use super::json::write::{Write, string};

#[cfg(test)]
mod tests;

/// The outputs, and what the model says of them.
#[derive(Clone, Copy, Debug)]
pub struct Outputs<'a> {
    /// Names, shapes and labels.
    pub specs: &'a [TensorSpec],
    /// Values, in the same order.
    pub tensors: &'a [Tensor],
    /// The request's rows.
    pub rows: usize,
}

// === impl Outputs ===

impl Outputs<'_> {
    /// Whole outputs: nested lists by name, or the list alone when there is one.
    pub fn whole(self, out: &mut Vec<u8>) {
        if let [tensor] = self.tensors {
            return nested(out, tensor.values(), tensor.shape(), &mut 0);
        }
        out.push(b'{');
        for (index, (spec, tensor)) in self.specs.iter().zip(self.tensors).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            string(out, &spec.name);
            out.push(b':');
            nested(out, tensor.values(), tensor.shape(), &mut 0);
        }
        out.push(b'}');
    }

    /// A value for each row: an object of the outputs, or what the one output has there. Whole
    /// outputs when one of them has not the request's rows.
    pub fn by_row(self, out: &mut Vec<u8>) {
        let in_rows = |(spec, tensor): (&TensorSpec, &Tensor)| {
            spec.per_row && tensor.shape().first() == Some(&self.rows)
        };
        if self.tensors.len() == 1 || !self.specs.iter().zip(self.tensors).all(in_rows) {
            return self.whole(out);
        }
        out.push(b'[');
        for row in 0..self.rows {
            out.extend_from_slice(if row > 0 { b",{" } else { b"{" });
            for (index, (spec, tensor)) in self.specs.iter().zip(self.tensors).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(out, &spec.name);
                out.push(b':');
                // A column of one is a value.
                let inner = &tensor.shape()[1..];
                let inner = if inner == [1] { &[] } else { inner };
                let width: usize = inner.iter().product();
                nested(out, tensor.values(), inner, &mut (row * width));
            }
            out.push(b'}');
        }
        out.push(b']');
    }
}

/// Appends the values from `at` on as lists of that shape.
fn nested(out: &mut Vec<u8>, values: &Values, shape: &[usize], at: &mut usize) {
    macro_rules! write {
        ($($variant:ident)*) => {
            match values {
                $(Values::$variant(values) => lists(out, values, shape, at),)*
            }
        };
    }
    write!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes);
}

fn lists<T: Write>(out: &mut Vec<u8>, values: &[T], shape: &[usize], at: &mut usize) {
    let Some((extent, inner)) = shape.split_first() else {
        if let Some(value) = values.get(*at) {
            value.write(out);
        }
        *at += 1;
        return;
    };
    out.push(b'[');
    for index in 0..*extent {
        if index > 0 {
            out.push(b',');
        }
        lists(out, values, inner, at);
    }
    out.push(b']');
}
