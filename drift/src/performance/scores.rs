//! How often each score was seen, by label: what the area under the ROC curve is made of.
//!
//! The area is exact only with every distinct score at hand, so that is what is kept, up to
//! [`MAX_SCORES`]; past it the area is not known, and the memory is given back. Which parts the
//! rows came in makes no difference.

use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Distinct scores that a tally keeps, about 40 bytes each. Past it there is no ROC AUC.
pub const MAX_SCORES: usize = 1 << 20;

/// Rows at one score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    pub(super) negative: u64,
    pub(super) positive: u64,
}

/// Distinct scores and their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scores {
    /// By the bits of the score, which for floats from 0 up are in the order of the floats.
    /// `None` once there were too many.
    by_score: Option<BTreeMap<u64, At>>,
    max: usize,
}

// === impl At ===

impl At {
    pub(super) fn rows(self) -> u64 {
        self.negative + self.positive
    }
}

// === impl Scores ===

impl Default for Scores {
    fn default() -> Self {
        Self::with_max(MAX_SCORES)
    }
}

impl Scores {
    /// For scores whose number is bounded elsewhere.
    pub(super) fn unbounded() -> Self {
        Self::with_max(usize::MAX)
    }

    fn with_max(max: usize) -> Self {
        Self { by_score: Some(BTreeMap::new()), max }
    }

    /// Adds rows of a score, which must be from 0 to 1.
    pub(super) fn add(&mut self, score: f64, rows: At) {
        let Some(by_score) = &mut self.by_score else { return };
        // Adding 0 makes the 0 of a negative zero.
        let at = by_score.entry((score + 0.0).to_bits()).or_default();
        at.negative += rows.negative;
        at.positive += rows.positive;
        if by_score.len() > self.max {
            self.by_score = None;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let Some(others) = &other.by_score else {
            self.by_score = None;
            return;
        };
        for (bits, at) in others {
            self.add(f64::from_bits(*bits), *at);
        }
    }

    /// Score and rows, ascending; `None` when there were too many.
    pub(super) fn ascending(&self) -> Option<impl Iterator<Item = (f64, At)> + Clone> {
        let by_score = self.by_score.as_ref()?;
        Some(by_score.iter().map(|(bits, at)| (f64::from_bits(*bits), *at)))
    }

    /// Area under the ROC curve; `None` without a label of each class, or with too many scores.
    pub(super) fn roc_auc(&self) -> Option<f64> {
        roc_auc(self.ascending()?.map(|(_, at)| (at.negative as f64, at.positive as f64)))
    }
}

/// Area under the ROC curve of (negative, positive) masses by ascending score: the share of pairs
/// of one of each in which the positive one scores higher, equal scores for half (Mann and Whitney
/// 1947). It is the trapezoid rule with one corner a distinct score, as in scikit-learn.
/// `None` without a mass of each.
pub(super) fn roc_auc(ascending: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut below, mut positives, mut pairs) = (0.0, 0.0, 0.0);
    for (negative, positive) in ascending {
        pairs += positive * (below + 0.5 * negative);
        below += negative;
        positives += positive;
    }
    (below > 0.0 && positives > 0.0).then(|| pairs / (below * positives))
}
