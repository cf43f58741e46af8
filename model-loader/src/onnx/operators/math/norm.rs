//! The normalisations: batch, layer and Lp; and Dropout, which does nothing here.
//!
//! Called through the group's table. Only inference: running statistics are inputs. Statistics are
//! computed in double precision.

use anyhow::{Result, bail, ensure};

use super::lines::{Lines, each_line};
use super::number::Number;
use crate::onnx::operators::element::{into_vec, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Tensor, Values};

/// Added to a variance whose operator names no other.
const EPSILON: f32 = 1e-5;

#[derive(Debug)]
struct Batch {
    epsilon: f64,
}

#[derive(Debug)]
struct Layer {
    axis: i64,
    epsilon: f64,
}

#[derive(Debug)]
struct Lp {
    axis: i64,
    squares: bool,
}

#[derive(Debug)]
struct Dropout;

pub(super) fn batch(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    // Until version 6 the attribute was called `is_test`, and is set by what exports for inference.
    let training = attributes.int("training_mode")?.unwrap_or(0) != 0;
    ensure!(!training, "attribute `training_mode`: models are scored, not trained");
    Ok(Box::new(Batch { epsilon: attributes.float("epsilon")?.unwrap_or(EPSILON).into() }))
}

pub(super) fn layer(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    Ok(Box::new(Layer {
        axis: attributes.int("axis")?.unwrap_or(-1),
        epsilon: attributes.float("epsilon")?.unwrap_or(EPSILON).into(),
    }))
}

pub(super) fn lp(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let squares = match attributes.int("p")?.unwrap_or(2) {
        1 => false,
        2 => true,
        other => bail!("attribute `p` is {other}, neither 1 nor 2"),
    };
    Ok(Box::new(Lp { axis: attributes.int("axis")?.unwrap_or(-1), squares }))
}

pub(super) fn dropout(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Dropout))
}

/// Runs `$body` with `$type` as the type of floats that a tensor holds.
macro_rules! each_float {
    ($tensor:expr, $type:ident => $body:expr) => {
        match $tensor.values() {
            Values::Fp32(_) => {
                type $type = f32;
                $body
            }
            Values::Fp64(_) => {
                type $type = f64;
                $body
            }
            other => bail!("a {} tensor, floats wanted", other.datatype()),
        }
    };
}

// === impl Batch ===

impl Op for Batch {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        one(each_float!(inputs.get(0)?, T => self.of::<T>(inputs)?))
    }
}

impl Batch {
    fn of<T: Number>(&self, inputs: &mut Inputs<'_>) -> Result<Tensor> {
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        ensure!(!shape.is_empty(), "a tensor of rank 0, rows wanted");
        let channels = if shape.len() < 2 { 1 } else { shape[1] };
        let mut parts = [&[][..]; 4];
        for (position, part) in parts.iter_mut().enumerate() {
            *part = slice::<T>(inputs.get(position + 1)?)?;
            let count = part.len();
            ensure!(count == channels, "input {} has {count} values, not {channels}", position + 1);
        }
        let [scale, bias, mean, variance] = parts;
        let factors: Vec<(T, T)> = (0..channels)
            .map(|at| {
                let factor = scale[at].to_f64() / (variance[at].to_f64() + self.epsilon).sqrt();
                let shift = bias[at].to_f64() - mean[at].to_f64() * factor;
                (T::from_f64(factor), T::from_f64(shift))
            })
            .collect();
        let inner = shape.iter().skip(2).product::<usize>();
        let mut values = into_vec::<T>(input)?;
        if !values.is_empty() {
            for (channel, run) in values.chunks_exact_mut(inner).enumerate() {
                let (factor, shift) = factors[channel % channels];
                run.iter_mut().for_each(|x| *x = x.times(factor).plus(shift));
            }
        }
        tensor(&shape, values)
    }
}

// === impl Layer ===

impl Op for Layer {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        each_float!(inputs.get(0)?, T => self.of::<T>(inputs))
    }
}

impl Layer {
    fn of<T: Number>(&self, inputs: &mut Inputs<'_>) -> Result<Outputs> {
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        let at = axis(self.axis, shape.len())?;
        let len: usize = shape[at..].iter().product();
        let scale = slice::<T>(inputs.get(1)?)?;
        let bias = inputs.opt(2).map(slice::<T>).transpose()?;
        let matching = scale.len() == len && bias.is_none_or(|bias| bias.len() == len);
        ensure!(matching, "scale and bias must have {len} values, one for each that is normalised");
        let mut values = into_vec::<T>(input)?;
        let (mut means, mut inverses) = (Vec::new(), Vec::new());
        for row in values.chunks_exact_mut(len.max(1)) {
            let (mean, variance) = moments(row);
            let inverse = 1.0 / (variance + self.epsilon).sqrt();
            means.push(T::from_f64(mean));
            inverses.push(T::from_f64(inverse));
            for (index, x) in row.iter_mut().enumerate() {
                let shift = bias.map_or(0.0, |bias| bias[index].to_f64());
                let normal = (x.to_f64() - mean) * inverse;
                *x = T::from_f64(normal * scale[index].to_f64() + shift);
            }
        }
        let mut outer = Shape::from_slice(&shape);
        outer[at..].fill(1);
        if values.is_empty() {
            let rows = outer.iter().product();
            means.resize(rows, T::ZERO);
            inverses.resize(rows, T::ZERO);
        }
        let statistics = [tensor(&outer, means)?, tensor(&outer, inverses)?];
        let mut outputs = one(tensor(&shape, values)?)?;
        outputs.extend(statistics);
        Ok(outputs)
    }
}

fn moments<T: Number>(row: &[T]) -> (f64, f64) {
    let count = row.len() as f64;
    let mean = row.iter().map(|x| x.to_f64()).sum::<f64>() / count;
    let variance = row.iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / count;
    (mean, variance)
}

// === impl Lp ===

impl Op for Lp {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        one(each_float!(input, T => self.of::<T>(input)?))
    }
}

impl Lp {
    fn of<T: Number>(&self, input: Tensor) -> Result<Tensor> {
        let shape = Shape::from_slice(input.shape());
        let lines = Lines::along(&shape, axis(self.axis, shape.len())?);
        let mut values = into_vec::<T>(input)?;
        each_line(&mut values, lines, |line| {
            let power = |x: &T| if self.squares { x.times(*x) } else { x.magnitude() };
            let sum = line.iter().fold(T::ZERO, |sum, x| sum.plus(power(x)));
            let norm = if self.squares { T::from_f64(sum.to_f64().sqrt()) } else { sum };
            // A line of zeros stays one.
            if norm != T::ZERO {
                line.iter_mut().for_each(|x| *x = x.over(norm));
            }
        });
        tensor(&shape, values)
    }
}

// === impl Dropout ===

impl Op for Dropout {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        if let Some(training) = inputs.opt(2) {
            let training = slice::<bool>(training)?.first() == Some(&true);
            // A share of zero drops nothing.
            let none = inputs.opt(1).is_some_and(|ratio| match ratio.values() {
                Values::Fp32(ratio) => ratio == &[0.0],
                Values::Fp64(ratio) => ratio == &[0.0],
                _ => false,
            });
            ensure!(!training || none, "input 2 (`training_mode`): models are scored, not trained");
        }
        let input = inputs.take(0)?;
        let mask = vec![true; input.values().len()];
        let mask = tensor(input.shape(), mask)?;
        let mut outputs = one(input)?;
        outputs.push(mask);
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests;
