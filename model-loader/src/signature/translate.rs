//! The inputs of one model as those of another that takes the same columns in its own way.
//!
//! Called by `Signature::translate`, for copies of requests. An input takes the other model's input
//! of its name, as a whole where their columns are not known to differ; else its columns are sought
//! by their names wherever they stand. Values become the same values of its own type. Refuses what
//! has no counterpart, and a value that the type does not hold.

use super::names::Seat;
use super::number::{self, Number};
use super::{Inputs, Signature, TensorSpec, columns};
use crate::error::{InputProblem, WrongNames};
use crate::{Datatype, Error, Tensor, Values};

/// Where an input's values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// That input of the other model, whole.
    Whole(usize),
    /// A column of an input each, in order.
    Columns(Vec<(usize, usize)>),
}

/// The sources of all inputs of `to`.
///
/// # Errors
/// [`Error::Input`] with every name that `from` has not.
pub(super) fn sources(to: &Signature, from: &Signature) -> Result<Vec<Source>, Error> {
    let mut missing = Vec::new();
    let found: Vec<Source> =
        to.inputs.iter().filter_map(|spec| source(spec, to, from, &mut missing)).collect();
    let Some(first) = missing.first().cloned() else { return Ok(found) };
    let known = from.inputs.iter().map(|spec| spec.name.clone()).collect();
    let names = WrongNames { missing, known, ..WrongNames::default() };
    Err(Error::input(&first, InputProblem::Names(Box::new(names))))
}

fn source(
    spec: &TensorSpec,
    to: &Signature,
    from: &Signature,
    missing: &mut Vec<String>,
) -> Option<Source> {
    let alike = |other: &TensorSpec| {
        let (own, theirs) = (spec.features(), other.features());
        own == theirs || own.is_empty() || theirs.is_empty()
    };
    let same_name = |other: &TensorSpec| other.name == spec.name && alike(other);
    if let Some(whole) = from.inputs.iter().position(same_name) {
        return Some(Source::Whole(whole));
    }
    let own_name = std::slice::from_ref(&spec.name);
    let names = match spec.features() {
        [] if spec.width() == Some(1) => own_name,
        features => features,
    };
    let column = |name: &String| match from.names.seat(name)? {
        Seat::Column(input, column) => Some((input, column)),
        Seat::Input(input) => (from.inputs[input].width() == Some(1)).then_some((input, 0)),
    };
    let found: Option<Vec<_>> = names.iter().map(column).collect();
    match (found, &to.inputs[..], &from.inputs[..]) {
        (Some(columns), ..) if !columns.is_empty() => Some(Source::Columns(columns)),
        // There is nothing else that it could be.
        (_, [_], [other]) if alike(other) => Some(Source::Whole(0)),
        _ => {
            missing.extend(names.iter().filter(|name| column(name).is_none()).cloned());
            // Where all that it has is a name of its own, that is what is not there.
            missing.extend(own_name.iter().filter(|_| names.is_empty()).cloned());
            None
        }
    }
}

/// The inputs of `from` as `sources` say, in the order of `to`.
///
/// # Errors
/// [`Error::Input`].
pub(super) fn tensors(
    to: &Signature,
    from: &Signature,
    sources: &[Source],
    inputs: &Inputs,
) -> Result<Vec<Tensor>, Error> {
    let of = |(spec, source): (&TensorSpec, &Source)| match source {
        Source::Whole(input) => {
            let tensor = &inputs.tensors()[*input];
            let values = cast(tensor.values(), spec)?;
            columns::upright(Tensor::new(tensor.shape().into(), values)?, spec)
        }
        Source::Columns(places) => gather(spec, from, places, inputs),
    };
    to.inputs.iter().zip(sources).map(of).collect()
}

/// The values as an input's type.
fn cast(values: &Values, spec: &TensorSpec) -> Result<Values, Error> {
    if values.datatype() == spec.datatype {
        return Ok(values.clone());
    }
    let count = values.len();
    convert((0..count).map(|index| (values, index)), count, 1, spec)
}

fn gather(
    spec: &TensorSpec,
    from: &Signature,
    places: &[(usize, usize)],
    inputs: &Inputs,
) -> Result<Tensor, Error> {
    let (rows, width) = (inputs.rows(), places.len());
    // A graph of fixed extents may have an input of other rows.
    let extent = |input: usize| inputs.tensors()[input].shape()[0];
    if let Some(&(input, _)) = places.iter().find(|&&(input, _)| extent(input) != rows) {
        let (name, first) = (&from.inputs[input].name, from.inputs[0].name.clone());
        let problem = InputProblem::Rows { expected: rows, got: extent(input), first };
        return Err(Error::input(name, problem));
    }
    let cells = (0..rows).flat_map(|row| {
        places.iter().map(move |&(input, column)| {
            let stride = from.inputs[input].width().unwrap_or(1);
            (inputs.tensors()[input].values(), row * stride + column)
        })
    });
    let values = convert(cells, rows * width, width, spec)?;
    Tensor::new(spec.extents(rows, width), values)
}

/// Cells, each a place among some values, as an input's type; `width` of them are a row.
fn convert<'v>(
    cells: impl Iterator<Item = (&'v Values, usize)> + Clone,
    count: usize,
    width: usize,
    spec: &TensorSpec,
) -> Result<Values, Error> {
    let is_text = |datatype| datatype == Datatype::Bytes;
    let expected = spec.datatype;
    let other = cells.clone().find(|(values, _)| is_text(values.datatype()) != is_text(expected));
    if let Some((values, _)) = other {
        let got = values.datatype();
        return Err(Error::input(&spec.name, InputProblem::Datatype { expected, got }));
    }
    if is_text(expected) {
        let text = |(values, index): (&Values, usize)| match values {
            Values::Bytes(texts) => texts[index].clone(),
            _ => String::new(),
        };
        return Ok(Values::Bytes(cells.map(text).collect()));
    }
    let numbers = cells.map(|(values, index)| Number::read(values, index));
    number::values(numbers, count, expected).map_err(|unheld| {
        let problem = InputProblem::Value {
            datatype: expected,
            value: unheld.number.to_string(),
            row: unheld.index / width,
            column: unheld.index % width,
            matrix: spec.name.clone(),
        };
        Error::input(&spec.name, problem)
    })
}

#[cfg(test)]
mod tests;
