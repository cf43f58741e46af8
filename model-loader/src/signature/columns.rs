//! Columns to a matrix and a matrix to columns, where a request has the other form than the model.
//!
//! Called by `Signature::place`. What fits neither form is left as it is, for `place` to refuse.

use std::borrow::Cow;

use smallvec::smallvec;

use super::{Signature, TensorSpec};
use crate::error::InputProblem;
use crate::{Error, NamedTensor, Tensor, Values};

/// A request's tensors in the form that the model takes.
pub(super) fn arrange<'a>(
    signature: &'a Signature,
    named: Vec<NamedTensor<'a>>,
) -> Result<Vec<NamedTensor<'a>>, Error> {
    let known =
        |tensor: &NamedTensor<'_>| signature.inputs.iter().any(|spec| spec.name == tensor.name);
    if named.is_empty() || named.iter().any(known) {
        return Ok(named);
    }
    match (&signature.inputs[..], &named[..]) {
        ([matrix], _) if !matrix.feature_names.is_empty() => joined(matrix, named),
        ([_, _, ..], [_]) => Ok(split(signature, named)),
        _ => Ok(named),
    }
}

/// A vector where the model wants a column of as many rows.
pub(super) fn upright(tensor: Tensor, spec: &TensorSpec) -> Result<Tensor, Error> {
    match (tensor.shape(), &spec.shape[..]) {
        (&[rows], [None, Some(1)]) => Tensor::new(smallvec![rows, 1], tensor.into_values()),
        _ => Ok(tensor),
    }
}

/// One matrix as the columns of a model that takes each by itself.
fn split<'a>(signature: &'a Signature, mut named: Vec<NamedTensor<'a>>) -> Vec<NamedTensor<'a>> {
    let specs = &signature.inputs;
    let fits = |tensor: &Tensor| {
        let single =
            |spec: &TensorSpec| spec.shape == [None, Some(1)] && spec.datatype == tensor.datatype();
        matches!(*tensor.shape(), [_, columns] if columns == specs.len())
            && specs.iter().all(single)
    };
    let Some(NamedTensor { tensor, .. }) = named.pop_if(|matrix| fits(&matrix.tensor)) else {
        return named;
    };
    let rows = tensor.shape()[0];
    let columns = transposed(tensor.values(), specs.len());
    let column = |(spec, values): (&'a TensorSpec, Values)| {
        let tensor = Tensor::new(smallvec![rows, 1], values).ok()?;
        Some(NamedTensor { name: Cow::Borrowed(spec.name.as_str()), tensor })
    };
    specs.iter().zip(columns).filter_map(column).collect()
}

/// Columns by their feature names as the one matrix that the model takes.
fn joined<'a>(
    spec: &'a TensorSpec,
    named: Vec<NamedTensor<'a>>,
) -> Result<Vec<NamedTensor<'a>>, Error> {
    let features = &spec.feature_names;
    let mut seats: Vec<Option<&Tensor>> = vec![None; features.len()];
    for NamedTensor { name, tensor } in &named {
        let Some(seat) = features.iter().position(|feature| feature == name) else {
            let mut names = vec![spec.name.clone()];
            names.extend_from_slice(features);
            return Err(Error::input(name, InputProblem::Unknown(names)));
        };
        if seats[seat].replace(tensor).is_some() {
            return Err(Error::input(name, InputProblem::Duplicate));
        }
    }
    let mut columns = Vec::with_capacity(seats.len());
    let mut first: Option<(&str, usize)> = None;
    for (feature, seat) in features.iter().zip(seats) {
        let tensor = seat.ok_or_else(|| Error::input(feature, InputProblem::Missing))?;
        let rows = match *tensor.shape() {
            [rows] | [rows, 1] => rows,
            ref got => {
                let (expected, got) = (vec![None, Some(1)], got.to_vec());
                return Err(Error::input(feature, InputProblem::Shape { expected, got }));
            }
        };
        let (name, expected) = *first.get_or_insert((feature, rows));
        if rows != expected {
            let first = name.to_owned();
            return Err(Error::input(feature, InputProblem::Rows { expected, got: rows, first }));
        }
        if tensor.datatype() != spec.datatype {
            let (expected, got) = (spec.datatype, tensor.datatype());
            return Err(Error::input(feature, InputProblem::Datatype { expected, got }));
        }
        columns.push(tensor.values());
    }
    let rows = first.map_or(0, |(_, rows)| rows);
    let tensor = Tensor::new(smallvec![rows, columns.len()], interleaved(&columns, rows))?;
    Ok(vec![NamedTensor { name: Cow::Borrowed(spec.name.as_str()), tensor }])
}

/// One arm for each type of values.
macro_rules! for_each_type {
    ($arms:ident) => {
        $arms!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes)
    };
}

/// The columns of a row-major matrix.
fn transposed(matrix: &Values, columns: usize) -> Vec<Values> {
    let column = |index: usize| {
        macro_rules! pick {
            ($($variant:ident)*) => {
                match matrix {
                    $(Values::$variant(values) => {
                        let column = values.iter().skip(index).step_by(columns);
                        Values::$variant(column.cloned().collect())
                    })*
                }
            };
        }
        for_each_type!(pick)
    };
    (0..columns).map(column).collect()
}

/// Columns of one type and length as a row-major matrix.
fn interleaved(columns: &[&Values], rows: usize) -> Values {
    macro_rules! join {
        ($($variant:ident)*) => {
            match columns.first() {
                None => Values::Fp32(Vec::new()),
                $(Some(Values::$variant(_)) => {
                    let mut same = Vec::with_capacity(columns.len());
                    for values in columns {
                        // They were checked to be of one type.
                        if let Values::$variant(values) = values {
                            same.push(values.as_slice());
                        }
                    }
                    Values::$variant(row_major(&same, rows))
                })*
            }
        };
    }
    for_each_type!(join)
}

fn row_major<T: Clone>(columns: &[&[T]], rows: usize) -> Vec<T> {
    (0..rows).flat_map(|row| columns.iter().map(move |column| column[row].clone())).collect()
}

#[cfg(test)]
mod tests;
