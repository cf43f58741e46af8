//! A function of each element, in the input's own memory when nobody else needs it.
//!
//! Used by the unary operators and the activations.

use anyhow::{Result, bail};

use crate::onnx::operators::element::{Element, into_vec, slice, tensor};
use crate::onnx::operators::op::{Arg, Inputs, Outputs, one};
use crate::{Shape, Values};

/// The same type out as in.
pub(super) fn map<T: Element + Copy>(
    inputs: &mut Inputs<'_>,
    f: impl Fn(T) -> T,
) -> Result<Outputs> {
    if !matches!(inputs.0.first(), Some(Arg::Owned(_))) {
        return map_to(inputs, f);
    }
    let taken = inputs.take(0)?;
    let shape = Shape::from_slice(taken.shape());
    let mut values = into_vec::<T>(taken)?;
    values.iter_mut().for_each(|value| *value = f(*value));
    one(tensor(&shape, values)?)
}

/// Another type out than in.
pub(super) fn map_to<T: Element + Copy, R: Element>(
    inputs: &Inputs<'_>,
    f: impl Fn(T) -> R,
) -> Result<Outputs> {
    let input = inputs.get(0)?;
    one(tensor(input.shape(), slice::<T>(input)?.iter().map(|value| f(*value)).collect())?)
}

/// Floats of either precision; refuses other types.
pub(super) fn map_floats(
    inputs: &mut Inputs<'_>,
    single: impl Fn(f32) -> f32,
    double: impl Fn(f64) -> f64,
) -> Result<Outputs> {
    match inputs.get(0)?.values() {
        Values::Fp32(_) => map(inputs, single),
        Values::Fp64(_) => map(inputs, double),
        other => bail!("a {} tensor, floats wanted", other.datatype()),
    }
}

/// Floats of either precision, the single ones all at once; refuses other types.
pub(super) fn map_curve(
    inputs: &mut Inputs<'_>,
    single: impl Fn(&mut [f32]),
    double: impl Fn(f64) -> f64,
) -> Result<Outputs> {
    match inputs.get(0)?.values() {
        Values::Fp32(_) => {
            let taken = inputs.take(0)?;
            let shape = Shape::from_slice(taken.shape());
            let mut values = into_vec::<f32>(taken)?;
            single(&mut values);
            one(tensor(&shape, values)?)
        }
        Values::Fp64(_) => map(inputs, double),
        other => bail!("a {} tensor, floats wanted", other.datatype()),
    }
}
