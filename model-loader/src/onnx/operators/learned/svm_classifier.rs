//! SVMClassifier: a label and scores per row from a support vector machine.
//!
//! ai.onnx.ml version 1, by ONNX Runtime's rules: with support vectors each pair of classes has a
//! decision value, the label is the class with the most votes, and the scores are probabilities
//! (`prob_a` and `prob_b`), decision values of the pairs, or two columns for two classes; without
//! support vectors each class has a score. Refuses lists of lengths that do not fit each other or
//! the input.

use anyhow::{Context as _, Result, ensure};
use forest::Transform;
use smallvec::smallvec;

use super::affine::Affine;
use super::labels::{first_greatest, pick};
use super::rows::Rows;
use super::svm_kernel::Kernel;
use super::svm_pairs::{Pairs, Scratch};
use crate::onnx::attributes::{Attributes, ClassLabels};
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};

/// Most classes, since pairs of them are kept; ONNX Runtime's limit is far higher.
const CLASSES_MAX: usize = 4096;

#[derive(Debug)]
struct SvmClassifier {
    machine: Machine,
    labels: ClassLabels,
    transform: Transform,
}

#[derive(Debug)]
enum Machine {
    /// A row of coefficients for each class.
    Linear {
        affine: Affine,
        /// Two classes: a greatest score from 0.5 on, or over 0, means the second class.
        second_from: fn(f32) -> bool,
    },
    Pairs(Pairs),
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let labels = attributes.class_labels()?;
    let classes = labels.len();
    ensure!(classes <= CLASSES_MAX, "{classes} classes, more than the {CLASSES_MAX} allowed");
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let per_class = attributes.ints("vectors_per_class")?;
    let per_class: Vec<usize> = per_class
        .iter()
        .map(|&count| usize::try_from(count))
        .collect::<Result<_, _>>()
        .context("attribute `vectors_per_class` has a negative value")?;
    let count = per_class.iter().try_fold(0_usize, |sum, &count| sum.checked_add(count));
    let machine = match count.context("attribute `vectors_per_class` is too great")? {
        0 => linear(attributes, classes)?,
        count => {
            let kernel = Kernel::new(attributes, count)?;
            Machine::Pairs(Pairs::new(attributes, kernel, per_class, classes)?)
        }
    };
    Ok(Box::new(SvmClassifier { machine, labels, transform }))
}

fn linear(attributes: Attributes<'_>, classes: usize) -> Result<Machine> {
    let rho = *attributes.floats("rho")?.first().context("attribute `rho` is missing")?;
    let coefficients = attributes.floats("coefficients")?;
    let affine = Affine::new(coefficients, vec![rho; classes])?;
    let probabilities = !attributes.floats("prob_a")?.is_empty();
    let positive = coefficients.iter().all(|&value| value >= 0.0);
    let second_from: fn(f32) -> bool = match (classes, probabilities, positive) {
        (2, false, true) => |greatest| greatest >= 0.5,
        (2, false, false) => |greatest| greatest > 0.0,
        _ => |_| false,
    };
    Ok(Machine::Linear { affine, second_from })
}

impl Op for SvmClassifier {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let rows = Rows::of_columns(inputs.get(0)?, self.machine.columns())?;
        let shape = [rows.count, self.machine.scores()];
        let mut scores = vec![0.0; context.elements(&shape)?];
        let mut classes = vec![0; rows.count];
        let each = classes.iter_mut().zip(scores.chunks_exact_mut(shape[1])).enumerate();
        match &self.machine {
            Machine::Linear { affine, second_from } => {
                let all = affine.scores(&rows);
                for (row, (class, out)) in each {
                    out.copy_from_slice(&all[row * shape[1]..][..shape[1]]);
                    *class = first_greatest(out);
                    if second_from(out[*class]) {
                        *class = 1;
                    }
                    // A single score is left alone but by PROBIT.
                    if out.len() > 1 || self.transform == Transform::Probit {
                        self.transform.apply(out);
                    }
                }
            }
            Machine::Pairs(pairs) => {
                let mut scratch = Scratch::new(pairs);
                for (row, (class, out)) in each {
                    *class = pairs.classify(rows.row(row), &mut scratch, out);
                    self.finish(pairs, out);
                }
            }
        }
        Ok(smallvec![pick(&self.labels, classes)?, tensor(&shape, scores)?])
    }
}

// === impl SvmClassifier ===

impl SvmClassifier {
    /// Transforms the scores of one row; one decision value of two classes becomes two columns.
    fn finish(&self, pairs: &Pairs, scores: &mut [f32]) {
        if pairs.has_probabilities() || pairs.classes() > 2 {
            return self.transform.apply(scores);
        }
        let score = scores[0];
        match self.transform {
            Transform::None => scores.copy_from_slice(&[-score, score]),
            Transform::Logistic => {
                scores.copy_from_slice(&[-score, score]);
                Transform::Logistic.apply(scores);
            }
            // ONNX Runtime transforms the first column only, and leaves the second as it was.
            Transform::Probit => Transform::Probit.apply(&mut scores[..1]),
            _ => scores.copy_from_slice(&[1.0 - score, score]),
        }
    }
}

// === impl Machine ===

impl Machine {
    fn columns(&self) -> usize {
        match self {
            Machine::Linear { affine, .. } => affine.columns(),
            Machine::Pairs(pairs) => pairs.columns(),
        }
    }

    /// Columns of scores.
    fn scores(&self) -> usize {
        match self {
            Machine::Linear { affine, .. } => affine.targets(),
            Machine::Pairs(pairs) => pairs.scores(),
        }
    }
}

#[cfg(test)]
mod tests;
