//! Tensors by name to the inputs of a model: whole inputs, or columns by their feature names.
//!
//! Called by `Signature::place`. Refuses names that are unknown, missing or there twice, all of
//! them in one error, and columns of another shape, datatype or number of rows.

use smallvec::{SmallVec, smallvec};

use super::names::Seat;
use super::{Signature, TensorSpec, for_each_type};
use crate::error::{InputProblem, WrongNames};
use crate::{Error, NamedTensor, Tensor, Values};

/// The seats of a request's tensors; none for those that nothing has the name of.
pub(super) type Seats = SmallVec<[Option<Seat>; 8]>;

/// What has come for one input.
enum Given<'a> {
    Nothing,
    Whole(Tensor),
    Columns(Vec<Option<NamedTensor<'a>>>),
}

/// Where each tensor goes.
pub(super) fn seats(signature: &Signature, named: &[NamedTensor<'_>]) -> Seats {
    let seat = |(nth, tensor): (usize, &NamedTensor<'_>)| {
        // Clients mostly send inputs in the order of the signature: that is where to look first.
        let here = signature.inputs.get(nth).is_some_and(|spec| spec.name == tensor.name);
        if here { Some(Seat::Input(nth)) } else { signature.names.seat(&tensor.name) }
    };
    named.iter().enumerate().map(seat).collect()
}

/// The tensors in the order of the inputs.
pub(super) fn gather(
    signature: &Signature,
    named: Vec<NamedTensor<'_>>,
    seats: &Seats,
) -> Result<Vec<Tensor>, Error> {
    let specs = &signature.inputs;
    let mut wrong = WrongNames::default();
    let mut given: Vec<Given<'_>> = Vec::new();
    given.resize_with(specs.len(), || Given::Nothing);
    for (tensor, &seat) in named.into_iter().zip(seats) {
        match seat {
            Some(Seat::Input(input)) => match &mut given[input] {
                free @ Given::Nothing => *free = Given::Whole(tensor.tensor),
                _ => wrong.repeated.push(tensor.name.into_owned()),
            },
            Some(Seat::Column(input, column)) => {
                let given = &mut given[input];
                if matches!(given, Given::Nothing) {
                    *given = Given::Columns(vec![None; specs[input].features().len()]);
                }
                match given {
                    Given::Columns(columns) if columns[column].is_none() => {
                        columns[column] = Some(tensor);
                    }
                    _ => wrong.repeated.push(tensor.name.into_owned()),
                }
            }
            None => wrong.unknown.push(tensor.name.into_owned()),
        }
    }
    let by_features = seats.iter().any(|seat| matches!(seat, Some(Seat::Column(..))));
    let missing =
        given.iter().zip(specs).flat_map(|(given, spec)| absent(given, spec, by_features));
    wrong.missing.extend(missing.map(str::to_owned));
    check(wrong, signature)?;
    let tensors = given.into_iter().zip(specs).filter_map(|(given, spec)| match given {
        Given::Nothing => None,
        Given::Whole(tensor) => Some(upright(tensor, spec)),
        Given::Columns(columns) => Some(joined(spec, columns.into_iter().flatten().collect())),
    });
    tensors.collect()
}

/// The names that an input still lacks: its own, or those of its columns in a request by columns.
fn absent<'s>(given: &Given<'_>, spec: &'s TensorSpec, by_features: bool) -> Vec<&'s str> {
    match given {
        Given::Whole(_) => Vec::new(),
        Given::Nothing if by_features && !spec.features().is_empty() => {
            spec.features().iter().map(String::as_str).collect()
        }
        Given::Nothing => vec![&spec.name],
        Given::Columns(columns) => {
            let columns = columns.iter().zip(spec.features());
            columns.filter(|(column, _)| column.is_none()).map(|(_, name)| name.as_str()).collect()
        }
    }
}

/// A vector where the model wants a column of as many rows, or a column where it wants a vector.
pub(super) fn upright(tensor: Tensor, spec: &TensorSpec) -> Result<Tensor, Error> {
    match (tensor.shape(), &spec.shape[..]) {
        (&[rows], [None, Some(1)]) => Tensor::new(smallvec![rows, 1], tensor.into_values()),
        (&[rows, 1], [None]) if spec.per_row => Tensor::new(smallvec![rows], tensor.into_values()),
        _ => Ok(tensor),
    }
}

/// All columns of an input, in its own order, as the matrix that it takes.
fn joined(spec: &TensorSpec, columns: Vec<NamedTensor<'_>>) -> Result<Tensor, Error> {
    let mut first: Option<(&str, usize)> = None;
    for NamedTensor { name, tensor } in &columns {
        let rows = match *tensor.shape() {
            [rows] | [rows, 1] => rows,
            ref got => {
                let (expected, got) = (vec![None, Some(1)], got.to_vec());
                return Err(Error::input(name, InputProblem::Shape { expected, got }));
            }
        };
        let (earlier, expected) = *first.get_or_insert((name, rows));
        if rows != expected {
            let first = earlier.to_owned();
            return Err(Error::input(name, InputProblem::Rows { expected, got: rows, first }));
        }
        if tensor.datatype() != spec.datatype {
            let (expected, got) = (spec.datatype, tensor.datatype());
            return Err(Error::input(name, InputProblem::Datatype { expected, got }));
        }
    }
    let (rows, width) = (first.map_or(0, |(_, rows)| rows), columns.len());
    Tensor::new(spec.extents(rows, width), interleaved(columns, rows, spec))
}

/// Columns of the input's type and of one length as a row-major matrix; values are moved.
fn interleaved(columns: Vec<NamedTensor<'_>>, rows: usize, spec: &TensorSpec) -> Values {
    let columns = columns.into_iter().map(|column| column.tensor.into_values());
    macro_rules! join {
        ($($variant:ident)*) => {
            match Values::zeros(spec.datatype, 0) {
                $(Values::$variant(_) => {
                    // They were checked to be of that type.
                    let same = columns.filter_map(|values| match values {
                        Values::$variant(values) => Some(values),
                        _ => None,
                    });
                    Values::$variant(row_major(same.collect(), rows))
                })*
            }
        };
    }
    for_each_type!(join)
}

fn row_major<T>(columns: Vec<Vec<T>>, rows: usize) -> Vec<T> {
    // As many values as the columns have: no request can make this larger than itself.
    let mut values = Vec::with_capacity(columns.iter().map(Vec::len).sum());
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    for _ in 0..rows {
        values.extend(columns.iter_mut().filter_map(Iterator::next));
    }
    values
}

/// Fails with all names that are wrong.
fn check(wrong: WrongNames, signature: &Signature) -> Result<(), Error> {
    let WrongNames { unknown, missing, repeated, .. } = &wrong;
    let Some(first) = [unknown, missing, repeated].into_iter().flatten().next().cloned() else {
        return Ok(());
    };
    let mut known = Vec::new();
    for spec in &signature.inputs {
        known.push(spec.name.clone());
        known.extend_from_slice(spec.features());
    }
    Err(Error::input(&first, InputProblem::Names(Box::new(WrongNames { known, ..wrong }))))
}

#[cfg(test)]
mod tests;
