//! Concat: tensors of one type side by side along an axis.

use anyhow::{Context as _, Result, ensure};

use crate::onnx::operators::element::{Element, each_type, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Tensor};

#[derive(Debug)]
struct Concat(i64);

/// Builds Concat; before version 4 the axis is 1 unless it is given.
pub(super) fn concat(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let given = node.attributes().int("axis")?;
    let default = (node.version < 4).then_some(1);
    Ok(Box::new(Concat(given.or(default).context("attribute `axis` is missing")?)))
}

impl Op for Concat {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        if inputs.len() == 1 {
            return one(inputs.take(0)?);
        }
        let parts: Vec<&Tensor> =
            (0..inputs.len()).map(|position| inputs.get(position)).collect::<Result<_>>()?;
        let first = *parts.first().context("there is nothing to put together")?;
        let along = axis(self.0, first.shape().len())?;
        let mut shape = Shape::from_slice(first.shape());
        shape[along] = 0;
        for (position, part) in parts.iter().enumerate() {
            let same = part.shape().len() == shape.len()
                && part
                    .shape()
                    .iter()
                    .zip(first.shape())
                    .enumerate()
                    .all(|(at, (a, b))| at == along || a == b);
            ensure!(
                same,
                "input {position} of shape {:?} does not fit {:?} along axis {along}",
                part.shape(),
                first.shape()
            );
            shape[along] = shape[along].saturating_add(part.shape()[along]);
        }
        let elements = context.elements(&shape)?;
        parts.iter().try_for_each(|part| context.copies(part, 1))?;
        one(each_type!(first.values(), _first, T => joined::<T>(&parts, along, &shape, elements)?))
    }
}

fn joined<T: Element>(
    parts: &[&Tensor],
    along: usize,
    shape: &[usize],
    elements: usize,
) -> Result<Tensor> {
    let mut all: Vec<T> = Vec::with_capacity(elements);
    // Where there is nothing to put together, there may be many places of it.
    let outer: usize = if elements == 0 { 0 } else { shape[..along].iter().product() };
    let mut runs = Vec::with_capacity(parts.len());
    for part in parts {
        runs.push((slice::<T>(part)?, part.shape()[along..].iter().product::<usize>()));
    }
    for place in 0..outer {
        for (values, run) in &runs {
            all.extend_from_slice(&values[place * run..][..*run]);
        }
    }
    tensor(shape, all)
}
