//! How well a model of two classes does, estimated from its scores before any label is there.
//!
//! Confidence-based performance estimation as NannyML 0.13.1 does it: scores are made calibrated
//! probabilities on reference rows with labels ([`Cbpe`], fitted in `cbpe/fit`), then each live row
//! counts as positive by its probability and as negative by the rest ([`CbpeTally`]). This holds as
//! long as only the mix of the rows changes. When the same row would get another label than before
//! (concept drift), it cannot see it: for that, labels are needed.

use std::sync::Arc;

use crate::Error;
use crate::performance::confusion::Confusion;
use crate::performance::isotonic::Isotonic;
use crate::performance::scores::{At, Scores, roc_auc};
use crate::performance::sum::Sum;

mod fit;

#[cfg(test)]
mod tests;

/// Half of a band, in standard deviations of the sampling error.
const DEVIATIONS: f64 = 3.0;

/// What is known from the reference rows; plain data, to be stored with a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Cbpe {
    /// Scores from here up are said positive.
    pub threshold: f64,
    /// Makes a score a probability; `None` when scores are good as they are.
    pub calibration: Option<Isotonic>,
    /// How the metrics scatter.
    pub spreads: Spreads,
}

/// How the metrics scatter, by metric; `None` where the reference does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spreads {
    /// Of the accuracy.
    pub accuracy: Option<Spread>,
    /// Of the precision.
    pub precision: Option<Spread>,
    /// Of the recall.
    pub recall: Option<Spread>,
    /// Of the specificity.
    pub specificity: Option<Spread>,
    /// Of F1.
    pub f1: Option<Spread>,
    /// Of the area under the ROC curve.
    pub roc_auc: Option<Spread>,
}

/// How one metric scatters: over n rows its sampling error is `deviation / sqrt(n * share)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Standard deviation of what a row adds to the metric, over the reference rows that do.
    pub deviation: f64,
    /// The share of reference rows that do, above 0.
    pub share: f64,
}

/// Live rows of one deployment and window, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct CbpeTally {
    cbpe: Arc<Cbpe>,
    negative: Said,
    positive: Said,
    unusable: u64,
    /// All rows counted as negative.
    scores: Scores,
}

/// Rows that were said to be of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    rows: u64,
    /// Their probabilities of being positive.
    positive: Sum,
}

/// What the rows of a [`CbpeTally`] let expect. `None` as in [`Rates`](super::Rates).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimates {
    /// Rows that the estimates are of.
    pub rows: u64,
    /// Rows left out: the score is no number from 0 to 1.
    pub unusable: u64,
    /// Expected counts.
    pub confusion: Confusion,
    /// Share of right rows.
    pub accuracy: Option<Estimate>,
    /// Positive ones among those said so.
    pub precision: Option<Estimate>,
    /// Those said positive among the positive ones.
    pub recall: Option<Estimate>,
    /// Those said negative among the negative ones.
    pub specificity: Option<Estimate>,
    /// 2 TP / (2 TP + FP + FN).
    pub f1: Option<Estimate>,
    /// Area under the ROC curve; `None` too with more than
    /// [`MAX_SCORES`](super::MAX_SCORES) distinct scores.
    pub roc_auc: Option<Estimate>,
}

/// An estimated metric, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lowest and highest value within 3 standard deviations of the sampling error, cut to 0 and
    /// 1: what the metric of that many rows may be by chance although the estimate is right.
    /// `None` where the reference does not tell.
    pub band: Option<(f64, f64)>,
}

// === impl Cbpe ===

impl Cbpe {
    /// The probability that a row of this score is positive.
    pub fn probability(&self, score: f64) -> f64 {
        self.calibration.as_ref().map_or(score, |calibration| calibration.calibrate(score))
    }
}

// === impl CbpeTally ===

impl CbpeTally {
    /// Without a row.
    pub fn new(cbpe: &Arc<Cbpe>) -> Self {
        Self {
            cbpe: Arc::clone(cbpe),
            negative: Said::default(),
            positive: Said::default(),
            unusable: 0,
            scores: Scores::default(),
        }
    }

    /// Adds a row by its score of the positive class. A score that is no number from 0 to 1 is
    /// counted as unusable.
    pub fn add(&mut self, score: f64) {
        // NaN is in no range.
        if !(0.0..=1.0).contains(&score) {
            self.unusable += 1;
            return;
        }
        let positive = score >= self.cbpe.threshold;
        let said = if positive { &mut self.positive } else { &mut self.negative };
        said.rows += 1;
        said.positive.add(self.cbpe.probability(score));
        self.scores.add(score, At { negative: 1, positive: 0 });
    }

    /// Adds the rows of another part.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when it counts by another reference.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.cbpe, &other.cbpe) && self.cbpe != other.cbpe {
            return Err(Error::Mismatch);
        }
        self.negative.merge(other.negative);
        self.positive.merge(other.positive);
        self.unusable += other.unusable;
        self.scores.merge(&other.scores);
        Ok(())
    }

    /// What the rows let expect.
    pub fn estimates(&self) -> Estimates {
        let rows = self.negative.rows + self.positive.rows;
        let (false_negative, true_negative) = self.negative.split();
        let (true_positive, false_positive) = self.positive.split();
        let confusion = Confusion { true_positive, false_positive, false_negative, true_negative };
        let rates = confusion.rates();
        let spreads = &self.cbpe.spreads;
        let estimate = |value: Option<f64>, spread: Option<Spread>| {
            value.map(|value| Estimate { value, band: spread.map(|s| s.band(value, rows)) })
        };
        Estimates {
            rows,
            unusable: self.unusable,
            confusion,
            accuracy: estimate(rates.accuracy, spreads.accuracy),
            precision: estimate(rates.precision, spreads.precision),
            recall: estimate(rates.recall, spreads.recall),
            specificity: estimate(rates.specificity, spreads.specificity),
            f1: estimate(rates.f1, spreads.f1),
            roc_auc: estimate(self.roc_auc(), spreads.roc_auc),
        }
    }

    /// The order is that of the scores; what is positive is up to the probabilities.
    fn roc_auc(&self) -> Option<f64> {
        roc_auc(self.scores.ascending()?.map(|(score, at)| {
            let (rows, probability) = (at.rows() as f64, self.cbpe.probability(score));
            (rows * (1.0 - probability), rows * probability)
        }))
    }
}

// === impl Said ===

impl Said {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.positive.merge(other.positive);
    }

    /// Expected positive and negative ones.
    fn split(self) -> (f64, f64) {
        let positive = self.positive.value();
        (positive, self.rows as f64 - positive)
    }
}

// === impl Spread ===

impl Spread {
    /// Standard deviation of the metric over so many rows; infinite over none.
    pub fn sampling_error(&self, rows: u64) -> f64 {
        self.deviation / (rows as f64 * self.share).sqrt()
    }

    fn band(&self, value: f64, rows: u64) -> (f64, f64) {
        let half = DEVIATIONS * self.sampling_error(rows);
        ((value - half).max(0.0), (value + half).min(1.0))
    }
}
