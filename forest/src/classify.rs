//! ONNX Runtime's TreeEnsembleClassifier: which class a row is in, and a score per class.
//!
//! Called by model-loader's operator of that name. The rules are those of ONNX Runtime,
//! `onnxruntime/core/providers/cpu/ml/tree_ensemble_aggregator.h`; they are not in the ONNX
//! specification, and models rely on them.

use std::collections::HashSet;

use crate::ensemble::Total;
use crate::transform::{logistic, probit};
use crate::{Aggregate, Ensemble, Error, Spec, Transform, compile};

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
}

// === impl Classifier ===

impl Classifier {
    /// Validates a spec whose targets are classes. Base values: none, one per class, or a single
    /// one for two classes. Scores are summed, whatever the spec's aggregate says.
    pub fn compile(spec: &Spec, transform: Transform) -> Result<Classifier, Error> {
        let (classes, count) = (spec.targets, spec.base_values.len());
        if classes < 2 {
            return Err(Error::TooFewTargets { targets: classes, min: 2 });
        }
        if count != 0 && count != classes && !(count == 1 && classes == 2) {
            return Err(Error::BaseValues { count, targets: classes });
        }
        let mut ensemble = compile::compile(spec)?;
        ensemble.aggregate = Aggregate::Sum;
        let weighted: HashSet<i64> = spec.weights.iter().map(|weight| weight.target).collect();
        let round = |base: &f64| spec.precision.round(*base);
        Ok(Classifier {
            ensemble,
            transform,
            base_values: spec.base_values.iter().map(round).collect(),
            one_column: classes == 2 && weighted.len() == 1,
            all_positive: spec.weights.iter().all(|weight| weight.weight >= 0.0),
        })
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
        self.ensemble.for_each_row(rows, stride, labels.len(), |index, totals| {
            let scores = &mut scores[index * classes..][..classes];
            labels[index] = match totals {
                [first, second] => self.finish_two(*first, *second, scores),
                totals => self.finish_many(totals, scores),
            };
        });
    }

    /// Three classes or more: the greatest score wins, the first of equals; a class without any
    /// weight does not take part.
    fn finish_many(&self, totals: &mut [Total], scores: &mut [f32]) -> usize {
        for (total, base) in totals.iter_mut().zip(&self.base_values) {
            total.score = self.round(total.score + base);
            total.seen = true;
        }
        let mut best: Option<(usize, f64)> = None;
        for (class, total) in totals.iter().enumerate() {
            if total.seen && best.is_none_or(|(_, score)| total.score > score) {
                best = Some((class, total.score));
            }
            scores[class] = total.score as f32;
        }
        self.transform.apply(scores);
        best.map_or(0, |(class, _)| class)
    }

    /// Two classes, in one column of weights or in two.
    fn finish_two(&self, mut first: Total, mut second: Total, scores: &mut [f32]) -> usize {
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
        let label = usize::from(margin > if probability { 0.5 } else { 0.0 });
        if two_columns {
            scores.copy_from_slice(&[shown(first), shown(second)]);
            self.transform.apply(scores);
            return label;
        }
        let score = shown(first);
        let pair = match self.transform {
            // ONNX Runtime writes no second column here.
            Transform::Probit => [probit(score), 0.0],
            Transform::Logistic => [logistic(-score), logistic(score)],
            _ if probability => [1.0 - score, score],
            _ => [-score, score],
        };
        scores.copy_from_slice(&pair);
        label
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
