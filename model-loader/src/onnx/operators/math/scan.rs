//! ArgMax, ArgMin, CumSum and CumProd: what looks along one axis.
//!
//! Called through the group's table. Refuses an empty axis to pick from.

use anyhow::{Context as _, Result, ensure};

use super::lines::{Lines, each_line};
use super::number::Number;
use crate::onnx::operators::element::{each_number, into_vec, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Values};

#[derive(Debug)]
struct Arg {
    greatest: bool,
    axis: i64,
    keep: bool,
    /// The last of equals instead of the first.
    last: bool,
}

#[derive(Debug)]
struct Cumulate {
    product: bool,
    exclusive: bool,
    reverse: bool,
}

pub(super) fn arg_max(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Arg::of(node, true)?))
}

pub(super) fn arg_min(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Arg::of(node, false)?))
}

pub(super) fn cum_sum(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Cumulate::of(node, false)?))
}

pub(super) fn cum_prod(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Cumulate::of(node, true)?))
}

// === impl Arg ===

impl Arg {
    fn of(node: &Node<'_>, greatest: bool) -> Result<Arg> {
        let attributes = node.attributes();
        Ok(Arg {
            greatest,
            axis: attributes.int("axis")?.unwrap_or(0),
            keep: attributes.int("keepdims")?.unwrap_or(1) != 0,
            last: attributes.int("select_last_index")?.unwrap_or(0) != 0,
        })
    }

    fn of_line<T: Number>(&self, line: impl Iterator<Item = T>) -> i64 {
        let mut best: Option<(i64, T)> = None;
        for (index, x) in (0_i64..).zip(line) {
            let better = best.is_none_or(|(_, best)| {
                let ahead = if self.greatest { x > best } else { x < best };
                ahead || self.last && x == best
            });
            if better {
                best = Some((index, x));
            }
        }
        best.map_or(0, |(index, _)| index)
    }
}

impl Op for Arg {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.get(0)?;
        let at = axis(self.axis, input.shape().len())?;
        let lines = Lines::along(input.shape(), at);
        let mut shape = Shape::from_slice(input.shape());
        if self.keep {
            shape[at] = 1;
        } else {
            shape.remove(at);
        }
        let empty = shape.contains(&0);
        ensure!(lines.len > 0 || empty, "axis {at} is empty: there is nothing to pick");
        let mut out = Vec::with_capacity(shape.iter().product());
        if !empty {
            each_number!(input.values(), values, T => {
                out.extend(lines.starts().map(|start| {
                    let line = values[start..].iter().step_by(lines.inner).take(lines.len);
                    self.of_line::<T>(line.copied())
                }));
            });
        }
        one(tensor(&shape, out)?)
    }
}

// === impl Cumulate ===

impl Cumulate {
    fn of(node: &Node<'_>, product: bool) -> Result<Cumulate> {
        let attributes = node.attributes();
        Ok(Cumulate {
            product,
            exclusive: attributes.int("exclusive")?.unwrap_or(0) != 0,
            reverse: attributes.int("reverse")?.unwrap_or(0) != 0,
        })
    }

    fn step<T: Number>(&self, total: &mut T, x: &mut T) {
        let next = if self.product { total.times(*x) } else { total.plus(*x) };
        *x = if self.exclusive { *total } else { next };
        *total = next;
    }

    fn line<T: Number>(&self, line: &mut [T]) {
        let mut total = if self.product { T::ONE } else { T::ZERO };
        if self.reverse {
            line.iter_mut().rev().for_each(|x| self.step(&mut total, x));
        } else {
            line.iter_mut().for_each(|x| self.step(&mut total, x));
        }
    }
}

impl Op for Cumulate {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        each_number!(inputs.get(0)?.values(), _values, T => self.along::<T>(inputs))
    }
}

impl Cumulate {
    fn along<T: Number>(&self, inputs: &mut Inputs<'_>) -> Result<Outputs> {
        let axes = inputs.get(1)?;
        let position = match axes.values() {
            Values::Int32(axes) => axes.first().copied().map(i64::from),
            _ => slice::<i64>(axes)?.first().copied(),
        };
        let position = position.context("input 1 has no axis")?;
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        let lines = Lines::along(&shape, axis(position, shape.len())?);
        let mut values = into_vec::<T>(input)?;
        each_line(&mut values, lines, |line| self.line::<T>(line));
        one(tensor(&shape, values)?)
    }
}

#[cfg(test)]
mod tests;
