//! Clip, with its bounds as attributes (before version 11) or as inputs.
//!
//! Called through the group's table. Refuses bounds that are not one value.

use anyhow::{Result, ensure};

use super::map::map;
use super::number::Number;
use crate::onnx::operators::element::{each_number, slice};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};

#[derive(Debug)]
struct Clip {
    /// The attributes; the inputs go before them.
    min: Option<f32>,
    max: Option<f32>,
}

pub(super) fn clip(node: &Node<'_>) -> Result<Box<dyn Op>> {
    if node.version >= 11 {
        return Ok(Box::new(Clip { min: None, max: None }));
    }
    let attributes = node.attributes();
    Ok(Box::new(Clip { min: attributes.float("min")?, max: attributes.float("max")? }))
}

impl Op for Clip {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        each_number!(inputs.get(0)?.values(), _values, T => self.of::<T>(inputs))
    }
}

impl Clip {
    fn of<T: Number>(&self, inputs: &mut Inputs<'_>) -> Result<Outputs> {
        let attribute = |value: Option<f32>| value.map(|value| T::from_f64(f64::from(value)));
        let min = bound(inputs, 1)?.or(attribute(self.min)).unwrap_or(T::LOWEST);
        let max = bound(inputs, 2)?.or(attribute(self.max)).unwrap_or(T::HIGHEST);
        // The lower bound first: when it is above the upper one, that one wins.
        map(inputs, |x: T| {
            let raised = if x < min { min } else { x };
            if raised > max { max } else { raised }
        })
    }
}

fn bound<T: Number>(inputs: &Inputs<'_>, position: usize) -> Result<Option<T>> {
    let Some(tensor) = inputs.opt(position) else { return Ok(None) };
    let values = slice::<T>(tensor)?;
    ensure!(values.len() == 1, "input {position} has {} values, one wanted", values.len());
    Ok(Some(values[0]))
}
