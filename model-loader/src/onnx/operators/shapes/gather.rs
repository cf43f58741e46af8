//! Gather and GatherElements: elements picked by their places along an axis.

use anyhow::{Context as _, Result, ensure};

use super::ints;
use crate::onnx::operators::element::{each_type, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Values};

#[derive(Debug)]
struct Gather {
    axis: i64,
    elements: bool,
}

/// Builds Gather.
pub(super) fn gather(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let axis = node.attributes().int("axis")?.unwrap_or(0);
    Ok(Box::new(Gather { axis, elements: false }))
}

/// Builds GatherElements.
pub(super) fn gather_elements(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let axis = node.attributes().int("axis")?.unwrap_or(0);
    Ok(Box::new(Gather { axis, elements: true }))
}

impl Op for Gather {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let places = ints::input(inputs, 1)?.context("input 1 is missing")?;
        let (data, indices) = (inputs.get(0)?, inputs.get(1)?.shape());
        let along = axis(self.axis, data.shape().len())?;
        let extent = data.shape()[along];
        let places = places.into_iter().map(|place| match axis(place, extent) {
            // Made-up indices may be none that the model would meet.
            Err(_) if context.probing && extent > 0 => Ok(0),
            place => place,
        });
        let places: Vec<usize> = places
            .collect::<Result<_>>()
            .with_context(|| format!("an index is outside of axis {along} of {extent}"))?;
        let inner: usize = data.shape()[along + 1..].iter().product();
        if self.elements {
            return picked(inputs, context, along, &places);
        }
        let outer: usize = data.shape()[..along].iter().product();
        let (before, after) = (&data.shape()[..along], &data.shape()[along + 1..]);
        let shape: Shape = before.iter().chain(indices).chain(after).copied().collect();
        let elements = context.elements(&shape)?;
        if elements == 0 {
            return one(each_type!(data.values(), _values, T => tensor::<T>(&shape, Vec::new())?));
        }
        if let Values::Bytes(texts) = data.values() {
            let blocks = (0..outer).map(|place| place * extent * inner);
            let runs = blocks.flat_map(|block| places.iter().map(move |at| block + at * inner));
            context.texts(runs.flat_map(|at| &texts[at..][..inner]).map(String::as_str))?;
        }
        one(each_type!(data.values(), values, T => {
            let mut all: Vec<T> = Vec::with_capacity(elements);
            for block in (0..outer).map(|place| place * extent * inner) {
                for place in &places {
                    all.extend_from_slice(&values[block + place * inner..][..inner]);
                }
            }
            tensor(&shape, all)?
        }))
    }
}

/// GatherElements: one place for each element of the output.
fn picked(
    inputs: &Inputs<'_>,
    context: &Context,
    along: usize,
    places: &[usize],
) -> Result<Outputs> {
    let (data, shape) = (inputs.get(0)?, inputs.get(1)?.shape());
    let fits = shape.len() == data.shape().len()
        && shape.iter().zip(data.shape()).enumerate().all(|(at, (a, b))| at == along || a <= b);
    ensure!(fits, "indices of shape {shape:?} for data of shape {:?}", data.shape());
    context.elements(shape)?;
    let strides = strides(data.shape());
    let outputs = self::strides(shape);
    let source = |flat: usize| {
        let mut rest = flat;
        let mut from = 0;
        for (at, (stride, extent)) in outputs.iter().zip(&strides).enumerate() {
            let place = if at == along { places[flat] } else { rest / stride };
            rest %= stride;
            from += place * extent;
        }
        from
    };
    if let Values::Bytes(texts) = data.values() {
        context.texts((0..places.len()).map(|flat| texts[source(flat)].as_str()))?;
    }
    one(each_type!(data.values(), values, T => {
        let all: Vec<T> = (0..places.len()).map(|flat| values[source(flat)].clone()).collect();
        tensor(shape, all)?
    }))
}

/// How far apart neighbours along each axis lie.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at] * shape[at].max(1);
    }
    strides
}
