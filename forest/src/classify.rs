//! ONNX Runtime's TreeEnsembleClassifier: which class a row is in, and a score per class.
//!
//! Called by model-loader's operator of that name. The rules are those of ONNX Runtime,
//! `onnxruntime/core/providers/cpu/ml/tree_ensemble_aggregator.h`; they are not in the ONNX
//! specification, and models rely on them.

use std::collections::HashSet;

use crate::kernel::Fast;
use crate::plain::Total;
use crate::transform::{logistic_pair, probit};
use crate::{Aggregate, Ensemble, Error, Kernels, Spec, Transform, compile};
use margin::Margin;

mod margin;

/// An ensemble that decides between two or more classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    ensemble: Ensemble,
    transform: Transform,
    base_values: Vec<f64>,
    /// Two classes whose weights all go to the same one: a single score decides.
    one_column: bool,
    /// No weight is negative: the single score is a probability, else a margin.
    all_positive: bool,
    /// The usual case of two classes, which needs no look at each total.
    margin: Option<Margin>,
    /// Scores that are nearer to each other than this are decided by the plain walk.
    slack: f64,
}

/// A class, and by how much its score is ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Decision {
    class: usize,
    lead: f64,
}

// === impl Classifier ===

impl Classifier {
    /// Validates a spec whose targets are classes. Base values: none, one per class, or a single
    /// one for two classes. Scores are summed, whatever the spec's aggregate says. The fastest of
    /// `kernels` that takes the trees evaluates them.
    pub fn compile(
        spec: &Spec,
        transform: Transform,
        kernels: Kernels,
    ) -> Result<Classifier, Error> {
        let (classes, count) = (spec.targets, spec.base_values.len());
        if classes < 2 {
            return Err(Error::TooFewTargets { targets: classes, min: 2 });
        }
        if count != 0 && count != classes && !(count == 1 && classes == 2) {
            return Err(Error::BaseValues { count, targets: classes });
        }
        let mut plain = compile::compile(spec)?;
        plain.aggregate = Aggregate::Sum;
        let ensemble = Ensemble::of(plain, transform.kernels(kernels));
        let weighted: HashSet<i64> = spec.weights.iter().map(|weight| weight.target).collect();
        let base_values: Vec<f64> =
            spec.base_values.iter().map(|base| spec.precision.round(*base)).collect();
        let one_column = classes == 2 && weighted.len() == 1;
        let all_positive = spec.weights.iter().all(|weight| weight.weight >= 0.0);
        let largest = base_values.iter().fold(0.0_f64, |max, base| max.max(base.abs()));
        // Adding a base value rounds once more.
        let slack = ensemble.fast().map_or(0.0, Fast::slack) + largest * f64::from(f32::EPSILON);
        let margin = Margin::of(&ensemble, transform, &base_values, one_column && all_positive);
        Ok(Classifier { ensemble, transform, base_values, one_column, all_positive, margin, slack })
    }

    /// The trees.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// The number of classes, at least 2.
    pub fn classes(&self) -> usize {
        self.ensemble.targets()
    }

    /// Classifies `rows` (row-major, `stride` columns each): the index of each row's class into
    /// `labels`, and its scores into `scores` (row-major, one column per class).
    ///
    /// # Panics
    /// When `stride` is below the ensemble's features, or when the lengths are not those of the
    /// same number of rows.
    pub fn classify(&self, rows: &[f32], stride: usize, labels: &mut [usize], scores: &mut [f32]) {
        let classes = self.classes();
        assert_eq!(scores.len(), labels.len() * classes, "a score per row and class");
        self.ensemble.check(rows, stride, labels.len());
        let Some(fast) = self.ensemble.fast() else {
            self.ensemble.for_each_row(rows, stride, labels.len(), |index, totals| {
                let scores = &mut scores[index * classes..][..classes];
                labels[index] = self.decide(totals, scores).class;
            });
            return;
        };
        let row = |index: usize| &rows[index * stride..][..stride];
        if let Some(margin) = &self.margin {
            if let [label] = labels {
                // One row is what most requests are: blocks would cost a tenth of it.
                let mut sums = [0.0; 2];
                fast.sums(rows, stride, &mut sums);
                *label = margin
                    .finish_one(sums[0], self.slack, scores)
                    .unwrap_or_else(|| self.decide_plainly(rows, scores));
                return;
            }
            self.ensemble.for_each_block(fast, rows, stride, |first, sums| {
                let labels = &mut labels[first..][..sums.len() / 2];
                let scores = &mut scores[2 * first..][..sums.len()];
                if margin.finish(sums, self.slack, labels, scores) {
                    return;
                }
                for (at, sums) in sums.chunks_exact(2).enumerate() {
                    if margin.is_close(sums, self.slack) {
                        let scores = &mut scores[2 * at..][..2];
                        labels[at] = self.decide_plainly(row(first + at), scores);
                    }
                }
            });
            return;
        }
        self.ensemble.for_each_row(rows, stride, labels.len(), |index, totals| {
            let scores = &mut scores[index * classes..][..classes];
            let decision = self.decide(totals, scores);
            labels[index] = match decision.lead <= 2.0 * self.slack {
                true => self.decide_plainly(row(index), scores),
                false => decision.class,
            };
        });
    }

