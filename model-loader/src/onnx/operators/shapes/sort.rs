//! TopK: the greatest or least elements along an axis, and where they stand.

use std::cmp::Ordering;

use anyhow::{Context as _, Result, bail, ensure};
use smallvec::smallvec;

use super::ints;
use crate::Shape;
use crate::onnx::operators::element::{each_number, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis};

#[derive(Debug)]
struct TopK {
    axis: i64,
    /// An attribute before version 10.
    k: Option<i64>,
    largest: bool,
}

/// Builds TopK. The result is always sorted, which `sorted = 0` allows.
pub(super) fn top_k(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let (axis, k) = (attributes.int("axis")?.unwrap_or(-1), attributes.int("k")?);
    Ok(Box::new(TopK { axis, k, largest: attributes.int("largest")? != Some(0) }))
}

impl Op for TopK {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let k = match (self.k, ints::input(inputs, 1)?.as_deref()) {
            (Some(k), _) | (None, Some(&[k])) => k,
            _ => bail!("`k` is not one number"),
        };
        let k = usize::try_from(k).context("`k` is negative")?;
        let data = inputs.get(0)?;
        let along = axis(self.axis, data.shape().len())?;
        let extent = data.shape()[along];
        ensure!(k <= extent, "{k} of {extent} elements");
        let outer: usize = data.shape()[..along].iter().product();
        let inner: usize = data.shape()[along + 1..].iter().product();
        let mut shape = Shape::from_slice(data.shape());
        shape[along] = k;
        let elements = context.elements(&shape)?;
        // Sorting looks at each element some times.
        context.budget().steps((data.values().len() as u64).saturating_mul(16))?;
        let lines = if elements == 0 { 0 } else { outer * inner };
        each_number!(data.values(), values, T => {
            let mut picked: Vec<T> = vec![T::default(); elements];
            let mut places = vec![0_i64; picked.len()];
            for line in 0..lines {
                let (block, offset) = (line / inner, line % inner);
                let at = |place: usize| values[(block * extent + place) * inner + offset];
                let mut order: Vec<usize> = (0..extent).collect();
                // The lower place wins among equals.
                order.sort_by(|&a, &b| {
                    let by_value = at(a).partial_cmp(&at(b)).unwrap_or(Ordering::Equal);
                    if self.largest { by_value.reverse() } else { by_value }.then(a.cmp(&b))
                });
                for (rank, &place) in order.iter().take(k).enumerate() {
                    let to = (block * k + rank) * inner + offset;
                    picked[to] = at(place);
                    places[to] = place as i64;
                }
            }
            Ok(smallvec![tensor(&shape, picked)?, tensor(&shape, places)?])
        })
    }
}
