//! Slice and Split: parts of a tensor along axes.

use anyhow::{Context as _, Result, ensure};
use ndarray::{Axis, Slice as Range};

use super::ints;
use crate::onnx::operators::element::{each_type, tensor, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};

/// The attribute forms of version 1.
#[derive(Debug)]
struct Slice {
    starts: Option<Vec<i64>>,
    ends: Option<Vec<i64>>,
    axes: Option<Vec<i64>>,
}

/// Builds Slice.
pub(super) fn slice(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let list = |name: &str| ints::attribute(node, name);
    Ok(Box::new(Slice { starts: list("starts")?, ends: list("ends")?, axes: list("axes")? }))
}

impl Op for Slice {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let list = |attribute: &Option<Vec<i64>>, position: usize| match attribute {
            Some(values) => Ok(Some(values.clone())),
            None => ints::input(inputs, position),
        };
        let starts = list(&self.starts, 1)?.context("there are no starts")?;
        let ends = list(&self.ends, 2)?.context("there are no ends")?;
        let axes = list(&self.axes, 3)?.unwrap_or_else(|| (0..).take(starts.len()).collect());
        let steps = list(&None, 4)?.unwrap_or_else(|| vec![1; starts.len()]);
        let same = [ends.len(), axes.len(), steps.len()].iter().all(|&n| n == starts.len());
        ensure!(same, "starts, ends, axes and steps are not of one length");
        let data = inputs.get(0)?;
        let mut ranges = Vec::with_capacity(starts.len());
        for at in 0..starts.len() {
            let along = axis(axes[at], data.shape().len())?;
            let step = isize::try_from(steps[at])?;
            ensure!(step != 0, "a step is 0");
            let extent = i64::try_from(data.shape()[along])?;
            ranges.push((Axis(along), range(starts[at], ends[at], step, extent)?));
        }
        one(each_type!(data.values(), _values, T => {
            let mut part = view::<T>(data)?;
            for (along, range) in ranges {
                part.slice_axis_inplace(along, range);
            }
            tensor(part.shape(), part.iter().cloned().collect::<Vec<T>>())?
        }))
    }
}

/// The clamped range as ndarray takes it: from low to high, and the sign tells the direction.
fn range(start: i64, end: i64, step: isize, extent: i64) -> Result<Range> {
    let from_front = |place: i64| if place < 0 { place.saturating_add(extent) } else { place };
    let (start, end) = (from_front(start), from_front(end));
    let (low, high) = if step > 0 {
        let start = start.clamp(0, extent);
        (start, end.clamp(start, extent))
    } else {
        let start = start.clamp(-1, extent - 1);
        (end.clamp(-1, start) + 1, start + 1)
    };
    let (low, high) = (isize::try_from(low)?, isize::try_from(high)?);
    Ok(Range::new(low, Some(high), step))
}

#[derive(Debug)]
struct Split {
    axis: i64,
    sizes: Option<Vec<i64>>,
    parts: usize,
}

/// Builds Split; the node names as many outputs as there are parts.
pub(super) fn split(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let axis = node.attributes().int("axis")?.unwrap_or(0);
    let sizes = ints::attribute(node, "split")?;
    Ok(Box::new(Split { axis, sizes, parts: node.proto.output.len() }))
}

impl Op for Split {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let sizes = match &self.sizes {
            Some(sizes) => Some(sizes.clone()),
            None => ints::input(inputs, 1)?,
        };
        let data = inputs.get(0)?;
        let along = axis(self.axis, data.shape().len())?;
        let extent = data.shape()[along];
        let sizes: Vec<usize> = match sizes {
            Some(sizes) => {
                let sizes = sizes.into_iter().map(usize::try_from);
                sizes.collect::<Result<_, _>>().context("a size is negative")?
            }
            None => {
                let each = extent.div_ceil(self.parts.max(1));
                let size = |part: usize| extent.saturating_sub(part * each).min(each);
                (0..self.parts).map(size).collect()
            }
        };
        let sum = sizes.iter().try_fold(0_usize, |sum, &size| sum.checked_add(size));
        ensure!(sum == Some(extent), "sizes {sizes:?} of an axis of {extent}");
        let mut outputs = Outputs::new();
        let mut start = 0_usize;
        for size in sizes {
            let range = Range::from(start..start + size);
            start += size;
            outputs.push(each_type!(data.values(), _values, T => {
                let mut part = view::<T>(data)?;
                part.slice_axis_inplace(Axis(along), range);
                tensor(part.shape(), part.iter().cloned().collect::<Vec<T>>())?
            }));
        }
        Ok(outputs)
    }
}
