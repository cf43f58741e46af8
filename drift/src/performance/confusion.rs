//! The confusion matrix of two classes, and the rates that are made of it.
//!
//! Used by `binary` with counts, and by `cbpe` with expected counts.

/// Rows by what the model said and what the label is. Counts, or expected counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Confusion {
    /// Said positive, is positive.
    pub true_positive: f64,
    /// Said positive, is negative.
    pub false_positive: f64,
    /// Said negative, is positive.
    pub false_negative: f64,
    /// Said negative, is negative.
    pub true_negative: f64,
}

/// Shares of a [`Confusion`], each from 0 to 1; `None` where nothing is there to share.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Rows that the model was right about. `None` without a row.
    pub accuracy: Option<f64>,
    /// Positive ones among those said positive. `None` where none was said so.
    pub precision: Option<f64>,
    /// Those said positive among the positive ones. `None` where there is none.
    pub recall: Option<f64>,
    /// Those said negative among the negative ones. `None` where there is none.
    pub specificity: Option<f64>,
    /// 2 TP / (2 TP + FP + FN). `None` where nothing is positive and nothing was said so.
    pub f1: Option<f64>,
}

// === impl Confusion ===

impl Confusion {
    /// All rows.
    pub fn rows(&self) -> f64 {
        self.true_positive + self.false_positive + self.false_negative + self.true_negative
    }

    /// The rates.
    pub fn rates(&self) -> Rates {
        let Self { true_positive, false_positive, false_negative, true_negative } = *self;
        let wrong = false_positive + false_negative;
        Rates {
            accuracy: share(true_positive + true_negative, wrong),
            precision: share(true_positive, false_positive),
            recall: share(true_positive, false_negative),
            specificity: share(true_negative, false_positive),
            f1: share(true_positive, 0.5 * wrong),
        }
    }
}

/// `part / (part + rest)`.
pub(super) fn share(part: f64, rest: f64) -> Option<f64> {
    let all = part + rest;
    (all > 0.0).then(|| part / all)
}