    /// A row's class when sums are rounded tree by tree, as ONNX Runtime rounds them.
    #[cold]
    fn decide_plainly(&self, row: &[f32], scores: &mut [f32]) -> usize {
        let mut totals = vec![Total::default(); self.classes()];
        self.ensemble.plain().walk(row, &mut totals);
        self.decide(&mut totals, scores).class
    }

    fn decide(&self, totals: &mut [Total], scores: &mut [f32]) -> Decision {
        match totals {
            [first, second] => self.finish_two(*first, *second, scores),
            totals => self.finish_many(totals, scores),
        }
    }

    /// Three classes or more: the greatest score wins, the first of equals; a class without any
    /// weight does not take part.
    fn finish_many(&self, totals: &mut [Total], scores: &mut [f32]) -> Decision {
        for (total, base) in totals.iter_mut().zip(&self.base_values) {
            total.score = self.round(total.score + base);
            total.seen = true;
        }
        let mut best: Option<(usize, f64)> = None;
        let mut second = f64::NEG_INFINITY;
        for (class, total) in totals.iter().enumerate() {
            scores[class] = total.score as f32;
            if !total.seen {
                continue;
            }
            match best {
                Some((_, score)) if total.score <= score => second = second.max(total.score),
                // The first, or one that is greater or NaN is compared with.
                _ if best.is_none_or(|(_, score)| total.score > score) => {
                    second = best.map_or(second, |(_, score)| second.max(score));
                    best = Some((class, total.score));
                }
                _ => {}
            }
        }
        self.transform.apply(scores);
        let (class, score) = best.unwrap_or((0, f64::INFINITY));
        Decision { class, lead: score - second }
    }

    /// Two classes, in one column of weights or in two.
    fn finish_two(&self, mut first: Total, mut second: Total, scores: &mut [f32]) -> Decision {
        let mut two_columns = second.seen;
        match self.base_values[..] {
            [_, base] if second.seen => {
                second.score = self.round(base + first.score);
                first.score = -second.score;
            }
            [base_0, base_1] => {
                second.score = self.round(second.score + base_1);
                first.score = self.round(first.score + base_0);
                two_columns = true;
            }
            [base] => first.score = self.round(first.score + base),
            _ => {}
        }
        let margin = match (first.seen, second.seen) {
            (_, true) => second.score,
            (true, false) => first.score,
            (false, false) => 0.0,
        };
        let probability = self.one_column && self.all_positive;
        let cut = if probability { 0.5 } else { 0.0 };
        let decision = Decision { class: usize::from(margin > cut), lead: (margin - cut).abs() };
        if two_columns {
            scores.copy_from_slice(&[shown(first), shown(second)]);
            self.transform.apply(scores);
            return decision;
        }
        let score = shown(first);
        let pair = match self.transform {
            // ONNX Runtime writes no second column here.
            Transform::Probit => [probit(score), 0.0],
            Transform::Logistic => logistic_pair(score),
            _ if probability => [1.0 - score, score],
            _ => [-score, score],
        };
        scores.copy_from_slice(&pair);
        decision
    }

    fn round(&self, score: f64) -> f64 {
        self.ensemble.precision().round(score)
    }
}

/// A class that no leaf had a weight for shows 0, whatever its base value.
fn shown(total: Total) -> f32 {
    if total.seen { total.score as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests;
