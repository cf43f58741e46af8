//! Compress and NonZero: what a condition or the elements themselves select.

use anyhow::{Result, ensure};
use ndarray::Axis;

use crate::onnx::operators::element::{each_type, slice, tensor, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};

#[derive(Debug)]
struct Compress(Option<i64>);

/// Builds Compress; without an axis the elements are taken as one row.
pub(super) fn compress(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Compress(node.attributes().int("axis")?)))
}

impl Op for Compress {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let (data, condition) = (inputs.get(0)?, slice::<bool>(inputs.get(1)?)?);
        let kept: Vec<usize> =
            condition.iter().enumerate().filter(|(_, kept)| **kept).map(|(at, _)| at).collect();
        let along = self.0.map(|given| axis(given, data.shape().len())).transpose()?;
        let extent = along.map_or(data.values().len(), |along| data.shape()[along]);
        ensure!(kept.last().is_none_or(|&last| last < extent), "the condition is too long");
        one(each_type!(data.values(), values, T => match along {
            None => {
                let kept: Vec<T> = kept.iter().map(|&at| values[at].clone()).collect();
                tensor(&[kept.len()], kept)?
            }
            Some(along) => {
                let part = view::<T>(data)?.select(Axis(along), &kept);
                tensor(part.shape(), part.iter().cloned().collect::<Vec<T>>())?
            }
        }))
    }
}

#[derive(Debug)]
struct NonZero;

/// Builds NonZero.
pub(super) fn non_zero(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(NonZero))
}

impl Op for NonZero {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let data = inputs.get(0)?;
        let places: Vec<usize> = each_type!(data.values(), values, T => {
            let zero = T::default();
            let other = values.iter().enumerate().filter(|(_, value)| **value != zero);
            other.map(|(at, _)| at).collect()
        });
        let shape = data.shape();
        let mut indices = Vec::with_capacity(shape.len() * places.len());
        for along in 0..shape.len() {
            let inner: usize = shape[along + 1..].iter().product();
            indices.extend(places.iter().map(|at| (at / inner % shape[along]) as i64));
        }
        one(tensor(&[shape.len(), places.len()], indices)?)
    }
}
