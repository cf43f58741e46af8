//! Two classes of which only the first has weights: what boosters and binary forests are.
//!
//! Called by `classify` with the sums of a block of rows. One pass, so that the compiler makes
//! vector instructions of it; sums too close to the cut are left to the caller.

use crate::transform::logistic_pair;
use crate::{Ensemble, Transform};

/// What becomes of the single sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margin {
    base: f32,
    /// Scores above it are the second class.
    cut: f32,
    shown: Shown,
}

/// The two scores that are shown for one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    /// `1 - s` and `s`.
    Probability,
    /// `-s` and `s`.
    Margin,
    /// The logistic function of those.
    Logistic,
}

// === impl Margin ===

impl Margin {
    /// For an ensemble of two classes; none when another rule holds.
    pub(super) fn of(
        ensemble: &Ensemble,
        transform: Transform,
        base_values: &[f64],
        probability: bool,
    ) -> Option<Margin> {
        let first_only = ensemble.fast()?.seen() == [true, false];
        let base = match base_values {
            [] => 0.0,
            [base] => *base as f32,
            _ => return None,
        };
        let shown = match transform {
            Transform::Logistic => Shown::Logistic,
            Transform::Probit => return None,
            _ if probability => Shown::Probability,
            _ => Shown::Margin,
        };
        let cut = if probability { 0.5 } else { 0.0 };
        first_only.then_some(Margin { base, cut, shown })
    }

    fn score(&self, sum: f64) -> f32 {
        sum as f32 + self.base
    }

    /// How far a score is from the cut.
    #[inline(always)]
    fn lead(&self, score: f32) -> f32 {
        (score - self.cut).abs()
    }

    /// Whether a row's two sums leave its class open.
    pub(super) fn is_close(&self, sums: &[f64], slack: f64) -> bool {
        f64::from(self.lead(self.score(sums[0]))) <= slack
    }

    /// Writes the scores for one sum; its class, unless that is left open.
    #[inline]
    pub(super) fn finish_one(&self, sum: f64, slack: f64, scores: &mut [f32]) -> Option<usize> {
        let score = self.score(sum);
        scores.copy_from_slice(&self.shown.of(score));
        (f64::from(self.lead(score)) > slack).then_some(usize::from(score > self.cut))
    }

    /// Writes labels and scores for sums of two columns; false when a row is close.
    #[allow(unsafe_code)] // The choice of an instruction set.
    pub(super) fn finish(
        &self,
        sums: &[f64],
        slack: f64,
        labels: &mut [usize],
        scores: &mut [f32],
    ) -> bool {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { self.finish_avx2(sums, slack, labels, scores) };
        }
        self.finish_many(sums, slack, labels, scores)
    }

    /// The same code as for any processor, in longer vectors.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn finish_avx2(
        &self,
        sums: &[f64],
        slack: f64,
        labels: &mut [usize],
        scores: &mut [f32],
    ) -> bool {
        self.finish_many(sums, slack, labels, scores)
    }

    #[inline(always)]
    fn finish_many(
        &self,
        sums: &[f64],
        slack: f64,
        labels: &mut [usize],
        scores: &mut [f32],
    ) -> bool {
        let mut nearest = f32::INFINITY;
        for (sums, label) in sums.as_chunks::<2>().0.iter().zip(labels) {
            let score = self.score(sums[0]);
            *label = usize::from(score > self.cut);
            nearest = nearest.min(self.lead(score));
        }
        let rows = sums.as_chunks::<2>().0.iter().zip(scores.as_chunks_mut::<2>().0);
        // A loop for each kind, so that none chooses in its middle.
        match self.shown {
            Shown::Probability => self.show(rows, |score| Shown::Probability.of(score)),
            Shown::Margin => self.show(rows, |score| Shown::Margin.of(score)),
            Shown::Logistic => self.show(rows, |score| Shown::Logistic.of(score)),
        }
        f64::from(nearest) > slack
    }

    #[inline(always)]
    fn show<'a>(
        &self,
        rows: impl Iterator<Item = (&'a [f64; 2], &'a mut [f32; 2])>,
        of: impl Fn(f32) -> [f32; 2],
    ) {
        rows.for_each(|(sums, scores)| *scores = of(self.score(sums[0])));
    }
}

// === impl Shown ===

impl Shown {
    #[inline(always)]
    fn of(self, score: f32) -> [f32; 2] {
        match self {
            Shown::Probability => [1.0 - score, score],
            Shown::Margin => [-score, score],
            Shown::Logistic => logistic_pair(score),
        }
    }
}
