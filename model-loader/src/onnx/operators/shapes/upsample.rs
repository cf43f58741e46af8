//! Upsample: elements repeated or interpolated along each axis, as versions 7 and 9 have it.
//!
//! Resize took its place, which is tract's. An element comes from its place divided by the scale,
//! rounded down. Refuses scales below 1 and modes other than `nearest` and `linear`.

use anyhow::{Context as _, Result, bail, ensure};

use crate::onnx::operators::element::{Element, each_type, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Tensor, Values};

#[derive(Debug)]
struct Upsample {
    linear: bool,
    /// An attribute before version 9.
    scales: Option<Vec<f32>>,
}

/// Where an element of one axis comes from: two places, and the share of the second.
#[derive(Debug, Clone, Copy)]
struct From {
    first: usize,
    second: usize,
    share: f32,
}

/// Builds Upsample.
pub(super) fn upsample(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let linear = match attributes.string("mode")?.unwrap_or("nearest") {
        "nearest" => false,
        "linear" | "bilinear" => true,
        other => bail!("attribute `mode` is `{other}`"),
    };
    let scales = attributes.floats("scales")?;
    let scales = (!scales.is_empty()).then(|| scales.to_vec());
    Ok(Box::new(Upsample { linear, scales }))
}

impl Op for Upsample {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let scales = match &self.scales {
            Some(scales) => scales.clone(),
            None => slice::<f32>(inputs.get(1).context("there are no scales")?)?.to_vec(),
        };
        let input = inputs.take(0)?;
        ensure!(scales.len() == input.shape().len(), "{} scales", scales.len());
        let sound = scales.iter().all(|scale| scale.is_finite() && *scale >= 1.0);
        ensure!(sound, "scales {scales:?}: at least 1 each wanted");
        let extents = input.shape().iter().zip(&scales);
        // Casting saturates: what is too large is refused before it is made.
        let shape: Shape =
            extents.map(|(&extent, scale)| (extent as f32 * scale) as usize).collect();
        let elements = context.elements(&shape)?;
        context.copies(&input, elements.checked_div(input.values().len()).unwrap_or(0))?;
        let mut made = input;
        for (along, &scale) in scales.iter().enumerate() {
            if shape[along] != made.shape()[along] {
                made = self.along(&made, along, shape[along], scale)?;
            }
        }
        one(made)
    }
}

impl Upsample {
    /// One axis stretched.
    fn along(&self, input: &Tensor, along: usize, extent: usize, scale: f32) -> Result<Tensor> {
        let last = input.shape()[along].saturating_sub(1);
        let from = |place: usize| {
            let place = place as f32 / scale;
            let first = (place as usize).min(last);
            From { first, second: (first + 1).min(last), share: place - first as f32 }
        };
        let from: Vec<From> = (0..extent).map(from).collect();
        let mut shape = Shape::from_slice(input.shape());
        shape[along] = extent;
        match input.values() {
            Values::Fp32(values) if self.linear => {
                let mix = |a: &f32, b: &f32, share: f32| a * (1.0 - share) + b * share;
                tensor(&shape, stretched(values, input.shape(), along, &from, mix))
            }
            Values::Fp64(values) if self.linear => {
                let mix = |a: &f64, b: &f64, share: f32| {
                    a * (1.0 - f64::from(share)) + b * f64::from(share)
                };
                tensor(&shape, stretched(values, input.shape(), along, &from, mix))
            }
            other if self.linear => bail!("a {} tensor, floats wanted", other.datatype()),
            values => each_type!(values, values, T => {
                let first = |a: &T, _: &T, _: f32| a.clone();
                tensor(&shape, stretched(values, input.shape(), along, &from, first))
            }),
        }
    }
}

fn stretched<T: Element>(
    values: &[T],
    shape: &[usize],
    along: usize,
    from: &[From],
    mix: impl Fn(&T, &T, f32) -> T,
) -> Vec<T> {
    let inner: usize = shape[along + 1..].iter().product();
    let mut all = Vec::with_capacity(values.len() / shape[along].max(1) * from.len());
    for block in values.chunks_exact((shape[along] * inner).max(1)) {
        for from in from {
            let (a, b) = (&block[from.first * inner..], &block[from.second * inner..]);
            all.extend(a[..inner].iter().zip(&b[..inner]).map(|(a, b)| mix(a, b, from.share)));
        }
    }
    all
}

#[cfg(test)]
mod tests;
