//! Softmax, LogSoftmax and Hardmax.
//!
//! Called through the group's table. Before version 13 all axes from `axis` on are one; since then
//! there is one axis, the last unless said otherwise. Refuses other types than floats.

use anyhow::{Result, bail};

use super::lines::{Lines, each_line};
use crate::onnx::operators::element::{Element, into_vec, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::onnx::operators::simd::curves;
use crate::{Shape, Tensor, Values};

#[derive(Debug, Clone, Copy)]
enum Kind {
    Soft,
    Log,
    Hard,
}

#[derive(Debug)]
struct Softmax {
    kind: Kind,
    axis: i64,
    flatten: bool,
}

fn build(kind: Kind, node: &Node<'_>) -> Result<Box<dyn Op>> {
    let flatten = node.version < 13;
    let axis = node.attributes().int("axis")?.unwrap_or(if flatten { 1 } else { -1 });
    Ok(Box::new(Softmax { kind, axis, flatten }))
}

pub(super) fn softmax(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Soft, node)
}

pub(super) fn log_softmax(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Log, node)
}

pub(super) fn hardmax(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Hard, node)
}

fn soft_double(row: &mut [f64]) {
    let max = row.iter().fold(f64::NEG_INFINITY, |max, x| max.max(*x));
    let mut sum = 0.0;
    for x in row.iter_mut() {
        *x = (*x - max).exp();
        sum += *x;
    }
    row.iter_mut().for_each(|x| *x /= sum);
}

macro_rules! log_rows {
    ($log:ident, $type:ty) => {
        fn $log(row: &mut [$type]) {
            let max = row.iter().fold(<$type>::NEG_INFINITY, |max, x| max.max(*x));
            let sum: $type = row.iter().map(|x| (x - max).exp()).sum();
            let shift = sum.ln();
            row.iter_mut().for_each(|x| *x = *x - max - shift);
        }
    };
}

log_rows! { log_single, f32 }
log_rows! { log_double, f64 }

/// One where the first of the largest values is, zero elsewhere.
fn hard<T: Copy + PartialOrd>(row: &mut [T], zero: T, one: T) {
    let mut best = 0;
    for (index, x) in row.iter().enumerate() {
        if *x > row[best] {
            best = index;
        }
    }
    row.fill(zero);
    if let Some(x) = row.get_mut(best) {
        *x = one;
    }
}

impl Op for Softmax {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        one(match (input.values(), self.kind) {
            (Values::Fp32(_), Kind::Soft) => self.single(input)?,
            (Values::Fp32(_), Kind::Log) => self.of(input, log_single)?,
            (Values::Fp32(_), Kind::Hard) => self.of(input, |row| hard(row, 0_f32, 1.0))?,
            (Values::Fp64(_), Kind::Soft) => self.of(input, soft_double)?,
            (Values::Fp64(_), Kind::Log) => self.of(input, log_double)?,
            (Values::Fp64(_), Kind::Hard) => self.of(input, |row| hard(row, 0_f64, 1.0))?,
            (other, _) => bail!("a {} tensor, floats wanted", other.datatype()),
        })
    }
}

impl Softmax {
    fn of<T: Element + Copy>(&self, input: Tensor, f: impl Fn(&mut [T])) -> Result<Tensor> {
        let shape = Shape::from_slice(input.shape());
        let mut values = into_vec::<T>(input)?;
        if !values.is_empty() {
            each_line(&mut values, self.lines(&shape)?, f);
        }
        tensor(&shape, values)
    }

    /// Softmax in single precision, the exponentials of all lines at once.
    fn single(&self, input: Tensor) -> Result<Tensor> {
        let shape = Shape::from_slice(input.shape());
        let mut values = into_vec::<f32>(input)?;
        if !values.is_empty() {
            let lines = self.lines(&shape)?;
            each_line(&mut values, lines, |line| {
                let max = line.iter().fold(f32::NEG_INFINITY, |max, x| max.max(*x));
                line.iter_mut().for_each(|x| *x -= max);
            });
            curves::exp(&mut values);
            each_line(&mut values, lines, |line| {
                let sum: f32 = line.iter().sum();
                line.iter_mut().for_each(|x| *x /= sum);
            });
        }
        tensor(&shape, values)
    }

    /// Refuses an axis that does not exist.
    fn lines(&self, shape: &[usize]) -> Result<Lines> {
        Ok(if self.flatten {
            // An axis behind the last one makes rows of one value.
            let rank = i64::try_from(shape.len())?;
            let at = if self.axis == rank { shape.len() } else { axis(self.axis, shape.len())? };
            let (outer, len) = (shape[..at].iter().product(), shape[at..].iter().product());
            Lines { outer, len, inner: 1 }
        } else if shape.is_empty() && matches!(self.axis, -1 | 0) {
            Lines { outer: 1, len: 1, inner: 1 }
        } else {
            Lines::along(shape, axis(self.axis, shape.len())?)
        })
    }
}
