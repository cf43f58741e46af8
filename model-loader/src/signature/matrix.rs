//! One matrix to the inputs of a model that takes its columns one by one, or in groups.
//!
//! Called by `Signature::place` for a request with one tensor, whose name is no input's. Its
//! columns go to the inputs in their declared order, each as many as the input is wide, and each
//! value becomes the same value of the input's type. Refuses other numbers of columns, numbers for
//! strings and strings for numbers, and a value that the type does not hold, by input, row and
//! column.

use smallvec::SmallVec;

use super::number::{self, Number};
use super::{Signature, TensorSpec, for_each_type};
use crate::error::InputProblem;
use crate::{Datatype, Error, NamedTensor, Tensor, Values};

/// Columns of each input.
type Widths = SmallVec<[usize; 32]>;

/// How wide each of several inputs is, when all of them have a row of the request in each row.
pub(super) fn widths(signature: &Signature) -> Option<Widths> {
    let several = signature.inputs.len() > 1;
    several.then(|| signature.inputs.iter().map(TensorSpec::width).collect())?
}

/// The matrix as tensors in the order of the inputs, which have these widths.
pub(super) fn split(
    signature: &Signature,
    widths: &Widths,
    matrix: NamedTensor<'_>,
) -> Result<Vec<Tensor>, Error> {
    let NamedTensor { name, tensor } = matrix;
    let (specs, got) = (&signature.inputs, tensor.datatype());
    let total = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(width));
    let refused = |problem| Err(Error::input(&name, problem));
    let is_text = |datatype| datatype == Datatype::Bytes;
    let other = specs.iter().find(|spec| is_text(spec.datatype) != is_text(got));
    if let (Some(TensorSpec { name, datatype, .. }), [_, _]) = (other, tensor.shape()) {
        let (input, expected) = (name.clone(), *datatype);
        return refused(InputProblem::Kind { input, expected, got });
    }
    let rows = match *tensor.shape() {
        [0, _] => return refused(InputProblem::NoRows),
        [rows, columns] if Some(columns) == total => rows,
        ref shape => {
            let known = specs.iter().map(|spec| spec.name.clone()).collect();
            let columns = total.unwrap_or(usize::MAX);
            return refused(InputProblem::Matrix { columns, got: shape.to_vec(), known });
        }
    };
    let values = tensor.into_values();
    let parts = if specs.iter().all(|spec| spec.datatype == got) {
        dealt(values, widths, rows)
    } else {
        converted(&values, (&name, rows), specs, widths)?
    };
    let parts = specs.iter().zip(widths).zip(parts);
    parts.map(|((spec, &width), values)| Tensor::new(spec.extents(rows, width), values)).collect()
}

/// Each input's part of a matrix of the type that all of them have; values are moved.
fn dealt(matrix: Values, widths: &Widths, rows: usize) -> Vec<Values> {
    macro_rules! deal {
        ($($variant:ident)*) => {
            match matrix {
                $(Values::$variant(values) => {
                    parts(values, widths, rows).into_iter().map(Values::$variant).collect()
                })*
            }
        };
    }
    for_each_type!(deal)
}

fn parts<T>(values: Vec<T>, widths: &Widths, rows: usize) -> Vec<Vec<T>> {
    // No more than the matrix holds: its rows times the sum of the widths.
    let mut parts: Vec<Vec<T>> =
        widths.iter().map(|&width| Vec::with_capacity(rows * width)).collect();
    let mut values = values.into_iter();
    for _ in 0..rows {
        for (part, &width) in parts.iter_mut().zip(widths) {
            part.extend(values.by_ref().take(width));
        }
    }
    parts
}

/// Each input's part of a matrix of numbers, in the input's own type.
fn converted(
    matrix: &Values,
    (name, rows): (&str, usize),
    specs: &[TensorSpec],
    widths: &Widths,
) -> Result<Vec<Values>, Error> {
    let columns = matrix.len() / rows;
    let mut parts = Vec::with_capacity(specs.len());
    let mut from = 0;
    for (spec, &width) in specs.iter().zip(widths) {
        let indices = (0..rows).flat_map(|row| (0..width).map(move |i| row * columns + from + i));
        let numbers = indices.map(|index| Number::read(matrix, index));
        let part = number::values(numbers, rows * width, spec.datatype).map_err(|unheld| {
            let problem = InputProblem::Value {
                datatype: spec.datatype,
                value: unheld.number.to_string(),
                row: unheld.index / width,
                column: from + unheld.index % width,
                matrix: name.chars().take(200).collect(),
            };
            Error::input(&spec.name, problem)
        })?;
        parts.push(part);
        from += width;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
