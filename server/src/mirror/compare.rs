//! Two deployments' answers to the same rows: which labels differ, and how far scores lie apart.
//!
//! Outputs are compared by name, or by place where the models name them differently. Whole numbers,
//! texts and booleans are labels: equal or not. Floating-point numbers are scores.

use model_loader::{Tensor, TensorSpec, Values};

#[cfg(test)]
mod tests;

/// A model's outputs: what they are, and their values.
pub(super) type Side<'a> = (&'a [TensorSpec], &'a [Tensor]);

/// How two answers differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Differences {
    /// Rows compared.
    pub(super) rows: u64,
    /// Rows of which a label differs, or which only one of the two could label.
    pub(super) disagreeing: u64,
    /// Of each row, the largest distance of two scores; infinite where only one is a number.
    pub(super) scores: Vec<f64>,
}

// === impl Differences ===

impl Differences {
    /// Compares the answers to `rows` rows.
    pub(super) fn between(live: Side<'_>, other: Side<'_>, rows: usize) -> Self {
        let mut disagrees = vec![false; rows];
        let mut scores: Vec<f64> = Vec::new();
        for (place, (spec, tensor)) in live.0.iter().zip(live.1).enumerate() {
            let Some(counterpart) = counterpart(spec, place, other) else { continue };
            let per_row = spec.per_row && tensor.shape().first() == Some(&rows);
            if !per_row {
                continue;
            }
            if tensor.shape() != counterpart.shape() {
                disagrees.fill(true);
                continue;
            }
            let width = tensor.values().len().checked_div(rows).unwrap_or(0);
            let (a, b) = (tensor.values(), counterpart.values());
            for (row, disagrees) in disagrees.iter_mut().enumerate() {
                let cells = row * width..(row + 1) * width;
                match distance(a, b, cells) {
                    Some(distance) => {
                        scores.resize(rows, 0.0);
                        scores[row] = scores[row].max(distance);
                    }
                    None => *disagrees |= !same(a, b, row * width..(row + 1) * width),
                }
            }
        }
        let disagreeing = disagrees.iter().filter(|disagrees| **disagrees).count() as u64;
        Self { rows: rows as u64, disagreeing, scores }
    }
}

/// The output of the other model that says the same.
fn counterpart<'a>(spec: &TensorSpec, place: usize, other: Side<'a>) -> Option<&'a Tensor> {
    let by_name = other.0.iter().position(|output| output.name == spec.name);
    other.1.get(by_name.unwrap_or(place))
}

/// The largest distance of two scores; `None` when they are no scores.
fn distance(a: &Values, b: &Values, cells: std::ops::Range<usize>) -> Option<f64> {
    let apart = |a: f64, b: f64| match (a.is_finite(), b.is_finite()) {
        (true, true) => (a - b).abs(),
        // Both infinite, or both no number: equal as far as anybody can tell.
        (false, false) => 0.0,
        _ => f64::INFINITY,
    };
    macro_rules! largest {
        ($a:ident, $b:ident) => {
            cells.map(|cell| apart($a[cell].into(), $b[cell].into())).fold(0.0, f64::max)
        };
    }
    Some(match (a, b) {
        (Values::Fp32(a), Values::Fp32(b)) => largest!(a, b),
        (Values::Fp64(a), Values::Fp64(b)) => largest!(a, b),
        (Values::Fp32(a), Values::Fp64(b)) => largest!(a, b),
        (Values::Fp64(a), Values::Fp32(b)) => largest!(a, b),
        _ => return None,
    })
}

fn same(a: &Values, b: &Values, cells: std::ops::Range<usize>) -> bool {
    macro_rules! labels {
        ($($kind:ident)*) => {
            match (a, b) {
                $((Values::$kind(a), Values::$kind(b)) => a[cells.clone()] == b[cells],)*
                _ => false,
            }
        };
    }
    labels!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Bytes)
}
