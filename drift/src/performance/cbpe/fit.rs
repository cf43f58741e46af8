//! What CBPE needs to know of the reference rows: how scores are calibrated, how metrics scatter.
//!
//! The sampling errors are NannyML's (`nannyml/sampling_error/binary_classification.py`), each the
//! standard error of a mean over the rows that the metric is made of. Whether to calibrate is
//! decided as in its `nannyml/calibration.py`, but without chance: instead of ten random splits
//! the rows of each class, by rank of the score, go to ten folds in turn; and rows of one
//! probability count for its mean wherever a bin ends, instead of in the order they came in.

use crate::Error;
use crate::performance::binary::BinaryTally;
use crate::performance::cbpe::{Cbpe, Spread, Spreads};
use crate::performance::confusion::Confusion;
use crate::performance::isotonic::Isotonic;
use crate::performance::scores::{At, MAX_SCORES, Scores, roc_auc};

#[cfg(test)]
mod tests;

const FOLDS: u64 = 10;
/// Bins of as many rows each, over which the calibration error is taken.
const BINS: u64 = 10;
/// Above this area under the ROC curve there is nothing to calibrate.
const SEPARATED: f64 = 0.999;

// === impl Cbpe ===

impl Cbpe {
    /// Learns from rows with labels, which the model was not trained on.
    ///
    /// # Errors
    ///
    /// [`Error::NoRows`] without a usable row; [`Error::TooLarge`] with more than
    /// [`MAX_SCORES`](crate::performance::MAX_SCORES) distinct scores.
    pub fn fit(reference: &BinaryTally) -> Result<Self, Error> {
        let Some(rows) = reference.scores().ascending() else {
            let max = MAX_SCORES as u64;
            return Err(Error::TooLarge { what: "distinct reference scores", got: max + 1, max });
        };
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return Err(Error::NoRows);
        }
        Ok(Self {
            threshold: reference.threshold(),
            calibration: helps(&rows).then(|| Isotonic::fit(rows.iter().copied())).flatten(),
            spreads: spreads(&reference.confusion(), &rows),
        })
    }
}

/// Whether calibration lowers the error on rows that it was not fitted on.
fn helps(rows: &[(f64, At)]) -> bool {
    let auc = roc_auc(rows.iter().map(|(_, at)| (at.negative as f64, at.positive as f64)));
    if auc.is_none_or(|auc| auc > SEPARATED) {
        return false;
    }
    let mut calibrated = Scores::unbounded();
    for fold in 0..FOLDS {
        let parts: Vec<_> = split(rows, fold).collect();
        let Some(curve) = Isotonic::fit(parts.iter().map(|(score, _, rest)| (*score, *rest)))
        else {
            return false;
        };
        for (score, held, _) in &parts {
            if held.rows() > 0 {
                calibrated.add(curve.calibrate(*score), *held);
            }
        }
    }
    let Some(calibrated) = calibrated.ascending() else { return false };
    calibration_error(rows.iter().copied()) > calibration_error(calibrated)
}

/// Each score with its rows inside of a fold and outside.
fn split(rows: &[(f64, At)], fold: u64) -> impl Iterator<Item = (f64, At, At)> {
    let mut seen = At::default();
    // Numbers below `n` that are `fold` modulo FOLDS.
    let below = move |n: u64| (n + FOLDS - 1 - fold) / FOLDS;
    rows.iter().map(move |(score, at)| {
        let before = seen;
        seen.negative += at.negative;
        seen.positive += at.positive;
        let negative = below(seen.negative) - below(before.negative);
        let positive = below(seen.positive) - below(before.positive);
        let held = At { negative, positive };
        let rest = At { negative: at.negative - negative, positive: at.positive - positive };
        (*score, held, rest)
    })
}

/// Mean over all rows of `|mean probability - observed rate|` of their bin, rows by ascending
/// probability and as many in each bin. 0 without a row.
fn calibration_error(ascending: impl Iterator<Item = (f64, At)> + Clone) -> f64 {
    let rows: u64 = ascending.clone().map(|(_, at)| at.rows()).sum();
    let bins = BINS.min(rows / 2).max(1);
    let (mut done, mut bin, mut apart, mut error) = (0, 1, 0.0, 0.0_f64);
    for (probability, at) in ascending {
        let surplus = probability - at.positive as f64 / at.rows() as f64;
        let end = done + at.rows();
        while done < end {
            let edge = end_of_bin(rows, bins, bin);
            let taken = edge.min(end) - done;
            apart += surplus * taken as f64;
            done += taken;
            if done == edge {
                error += apart.abs();
                apart = 0.0;
                bin += 1;
            }
        }
    }
    if rows == 0 { 0.0 } else { error / rows as f64 }
}

/// `rows * bin / bins`, without overflow.
fn end_of_bin(rows: u64, bins: u64, bin: u64) -> u64 {
    rows / bins * bin + rows % bins * bin / bins
}

fn spreads(confusion: &Confusion, rows: &[(f64, At)]) -> Spreads {
    let Confusion { true_positive, false_positive, false_negative, true_negative } = *confusion;
    let all = confusion.rows();
    let rates = confusion.rates();
    // Of a mean of zeros and ones.
    let spread = |rate: Option<f64>, relevant: f64| {
        rate.map(|p| Spread { deviation: (p * (1.0 - p)).sqrt(), share: relevant / all })
    };
    // F1 is the mean over these of 1 for a true positive, times a factor.
    let of_f1 = true_positive + false_positive + false_negative;
    let f1 = spread((of_f1 > 0.0).then(|| true_positive / of_f1), of_f1).map(|spread| {
        let factor = of_f1 / (true_positive + 0.5 * (false_positive + false_negative));
        Spread { deviation: spread.deviation * factor, ..spread }
    });
    Spreads {
        accuracy: spread(rates.accuracy, all),
        precision: spread(rates.precision, true_positive + false_positive),
        recall: spread(rates.recall, true_positive + false_negative),
        specificity: spread(rates.specificity, true_negative + false_positive),
        f1,
        roc_auc: auc_spread(rows),
    }
}

/// The area is the mean over the rows of the rarer class of their rank among those of the other.
/// `None` without a row of each.
fn auc_spread(rows: &[(f64, At)]) -> Option<Spread> {
    let own_other = |swap: bool| {
        rows.iter().map(move |(_, at)| {
            let (own, other) =
                if swap { (at.negative, at.positive) } else { (at.positive, at.negative) };
            (own as f64, other as f64)
        })
    };
    let total = |swap| own_other(swap).map(|(own, _)| own).sum::<f64>();
    let (positive, negative) = (total(false), total(true));
    let swap = positive > negative;
    let (own_rows, other_rows) = if swap { (negative, positive) } else { (positive, negative) };
    let mean = roc_auc(own_other(swap).map(|(own, other)| (other, own)))?;
    let (mut below, mut squares) = (0.0, 0.0);
    for (own, other) in own_other(swap) {
        let rank = (below + 0.5 * other) / other_rows;
        squares += own * (rank - mean) * (rank - mean);
        below += other;
    }
    let deviation = (squares / own_rows).sqrt();
    Some(Spread { deviation, share: own_rows / (positive + negative) })
}
