//! Normalizer: divides each row by its greatest value, its L1 norm or its L2 norm.
//!
//! ai.onnx.ml version 1, with ONNX Runtime's rules: MAX is the greatest value, not the greatest
//! magnitude, and a row whose norm is zero stays as it is. Refuses an unknown norm.

use anyhow::{Result, bail};

use super::rows::extents;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Tensor, Values};

#[derive(Debug, Clone, Copy)]
enum Normalizer {
    Max,
    L1,
    L2,
}

/// A type that is normalized. Squares and magnitudes are taken before rounding to floats.
trait Number: Copy {
    fn single(self) -> f32;
    fn magnitude(self) -> f32;
    fn square(self) -> f32;
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(match node.attributes().string("norm")?.unwrap_or("MAX") {
        "MAX" => Normalizer::Max,
        "L1" => Normalizer::L1,
        "L2" => Normalizer::L2,
        other => bail!("unknown norm `{other}`"),
    }))
}

impl Op for Normalizer {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        one(match input.values() {
            Values::Fp32(values) => self.normalize(input, values),
            Values::Fp64(values) => self.normalize(input, values),
            Values::Int32(values) => self.normalize(input, values),
            Values::Int64(values) => self.normalize(input, values),
            _ => bail!("a {} tensor, FP32, FP64, INT32 or INT64 wanted", input.datatype()),
        }?)
    }
}

// === impl Normalizer ===

impl Normalizer {
    fn normalize<T: Number>(self, input: &Tensor, values: &[T]) -> Result<Tensor> {
        let columns = extents(input.shape())?.1;
        let mut output = Vec::with_capacity(values.len());
        if columns > 0 {
            values.chunks_exact(columns).for_each(|row| self.row(row, &mut output));
        }
        tensor(input.shape(), output)
    }

    fn row<T: Number>(self, row: &[T], output: &mut Vec<f32>) {
        let singles = row.iter().map(|x| x.single());
        let norm = match self {
            Normalizer::Max => {
                singles.clone().fold(f32::MIN, |max, x| if max < x { x } else { max })
            }
            Normalizer::L1 => row.iter().map(|x| x.magnitude()).sum(),
            Normalizer::L2 => row.iter().map(|x| x.square()).sum(),
        };
        if norm == 0.0 {
            output.extend(singles);
            return;
        }
        match self {
            Normalizer::Max | Normalizer::L1 => output.extend(singles.map(|x| x / norm)),
            // The squares are divided before the root, as ONNX Runtime does.
            Normalizer::L2 => output.extend(row.iter().map(|x| {
                let root = (x.square() / norm).sqrt();
                if x.single() < 0.0 { -root } else { root }
            })),
        }
    }
}

// === impl Number ===

macro_rules! number {
    ($($type:ty: $abs:ident, $square:expr;)*) => {$(
        impl Number for $type {
            fn single(self) -> f32 {
                self as f32
            }

            fn magnitude(self) -> f32 {
                self.$abs() as f32
            }

            fn square(self) -> f32 {
                let square: fn($type) -> $type = $square;
                square(self) as f32
            }
        }
    )*};
}

// Integers wrap around, as in ONNX Runtime.
number! {
    f32: abs, |x| x * x;
    f64: abs, |x| x * x;
    i32: wrapping_abs, |x| x.wrapping_mul(x);
    i64: wrapping_abs, |x| x.wrapping_mul(x);
}

#[cfg(test)]
mod tests;
