//! Identity, Reshape, Flatten, Squeeze, Unsqueeze, Shape and Size: the elements stay as they lie.

use anyhow::{Context as _, Result, bail, ensure};

use super::ints;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Tensor};

#[derive(Debug)]
struct Identity;

/// Builds Identity.
pub(super) fn identity(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Identity))
}

impl Op for Identity {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        one(inputs.take(0)?)
    }
}

/// The same elements in another shape.
fn reshaped(input: Tensor, shape: Shape) -> Result<Outputs> {
    one(Tensor::new(shape, input.into_values())?)
}

#[derive(Debug)]
struct Reshape {
    to: Option<Vec<i64>>,
    allow_zero: bool,
}

/// Builds Reshape; version 1 has the shape as an attribute.
pub(super) fn reshape(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let allow_zero = node.attributes().int("allowzero")? == Some(1);
    Ok(Box::new(Reshape { to: ints::attribute(node, "shape")?, allow_zero }))
}

impl Op for Reshape {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let given = match &self.to {
            Some(to) => to.clone(),
            None => ints::input(inputs, 1)?.context("input 1 is missing")?,
        };
        let input = inputs.take(0)?;
        let mut shape = Shape::with_capacity(given.len());
        let mut open = None;
        for (place, &extent) in given.iter().enumerate() {
            shape.push(match extent {
                0 if !self.allow_zero => {
                    let same = input.shape().get(place);
                    *same.with_context(|| format!("extent {place} has none to copy"))?
                }
                -1 => {
                    ensure!(open.replace(place).is_none(), "two extents are -1");
                    1
                }
                extent => usize::try_from(extent).context("an extent is negative")?,
            });
        }
        if let Some(place) = open {
            let rest = shape.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
            let rest = rest.context("the extents are too large")?;
            let elements = input.values().len();
            shape[place] = elements.checked_div(rest).unwrap_or(0);
        }
        if input.values().is_empty() {
            // Extents of nothing are limited, too.
            context.elements(&shape)?;
        }
        reshaped(input, shape)
    }
}

#[derive(Debug)]
struct Flatten(i64);

/// Builds Flatten.
pub(super) fn flatten(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Flatten(node.attributes().int("axis")?.unwrap_or(1))))
}

impl Op for Flatten {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        let rank = input.shape().len();
        let at = if self.0 == i64::try_from(rank)? { rank } else { axis(self.0, rank)? };
        let (outer, inner) = input.shape().split_at(at);
        let shape = [outer.iter().product(), inner.iter().product()].into_iter().collect();
        reshaped(input, shape)
    }
}

/// Squeeze and Unsqueeze: the axes as an attribute before version 13, as an input since.
#[derive(Debug)]
struct Axes {
    axes: Option<Vec<i64>>,
    add: bool,
}

/// Builds Squeeze.
pub(super) fn squeeze(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Axes { axes: ints::attribute(node, "axes")?, add: false }))
}

/// Builds Unsqueeze.
pub(super) fn unsqueeze(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Axes { axes: ints::attribute(node, "axes")?, add: true }))
}

impl Op for Axes {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let axes = match &self.axes {
            Some(axes) => Some(axes.clone()),
            None => ints::input(inputs, 1)?,
        };
        let input = inputs.take(0)?;
        let shape = match axes {
            Some(axes) if self.add => with_ones(input.shape(), &axes)?,
            Some(axes) => without(input.shape(), &axes)?,
            None if self.add => bail!("there are no axes"),
            None => input.shape().iter().copied().filter(|&extent| extent != 1).collect(),
        };
        reshaped(input, shape)
    }
}

fn with_ones(shape: &[usize], axes: &[i64]) -> Result<Shape> {
    let rank = shape.len() + axes.len();
    let mut ones = vec![false; rank];
    for &given in axes {
        let place = axis(given, rank)?;
        ensure!(!std::mem::replace(&mut ones[place], true), "axis {given} is there twice");
    }
    let mut extents = shape.iter();
    let extent = |&one: &bool| if one { Some(1) } else { extents.next().copied() };
    Ok(ones.iter().filter_map(extent).collect())
}

fn without(shape: &[usize], axes: &[i64]) -> Result<Shape> {
    let mut gone = vec![false; shape.len()];
    for &given in axes {
        let place = axis(given, shape.len())?;
        ensure!(shape[place] == 1, "axis {given} has extent {}", shape[place]);
        gone[place] = true;
    }
    Ok(shape.iter().zip(gone).filter(|(_, gone)| !gone).map(|(&extent, _)| extent).collect())
}

#[derive(Debug)]
struct ShapeOf {
    start: i64,
    end: Option<i64>,
}

/// Builds Shape.
pub(super) fn shape(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let start = attributes.int("start")?.unwrap_or(0);
    Ok(Box::new(ShapeOf { start, end: attributes.int("end")? }))
}

impl Op for ShapeOf {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let shape = inputs.get(0)?.shape();
        let rank = i64::try_from(shape.len())?;
        let clamped = |place: i64| {
            let place = if place < 0 { place.saturating_add(rank) } else { place };
            usize::try_from(place.clamp(0, rank))
        };
        let (start, end) = (clamped(self.start)?, clamped(self.end.unwrap_or(rank))?);
        let extents = shape.get(start..end).unwrap_or_default().iter();
        let extents: Vec<i64> = extents.map(|&extent| extent as i64).collect();
        one(tensor(&[extents.len()], extents)?)
    }
}

#[derive(Debug)]
struct Size;

/// Builds Size.
pub(super) fn size(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Size))
}

impl Op for Size {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        one(tensor(&[], vec![i64::try_from(inputs.get(0)?.values().len())?])?)
    }
}
