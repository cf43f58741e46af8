//! Expand, Tile and Where: elements repeated by broadcasting.

use anyhow::{Context as _, Result, ensure};
use ndarray::IxDyn;

use super::ints;
use crate::Shape;
use crate::onnx::operators::element::{each_type, slice, tensor, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, broadcast, one};

#[derive(Debug)]
struct Expand;

/// Builds Expand.
pub(super) fn expand(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Expand))
}

impl Op for Expand {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let to = ints::input(inputs, 1)?.context("input 1 is missing")?;
        let to = to.into_iter().map(usize::try_from);
        let to: Shape = to.collect::<Result<_, _>>().context("an extent is negative")?;
        let data = inputs.get(0)?;
        let shape = broadcast(data.shape(), &to)?;
        let elements = context.elements(&shape)?;
        context.copies(data, elements.checked_div(data.values().len()).unwrap_or(0))?;
        one(each_type!(data.values(), _values, T => {
            let view = view::<T>(data)?;
            let wide = view.broadcast(IxDyn(&shape)).context("the shapes do not broadcast")?;
            tensor(&shape, wide.iter().cloned().collect::<Vec<T>>())?
        }))
    }
}

#[derive(Debug)]
struct Tile;

/// Builds Tile.
pub(super) fn tile(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Tile))
}

impl Op for Tile {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let times = ints::input(inputs, 1)?.context("input 1 is missing")?;
        let times = times.into_iter().map(usize::try_from);
        let times: Shape = times.collect::<Result<_, _>>().context("a repeat is negative")?;
        let data = inputs.get(0)?;
        ensure!(times.len() == data.shape().len(), "{} repeats", times.len());
        let extents = data.shape().iter().zip(&times);
        let shape: Option<Shape> = extents.map(|(&a, &b)| a.checked_mul(b)).collect();
        let shape = shape.context("the repeats are too many")?;
        let elements = context.elements(&shape)?;
        context.copies(data, elements.checked_div(data.values().len()).unwrap_or(0))?;
        // Every axis becomes two: how often, and the axis itself.
        let pairs = |first: &[usize]| -> Shape {
            first.iter().zip(data.shape()).flat_map(|(&a, &b)| [a, b]).collect()
        };
        let (ones, wide) = (pairs(&vec![1; times.len()]), pairs(&times));
        one(each_type!(data.values(), _values, T => {
            let view = view::<T>(data)?.into_shape_with_order(IxDyn(&ones))?;
            let wide = view.broadcast(IxDyn(&wide)).context("the repeats do not broadcast")?;
            tensor(&shape, wide.iter().cloned().collect::<Vec<T>>())?
        }))
    }
}

#[derive(Debug)]
struct Where;

/// Builds Where.
pub(super) fn choose(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Where))
}

impl Op for Where {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let (condition, yes, no) = (inputs.get(0)?, inputs.get(1)?, inputs.get(2)?);
        let shape = broadcast(&broadcast(condition.shape(), yes.shape())?, no.shape())?;
        let elements = context.elements(&shape)?;
        for part in [yes, no] {
            context.copies(part, elements.checked_div(part.values().len()).unwrap_or(0))?;
        }
        let (conditions, truths) = (view::<bool>(condition)?, "the shapes do not broadcast");
        let conditions = conditions.broadcast(IxDyn(&shape)).context(truths)?;
        one(each_type!(yes.values(), _values, T => {
            slice::<T>(no)?;
            let (yes, no) = (view::<T>(yes)?, view::<T>(no)?);
            let yes = yes.broadcast(IxDyn(&shape)).context(truths)?;
            let no = no.broadcast(IxDyn(&shape)).context(truths)?;
            let picked = conditions.iter().zip(yes.iter()).zip(no.iter());
            let picked: Vec<T> =
                picked.map(|((&yes, a), b)| if yes { a } else { b }.clone()).collect();
            tensor(&shape, picked)?
        }))
    }
}
