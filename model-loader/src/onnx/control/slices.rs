//! One slice of a tensor along an axis, and slices put together along a new axis.

use anyhow::{Context as _, Result, ensure};
use ndarray::{ArrayViewD, Axis};

use crate::onnx::operators::element::{each_type, from_array, slice, tensor, view};
use crate::onnx::operators::op::Context;
use crate::{Shape, Tensor};

/// The slice at `place`, without the axis.
pub(in crate::onnx) fn at(from: &Tensor, axis: usize, place: usize) -> Result<Tensor> {
    let extent = from.shape().get(axis).copied().unwrap_or(0);
    ensure!(place < extent, "slice {place} of {extent} along axis {axis}");
    each_type!(from.values(), _values, T => {
        from_array(view::<T>(from)?.index_axis_move(Axis(axis), place).to_owned())
    })
}

/// Tensors of one shape along a new axis.
pub(in crate::onnx) fn stacked(
    parts: &[&Tensor],
    axis: usize,
    context: &Context,
) -> Result<Tensor> {
    let Some(first) = parts.first() else {
        // No turn was made: nothing tells the shape of what a turn makes.
        return tensor::<f32>(&[0], Vec::new());
    };
    let mut shape = Shape::from_slice(first.shape());
    shape.insert(axis, parts.len());
    context.elements(&shape)?;
    each_type!(first.values(), _values, T => {
        let views: Vec<ArrayViewD<'_, T>> = parts
            .iter()
            .map(|part| {
                slice::<T>(part)?;
                view::<T>(part)
            })
            .collect::<Result<_>>()?;
        let same = views.iter().all(|view| view.shape() == first.shape());
        ensure!(same, "the turns make slices of differing shapes");
        let mut all: Vec<T> = Vec::with_capacity(parts.len() * first.values().len());
        let outer: usize = first.shape()[..axis].iter().product();
        let inner: usize = first.shape()[axis..].iter().product();
        for outside in 0..outer {
            for view in &views {
                let values = view.as_slice().context("slices are in row-major order")?;
                all.extend_from_slice(&values[outside * inner..][..inner]);
            }
        }
        tensor(&shape, all)
    })
}
