//! Whether scores are probabilities: by bins of the score, how many rows of it are positive.
//!
//! Used by `binary`. Bins are of equal width, as those of reliability diagrams.

use super::sum::Sum;

#[cfg(test)]
mod tests;

/// Bins of equal width from 0 to 1. A score on an edge is in the bin below it, 0 in the first: as
/// in scikit-learn's `calibration_curve`.
pub const BINS: usize = 10;

/// Rows of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// How many.
    pub rows: u64,
    /// Their mean score; `None` without a row.
    pub mean_score: Option<f64>,
    /// The share of positive labels among them; `None` without a row.
    pub observed_rate: Option<f64>,
}

/// The bins, lowest score first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration {
    /// The bins.
    pub bins: [CalibrationBin; BINS],
    /// Mean over all rows of `|mean score - observed rate|` of their bin, from 0 to 1 (Naeini,
    /// Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
    /// AAAI 2015). `None` without a row.
    pub expected_error: Option<f64>,
}

/// What [`Calibration`] is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CalibrationTally([BinTally; BINS]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct BinTally {
    rows: u64,
    positive: u64,
    scores: Sum,
}

// === impl CalibrationTally ===

impl CalibrationTally {
    /// Adds a row; its score must be from 0 to 1.
    pub(super) fn add(&mut self, score: f64, positive: bool) {
        let bin = &mut self.0[bin_of(score)];
        bin.rows += 1;
        bin.positive += u64::from(positive);
        bin.scores.add(score);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bin, other) in self.0.iter_mut().zip(&other.0) {
            bin.rows += other.rows;
            bin.positive += other.positive;
            bin.scores.merge(other.scores);
        }
    }

    pub(super) fn result(&self) -> Calibration {
        let rows: u64 = self.0.iter().map(|bin| bin.rows).sum();
        let apart: f64 =
            self.0.iter().map(|bin| (bin.scores.value() - bin.positive as f64).abs()).sum();
        Calibration {
            bins: self.0.map(BinTally::result),
            expected_error: (rows > 0).then(|| apart / rows as f64),
        }
    }
}

// === impl BinTally ===

impl BinTally {
    fn result(self) -> CalibrationBin {
        CalibrationBin {
            rows: self.rows,
            mean_score: self.scores.mean(self.rows),
            observed_rate: (self.rows > 0).then(|| self.positive as f64 / self.rows as f64),
        }
    }
}

/// The first bin whose upper edge is not below the score, edges as `np.linspace` rounds them.
fn bin_of(score: f64) -> usize {
    (1..BINS).take_while(|i| *i as f64 * 0.1 < score).count()
}
