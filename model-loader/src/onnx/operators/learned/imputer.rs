//! Imputer: replaces one value, NaN most often, by a value per column.
//!
//! ai.onnx.ml version 1. Refuses lists of imputed values that have neither one value nor one for
//! each column, and inputs of another kind than the imputed values.

use anyhow::{Result, bail, ensure};

use super::rows::period;
use crate::onnx::operators::element::{Element, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Tensor, Values};

/// Both kinds: the value that is replaced, and its replacements.
#[derive(Debug)]
enum Imputer {
    Floats(f32, Vec<f32>),
    Ints(i64, Vec<i64>),
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let floats = attributes.floats("imputed_value_floats")?;
    let ints = attributes.ints("imputed_value_int64s")?;
    let imputer = match (floats, ints) {
        ([], []) => bail!("there are no imputed values"),
        (floats, []) => {
            let replaced = attributes.float("replaced_value_float")?;
            Imputer::Floats(replaced.unwrap_or(0.0), floats.to_vec())
        }
        ([], ints) => {
            let replaced = attributes.int("replaced_value_int64")?;
            Imputer::Ints(replaced.unwrap_or(0), ints.to_vec())
        }
        _ => bail!("there are imputed values of both types"),
    };
    Ok(Box::new(imputer))
}

impl Op for Imputer {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        let output = match (self, input.into_values()) {
            (Imputer::Floats(replaced, imputed), Values::Fp32(values)) => {
                impute(&shape, values, imputed, |x| x == *replaced || both_nan(x, *replaced))
            }
            (Imputer::Floats(replaced, imputed), Values::Fp64(values)) => {
                let imputed: Vec<f64> = imputed.iter().map(|&value| value.into()).collect();
                let nan = replaced.is_nan();
                let replaced = f64::from(*replaced);
                impute(&shape, values, &imputed, |x| x == replaced || (nan && x.is_nan()))
            }
            (Imputer::Ints(replaced, imputed), Values::Int64(values)) => {
                impute(&shape, values, imputed, |x| x == *replaced)
            }
            (Imputer::Ints(replaced, imputed), Values::Int32(values)) => {
                let narrowed = imputed.iter().map(|&value| i32::try_from(value));
                let imputed: Vec<i32> = narrowed.collect::<Result<_, _>>()?;
                impute(&shape, values, &imputed, |x| i64::from(x) == *replaced)
            }
            (Imputer::Floats(..), other) => {
                bail!("float values are imputed, the input is of type {}", other.datatype())
            }
            (Imputer::Ints(..), other) => {
                bail!("int64 values are imputed, the input is of type {}", other.datatype())
            }
        };
        one(output?)
    }
}

fn both_nan(a: f32, b: f32) -> bool {
    a.is_nan() && b.is_nan()
}

fn impute<T: Element + Copy>(
    shape: &[usize],
    mut values: Vec<T>,
    imputed: &[T],
    is_replaced: impl Fn(T) -> bool,
) -> Result<Tensor> {
    let period = period(shape)?;
    if let [imputed] = *imputed {
        values.iter_mut().filter(|value| is_replaced(**value)).for_each(|value| *value = imputed);
    } else {
        let count = imputed.len();
        ensure!(count == period, "{count} imputed values for {period} columns");
        for row in values.chunks_mut(period) {
            for (value, imputed) in row.iter_mut().zip(imputed) {
                if is_replaced(*value) {
                    *value = *imputed;
                }
            }
        }
    }
    tensor(shape, values)
}

#[cfg(test)]
mod tests;
