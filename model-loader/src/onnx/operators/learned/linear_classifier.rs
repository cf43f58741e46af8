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
        let mut scores = vec![0.0; context.elements(&shape)?];
        let mut classes = vec![0; rows.count];
        let each = classes.iter_mut().zip(scores.chunks_exact_mut(self.columns));
        for (row, (class, out)) in each.enumerate() {
            self.affine.apply(&rows, row, out);
            *class = self.finish(out);
        }
        Ok(smallvec![pick(&self.labels, classes)?, tensor(&shape, scores)?])
    }
}

// === impl LinearClassifier ===

impl LinearClassifier {
    /// The class of one row, whose raw scores are at the front of `scores`.
    fn finish(&self, scores: &mut [f32]) -> usize {
        if self.affine.targets() > 1 {
            let best = first_greatest(scores);
            self.transform.apply(scores);
            return best;
        }
        let score = scores[0];
        match (scores, self.transform) {
            ([only], Transform::Probit) => Transform::Probit.apply(std::slice::from_mut(only)),
            // ONNX Runtime transforms the first column only, and leaves the second as it was.
            ([first, second], Transform::Probit) => {
                Transform::Probit.apply(std::slice::from_mut(first));
                *second = 0.0;
            }
            (pair @ [_, _], Transform::Logistic) => {
                pair.copy_from_slice(&[-score, score]);
                Transform::Logistic.apply(pair);
            }
            (pair @ [_, _], _) => pair.copy_from_slice(&[1.0 - score, score]),
            _ => {}
        }
        usize::from(score > 0.0)
    }
}

#[cfg(test)]
mod tests;
