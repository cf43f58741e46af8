//! Triton's classification extension: an output's largest scores, as texts.
//!
//! Each row gives `score:index[:label]` for its `k` largest scores, largest first, equal ones in
//! the order of their places. NaN counts as smaller than every number.

use std::cmp::Ordering;

use model_loader::{Shape, Tensor, TensorSpec, Values};

use crate::error::Error;

#[cfg(test)]
mod tests;

/// The `k` largest scores of each row of an output.
///
/// # Errors
/// [`Error::Request`], naming the output, when it has no rows or no numbers.
pub fn largest(spec: &TensorSpec, tensor: &Tensor, k: usize) -> Result<Tensor, Error> {
    let rows = tensor.shape().first().copied().filter(|_| spec.per_row).unwrap_or(1);
    let width = tensor.values().len().checked_div(rows).unwrap_or(0);
    let labels = (spec.class_labels.len() == width).then_some(&spec.class_labels);
    let k = k.min(width);
    let mut texts = Vec::with_capacity(rows * k);
    for row in 0..rows {
        let mut places: Vec<usize> = (0..width).collect();
        let score = |place: &usize| score(tensor.values(), row * width + place);
        if width > 0 && score(&0).is_none() {
            let why = format!("output \"{}\" has no numbers to rank", spec.name);
            return Err(Error::Request(why));
        }
        places.sort_by(|one, other| descending(score(one), score(other)));
        for place in &places[..k] {
            let mut text = shown(tensor.values(), row * width + place);
            text.push_str(&format!(":{place}"));
            if let Some(labels) = labels {
                text.push_str(&format!(":{}", labels[*place]));
            }
            texts.push(text);
        }
    }
    Ok(Tensor::new(Shape::from_slice(&[rows, k]), Values::Bytes(texts))?)
}

fn descending(one: Option<f64>, other: Option<f64>) -> Ordering {
    let number = |score: Option<f64>| score.filter(|score| !score.is_nan());
    number(other).partial_cmp(&number(one)).unwrap_or(Ordering::Equal)
}

/// A score as a number; 64-bit integers beyond 2^53 are ranked by their nearest double.
fn score(values: &Values, at: usize) -> Option<f64> {
    match values {
        Values::Bool(v) => Some(f64::from(u8::from(v[at]))),
        Values::Uint8(v) => Some(v[at].into()),
        Values::Uint16(v) => Some(v[at].into()),
        Values::Uint32(v) => Some(v[at].into()),
        Values::Uint64(v) => Some(v[at] as f64),
        Values::Int8(v) => Some(v[at].into()),
        Values::Int16(v) => Some(v[at].into()),
        Values::Int32(v) => Some(v[at].into()),
        Values::Int64(v) => Some(v[at] as f64),
        Values::Fp32(v) => Some(v[at].into()),
        Values::Fp64(v) => Some(v[at]),
        Values::Bytes(_) => None,
    }
}

/// A score as Triton writes it: C's `%f` for floating-point numbers.
fn shown(values: &Values, at: usize) -> String {
    match values {
        Values::Fp32(v) => format!("{:.6}", v[at]),
        Values::Fp64(v) => format!("{:.6}", v[at]),
        Values::Uint64(v) => v[at].to_string(),
        Values::Int64(v) => v[at].to_string(),
        other => score(other, at).map(|score| score.to_string()).unwrap_or_default(),
    }
}
