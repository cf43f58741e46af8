//! Imputer: replaces one value, NaN most often, by a value per column.
//!
//! ai.onnx.ml version 1, for floats and int64. Refuses value lists that are neither of length 1 nor
//! as long as the row, and inputs of another type than the attributes.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayView1, Axis};
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, check_columns, matrix, rows_and_columns};
use crate::onnx::attributes::Attributes;

/// Both variants: the value that is replaced, and its replacements.
#[derive(Debug)]
enum Imputer {
    Float(f32, Vec<f32>),
    Int64(i64, Vec<i64>),
}

/// Builds the operator.
pub(super) fn imputer(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes(node);
    let floats = attributes.floats("imputed_value_floats")?;
    let ints = attributes.ints("imputed_value_int64s")?;
    let imputer = match (floats, ints) {
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
    };
    built(node, imputer)
}

impl Kernel for Imputer {
    fn name(&self) -> &'static str {
        "Imputer"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let (wanted, count) = match self {
            Imputer::Float(_, values) => (DatumType::F32, values.len()),
            Imputer::Int64(_, values) => (DatumType::I64, values.len()),
        };
        let fits =
            datum_type == wanted || (wanted, datum_type) == (DatumType::I64, DatumType::TDim);
        ensure!(fits, "imputed values of type {wanted:?} for an input of type {datum_type:?}");
        check_columns("imputed values", count, &rows_and_columns(shape)?.1)?;
        Ok(tvec![(wanted, shape.into())])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let output = match self {
            Imputer::Float(replaced, values) => {
                let same = |value: f32| value == *replaced || (value.is_nan() && replaced.is_nan());
                impute(input, same, values)?
            }
            Imputer::Int64(replaced, values) => {
                let input = input.cast_to::<i64>()?;
                impute(&input, |value: i64| value == *replaced, values)?
            }
        };
        Ok(tvec![output.into_tvalue()])
    }
}

fn impute<T: Datum + Copy>(
    input: &Tensor,
    is_replaced: impl Fn(T) -> bool,
    values: &[T],
) -> TractResult<Tensor> {
    let mut output = matrix::<T>(input)?.to_owned();
    let columns = output.ncols();
    ensure!(values.len() == 1 || values.len() == columns, "{columns} columns to impute");
    let values = ArrayView1::from(values);
    for mut row in output.axis_iter_mut(Axis(0)) {
        let values = values.broadcast(columns).context("one value per column")?;
        row.zip_mut_with(&values, |value, imputed| {
            if is_replaced(*value) {
                *value = *imputed;
            }
        });
    }
    Tensor::from(output).into_shape(input.shape())
}
