//! Several requests as one run of a model, and its answer taken apart again.
//!
//! Called by the server for deployments that batch. Only models all of whose tensors have a row for
//! each row of the request can be batched: `Signature::batchable` says which tensor stands in the
//! way. Values are copied, since each request keeps its own for its row.

use smallvec::SmallVec;

use crate::signature::{Inputs, Signature, TensorSpec, for_each_type};
use crate::{Error, Shape, Tensor, Values};

#[cfg(test)]
mod tests;

// === impl Signature ===

impl Signature {
    /// Whether rows of different requests can be run as one request.
    ///
    /// # Errors
    /// A sentence that names the tensor whose first extent is not the request's rows.
    pub fn batchable(&self) -> Result<(), String> {
        let fixed = |spec: &&TensorSpec| !spec.per_row || spec.shape.first() != Some(&None);
        let said = |what: &str, spec: &TensorSpec| {
            let name = &spec.name;
            Err(format!(
                "requests cannot be batched: {what} \"{name}\" does not have a row for each row of \
                 a request"
            ))
        };
        if let Some(spec) = self.inputs().iter().find(fixed) {
            return said("input", spec);
        }
        self.outputs().iter().find(fixed).map_or(Ok(()), |spec| said("output", spec))
    }
}

// === impl Inputs ===

impl Inputs {
    /// Whether the rows of both make tensors: all extents but the first are the same.
    pub fn stacks_with(&self, other: &Inputs) -> bool {
        let pairs = self.tensors().iter().zip(other.tensors());
        self.tensors().len() == other.tensors().len()
            && pairs.into_iter().all(|(one, other)| {
                one.datatype() == other.datatype()
                    && one.shape().split_first().map(|(_, rest)| rest)
                        == other.shape().split_first().map(|(_, rest)| rest)
            })
    }

    /// The rows of all requests, in their order, as one's. They are to stack with the first.
    ///
    /// # Errors
    /// [`Error::Shape`] when they do not stack, or there is none.
    pub fn stacked(requests: &[&Inputs]) -> Result<Inputs, Error> {
        let Some((first, rest)) = requests.split_first() else {
            return Err(Error::Shape { shape: Vec::new(), values: 0 });
        };
        let rows = requests.iter().map(|inputs| inputs.rows()).sum();
        let mut tensors = Vec::with_capacity(first.tensors().len());
        for (input, tensor) in first.tensors().iter().enumerate() {
            let mut shape = Shape::from_slice(tensor.shape());
            if let Some(extent) = shape.first_mut() {
                *extent = rows;
            }
            let mut values = tensor.values().clone();
            for tensor in rest.iter().filter_map(|inputs| inputs.tensors().get(input)) {
                values.extend_from(tensor.values());
            }
            tensors.push(Tensor::new(shape, values)?);
        }
        Ok(Inputs::of_rows(tensors, rows))
    }
}

/// The answer to stacked requests of so many rows each -> the answer to each of them.
///
/// # Errors
/// [`Error::Run`] for an output that has not as many rows as the requests have together.
pub fn unstacked(outputs: Vec<Tensor>, rows: &[usize]) -> Result<Vec<Vec<Tensor>>, Error> {
    let total: usize = rows.iter().sum();
    let mut answers: Vec<Vec<Tensor>> = Vec::new();
    answers.resize_with(rows.len(), || Vec::with_capacity(outputs.len()));
    for output in outputs {
        let Some((&extent, rest)) = output.shape().split_first().filter(|(e, _)| **e == total)
        else {
            let got = output.shape();
            return Err(Error::Run { what: format!("{got:?} for a batch of {total} rows") });
        };
        let rest: Shape = SmallVec::from_slice(rest);
        let width = output.values().len() / extent.max(1);
        let parts = output.into_values().split(rows.iter().map(|rows| rows * width));
        for ((answer, &rows), values) in answers.iter_mut().zip(rows).zip(parts) {
            let shape = std::iter::once(rows).chain(rest.iter().copied()).collect();
            answer.push(Tensor::new(shape, values)?);
        }
    }
    Ok(answers)
}

// === impl Values ===

impl Values {
    /// Appends `other`'s values; nothing when they are of another type.
    fn extend_from(&mut self, other: &Values) {
        macro_rules! extend {
            ($($variant:ident)*) => {
                match (self, other) {
                    $((Values::$variant(values), Values::$variant(more)) => {
                        values.extend_from_slice(more);
                    })*
                    _ => {}
                }
            };
        }
        for_each_type!(extend);
    }

    /// The values in parts of these lengths, in order; they are moved.
    fn split(self, lengths: impl Iterator<Item = usize>) -> Vec<Values> {
        macro_rules! split {
            ($($variant:ident)*) => {
                match self {
                    $(Values::$variant(values) => {
                        let mut values = values.into_iter();
                        let part = |length| values.by_ref().take(length).collect();
                        lengths.map(part).map(Values::$variant).collect()
                    })*
                }
            };
        }
        for_each_type!(split)
    }
}
