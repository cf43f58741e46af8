//! Metrics of a model of two classes: a score from 0 to 1 and a label a row.
//!
//! [`BinaryTally`] takes the rows, and is the same whatever the order and the parts they come in;
//! [`BinaryMetrics`] is what it says. Definitions and undefined cases are scikit-learn's, with
//! `None` for what scikit-learn warns or raises about.

use crate::Error;
use crate::performance::calibration::{Calibration, CalibrationTally};
use crate::performance::confusion::{Confusion, Rates};
use crate::performance::scores::{At, Scores};
use crate::performance::sum::Sum;

#[cfg(test)]
mod tests;

/// Rows of one deployment and window, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryTally {
    threshold: f64,
    /// By [said positive][is positive].
    counts: [[u64; 2]; 2],
    unusable: u64,
    log_loss: Sum,
    squares: Sum,
    calibration: CalibrationTally,
    scores: Scores,
}

/// What the rows of a [`BinaryTally`] say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryMetrics {
    /// Rows that the metrics are of.
    pub rows: u64,
    /// Rows left out: the score is no number from 0 to 1, or the label neither 0 nor 1.
    pub unusable: u64,
    /// Rows by prediction and label; a row is said positive from the threshold up.
    pub confusion: Confusion,
    /// Its rates.
    pub rates: Rates,
    /// Area under the ROC curve, equal scores counted half. `None` without a label of each class,
    /// or with more than [`MAX_SCORES`](super::MAX_SCORES) distinct scores.
    pub roc_auc: Option<f64>,
    /// Mean of `-ln p` in nats, p the probability that the score gives the label, at least
    /// 2^-52. `None` without a row.
    pub log_loss: Option<f64>,
    /// Mean of `(score - label)^2`, from 0 to 1. `None` without a row.
    pub brier: Option<f64>,
    /// Whether scores are probabilities.
    pub calibration: Calibration,
}

// === impl BinaryTally ===

impl BinaryTally {
    /// Without a row. Scores from `threshold` up are said positive.
    ///
    /// # Errors
    ///
    /// [`Error::Threshold`] when it is no number from 0 to 1.
    pub fn new(threshold: f64) -> Result<Self, Error> {
        check_threshold(threshold)?;
        Ok(Self {
            threshold,
            counts: [[0; 2]; 2],
            unusable: 0,
            log_loss: Sum::default(),
            squares: Sum::default(),
            calibration: CalibrationTally::default(),
            scores: Scores::default(),
        })
    }

    /// Adds a row: the score of the positive class and the label, 1 for positive and 0 for
    /// negative. Any other row is counted as unusable.
    pub fn add(&mut self, score: f64, label: f64) {
        let Some((score, positive)) = usable(score, label) else {
            self.unusable += 1;
            return;
        };
        self.counts[usize::from(score >= self.threshold)][usize::from(positive)] += 1;
        // scikit-learn clips the column of each class to [eps, 1 - eps].
        let right = if positive { score } else { 1.0 - score };
        self.log_loss.add(-right.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln());
        self.squares.add((1.0 - right) * (1.0 - right));
        self.calibration.add(score, positive);
        let one = u64::from(positive);
        self.scores.add(score, At { negative: 1 - one, positive: one });
    }

    /// Adds the rows of another part.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when it counts over another threshold.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.threshold != other.threshold {
            return Err(Error::Mismatch);
        }
        for (mine, theirs) in
            self.counts.as_flattened_mut().iter_mut().zip(other.counts.as_flattened())
        {
            *mine += theirs;
        }
        self.unusable += other.unusable;
        self.log_loss.merge(other.log_loss);
        self.squares.merge(other.squares);
        self.calibration.merge(&other.calibration);
        self.scores.merge(&other.scores);
        Ok(())
    }

    /// What the rows say.
    pub fn metrics(&self) -> BinaryMetrics {
        let rows = self.counts.as_flattened().iter().sum();
        let confusion = self.confusion();
        BinaryMetrics {
            rows,
            unusable: self.unusable,
            confusion,
            rates: confusion.rates(),
            roc_auc: self.scores.roc_auc(),
            log_loss: self.log_loss.mean(rows),
            brier: self.squares.mean(rows),
            calibration: self.calibration.result(),
        }
    }

    pub(super) fn confusion(&self) -> Confusion {
        let [[true_negative, false_negative], [false_positive, true_positive]] =
            self.counts.map(|row| row.map(|count| count as f64));
        Confusion { true_positive, false_positive, false_negative, true_negative }
    }

    pub(super) fn scores(&self) -> &Scores {
        &self.scores
    }

    pub(super) fn threshold(&self) -> f64 {
        self.threshold
    }
}

/// The row, its score positive zero or above, if it can be used.
fn usable(score: f64, label: f64) -> Option<(f64, bool)> {
    // NaN is in no range and equals nothing.
    let fits = (0.0..=1.0).contains(&score) && (label == 0.0 || label == 1.0);
    fits.then_some((score + 0.0, label == 1.0))
}

fn check_threshold(threshold: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&threshold) {
        return Ok(());
    }
    Err(Error::Threshold { name: "decision", value: threshold, must: "from 0 to 1" })
}
