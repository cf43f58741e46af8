//! Imputer: replaces one value, NaN most often, by a value per column.
//!
//! ai.onnx.ml version 1, for floats and int64. Refuses value lists that are neither of length 1 nor
//! as long as the row, and inputs of another type than the attributes.

use anyhow::{Result, bail};

use super::rows::{check_columns, rows_and_columns};
use crate::onnx::operators::element::{Element, into_vec, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Shape, Tensor};

/// Both variants: the value that is replaced, and its replacements.
#[derive(Debug)]
enum Imputer {
    Float(f32, Vec<f32>),
    Int64(i64, Vec<i64>),
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let floats = attributes.floats("imputed_value_floats")?;
    let ints = attributes.ints("imputed_value_int64s")?;
    Ok(Box::new(match (floats, ints) {
        ([], []) => bail!("there are no imputed values"),
        (floats, []) => {
            let replaced = attributes.float("replaced_value_float")?;
            Imputer::Float(replaced.unwrap_or(0.0), floats.to_vec())
        }
        ([], ints) => {
            let replaced = attributes.int("replaced_value_int64")?;
            Imputer::Int64(replaced.unwrap_or(0), ints.to_vec())
        }
        _ => bail!("there are imputed values of both types"),
    }))
}

impl Op for Imputer {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        one(match (self, input.datatype()) {
            (Imputer::Float(replaced, values), Datatype::Fp32) => {
                let nan = replaced.is_nan();
                impute(input, values, |value: f32| value == *replaced || (nan && value.is_nan()))?
            }
            (Imputer::Float(replaced, values), Datatype::Fp64) => {
                let (nan, replaced) = (replaced.is_nan(), f64::from(*replaced));
                let values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
                impute(input, &values, |value: f64| value == replaced || (nan && value.is_nan()))?
            }
            (Imputer::Int64(replaced, values), Datatype::Int64) => {
                impute(input, values, |value: i64| value == *replaced)?
            }
            (Imputer::Float(..), other) => bail!("imputed floats for an input of type {other}"),
            (Imputer::Int64(..), other) => bail!("imputed int64s for an input of type {other}"),
        })
    }
}

fn impute<T: Element + Copy>(
    input: Tensor,
    imputed: &[T],
    is_replaced: impl Fn(T) -> bool,
) -> Result<Tensor> {
    let (_, columns) = rows_and_columns(input.shape())?;
    check_columns("imputed values", imputed.len(), columns)?;
    let shape = Shape::from_slice(input.shape());
    let mut values = into_vec::<T>(input)?;
    for row in values.chunks_exact_mut(columns.max(1)) {
        for (value, imputed) in row.iter_mut().zip(imputed.iter().cycle()) {
            if is_replaced(*value) {
                *value = *imputed;
            }
        }
    }
    tensor(&shape, values)
}
