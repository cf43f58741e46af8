//! Isotonic calibration: a score made a probability by the closest curve that never falls.
//!
//! Used by `cbpe`. The curve of least squared distance to the labels (pool adjacent violators;
//! Barlow et al. 1972), kept as its corners and drawn straight between them and flat outside: as
//! scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.

use crate::Error;
use crate::performance::scores::{At, MAX_SCORES};

#[cfg(test)]
mod tests;

/// Scores closer than this are one, as in scikit-learn (`np.finfo(float64).resolution`).
const RESOLUTION: f64 = 1e-15;

/// The curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Isotonic {
    /// Ascending, at least one.
    scores: Vec<f64>,
    /// As many, none below the one before.
    probabilities: Vec<f64>,
}

/// Neighbours that share one probability.
struct Block {
    first: f64,
    last: f64,
    rows: At,
}

// === impl Isotonic ===

impl Isotonic {
    /// The curve of corners that [`points`](Self::points) gave.
    ///
    /// # Errors
    ///
    /// [`Error::BaselineFile`], in which corners are stored, unless there is at least one and both
    /// have as many, scores rise, probabilities do not fall, and all are from 0 to 1;
    /// [`Error::TooLarge`] for more corners than a fit can have, two a score of
    /// [`MAX_SCORES`](super::MAX_SCORES).
    pub fn from_points(scores: Vec<f64>, probabilities: Vec<f64>) -> Result<Self, Error> {
        let max = 2 * MAX_SCORES;
        if scores.len() > max {
            let (got, max) = (scores.len() as u64, max as u64);
            return Err(Error::TooLarge { what: "corners of a calibration", got, max });
        }
        let within = |values: &[f64]| values.iter().all(|value| (0.0..=1.0).contains(value));
        let wrong = if scores.is_empty() || scores.len() != probabilities.len() {
            "needs a score for each probability, and one at least"
        } else if !within(&scores) || !within(&probabilities) {
            "scores and probabilities are from 0 to 1"
        } else if !scores.is_sorted_by(|a, b| a < b) {
            "scores rise"
        } else if !probabilities.is_sorted() {
            "probabilities do not fall"
        } else {
            return Ok(Self { scores, probabilities });
        };
        Err(Error::BaselineFile(format!("calibration: {wrong}")))
    }

    /// The corners: scores, and the probability at each.
    pub fn points(&self) -> (&[f64], &[f64]) {
        (&self.scores, &self.probabilities)
    }

    /// The probability of a score; NaN for NaN.
    pub fn calibrate(&self, score: f64) -> f64 {
        let last = self.scores.len() - 1;
        let score = score.clamp(self.scores[0], self.scores[last]);
        // The corner above, as np.searchsorted finds it; the first has none below it.
        let above = self.scores.partition_point(|corner| *corner < score).clamp(1, last.max(1));
        let (Some(x1), Some(y1)) = (self.scores.get(above), self.probabilities.get(above)) else {
            return self.probabilities[0];
        };
        let (x0, y0) = (self.scores[above - 1], self.probabilities[above - 1]);
        let slope = (y1 - y0) / (x1 - x0);
        // Rounding must not lift a point over the next corner.
        (slope * (score - x0) + y0).clamp(y0, *y1)
    }

    /// The curve of rows by ascending score; `None` without a row.
    pub(super) fn fit(ascending: impl Iterator<Item = (f64, At)>) -> Option<Self> {
        let blocks = pool(ascending.filter(|(_, at)| at.rows() > 0));
        let (mut scores, mut probabilities) = (Vec::new(), Vec::new());
        for block in &blocks {
            let rate = block.rows.positive as f64 / block.rows.rows() as f64;
            scores.push(block.first);
            probabilities.push(rate);
            if block.last > block.first {
                scores.push(block.last);
                probabilities.push(rate);
            }
        }
        (!blocks.is_empty()).then_some(Self { scores, probabilities })
    }
}

/// Merges each point into the block before it as long as that has no lower rate. Rates are
/// compared as fractions of integers, so that equal ones are one block whatever their sizes.
fn pool(ascending: impl Iterator<Item = (f64, At)>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (first, rows) in one_score(ascending) {
        let mut block = Block { first, last: first, rows };
        while let Some(before) = blocks.pop_if(|before| !below(before.rows, block.rows)) {
            block.first = before.first;
            block.rows = sum(before.rows, block.rows);
        }
        blocks.push(block);
    }
    blocks
}

/// Adds up the rows of scores that are one.
fn one_score(ascending: impl Iterator<Item = (f64, At)>) -> impl Iterator<Item = (f64, At)> {
    let mut ascending = ascending.peekable();
    std::iter::from_fn(move || {
        let (score, mut rows) = ascending.next()?;
        while let Some((_, more)) = ascending.next_if(|(next, _)| next - score < RESOLUTION) {
            rows = sum(rows, more);
        }
        Some((score, rows))
    })
}

/// Whether the first has the lower rate.
fn below(first: At, second: At) -> bool {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    product(first.positive, second.rows()) < product(second.positive, first.rows())
}

fn sum(a: At, b: At) -> At {
    At { negative: a.negative + b.negative, positive: a.positive + b.positive }
}
