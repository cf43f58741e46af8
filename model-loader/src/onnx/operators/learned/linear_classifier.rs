//! LinearClassifier: a label and a score per class from `x * coefficients + intercepts`.
//!
//! ai.onnx.ml version 1, by ONNX Runtime's rules: one row of coefficients for two classes gives a
//! second column, and one without labels has the classes 0 and 1. Refuses lists of lengths that do
//! not fit each other or the input.

use anyhow::{Result, ensure};
use forest::Transform;
use smallvec::smallvec;

use super::affine::Affine;
use super::labels::{first_greatest, pick};
use super::rows::Rows;
use crate::onnx::attributes::ClassLabels;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};
use crate::onnx::operators::simd::curves;

#[derive(Debug)]
struct LinearClassifier {
    affine: Affine,
    labels: ClassLabels,
    /// Columns of scores.
    columns: usize,
    transform: Transform,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let affine =
        Affine::new(attributes.floats("coefficients")?, attributes.floats("intercepts")?.to_vec())?;
    let scored = affine.targets();
    let unnamed = attributes.strings("classlabels_strings")?.is_empty()
        && attributes.ints("classlabels_ints")?.is_empty();
    let (labels, columns) = if unnamed && scored == 1 {
        (ClassLabels::Int64s(vec![0, 1]), 1)
    } else {
        let labels = attributes.class_labels()?;
        let columns = labels.len();
        (labels, columns)
    };
    let classes = labels.len();
    ensure!(
        classes >= 2 && (scored == classes || (scored == 1 && classes == 2)),
        "{scored} intercepts for {classes} classes"
    );
    Ok(Box::new(LinearClassifier { affine, labels, columns, transform }))
}

impl Op for LinearClassifier {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let rows = Rows::of_columns(inputs.get(0)?, self.affine.columns())?;
        let shape = [rows.count, self.columns];
        context.elements(&shape)?;
        let raw = self.affine.scores(&rows);
        let (classes, scores) = match self.affine.targets() {
            1 => self.binary(&raw),
            targets => {
                let classes = raw.chunks_exact(targets).map(first_greatest).collect();
                (classes, self.transformed(raw, targets))
            }
        };
        Ok(smallvec![pick(&self.labels, classes)?, tensor(&shape, scores)?])
    }
}

// === impl LinearClassifier ===

impl LinearClassifier {
    /// The classes and scores of rows with one raw score each.
    fn binary(&self, raw: &[f32]) -> (Vec<usize>, Vec<f32>) {
        let classes = raw.iter().map(|score| usize::from(*score > 0.0)).collect();
        let mut scores = Vec::with_capacity(raw.len() * self.columns);
        let probit = |score: f32| {
            let mut only = [score];
            Transform::Probit.apply(&mut only);
            only[0]
        };
        match (self.columns, self.transform) {
            (1, Transform::Probit) => scores.extend(raw.iter().map(|score| probit(*score))),
            (1, _) => scores.extend_from_slice(raw),
            // ONNX Runtime transforms the first column only, and leaves the second as it was.
            (_, Transform::Probit) => {
                scores.extend(raw.iter().flat_map(|score| [probit(*score), 0.0]));
            }
            (_, Transform::Logistic) => {
                scores.extend(raw.iter().flat_map(|score| [-score, *score]));
                curves::sigmoid(&mut scores);
            }
            _ => scores.extend(raw.iter().flat_map(|score| [1.0 - score, *score])),
        }
        (classes, scores)
    }

    /// Rows of several scores; exponentials of all rows at once.
    fn transformed(&self, mut scores: Vec<f32>, columns: usize) -> Vec<f32> {
        match self.transform {
            Transform::None => {}
            Transform::Logistic => curves::sigmoid(&mut scores),
            Transform::Softmax => softmax(&mut scores, columns),
            Transform::SoftmaxZero | Transform::Probit => {
                scores.chunks_exact_mut(columns).for_each(|row| self.transform.apply(row));
            }
        }
        scores
    }
}

/// `exp(s_i) / sum(exp(s))` of each row.
fn softmax(scores: &mut [f32], columns: usize) {
    for row in scores.chunks_exact_mut(columns) {
        let greatest =
            row.iter().fold(f32::MIN, |max, &score| if score > max { score } else { max });
        row.iter_mut().for_each(|score| *score -= greatest);
    }
    curves::exp(scores);
    for row in scores.chunks_exact_mut(columns) {
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|score| *score /= sum);
    }
}

#[cfg(test)]
mod tests;
