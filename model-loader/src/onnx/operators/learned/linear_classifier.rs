//! LinearClassifier: a label and a score per class from `x * coefficients + intercepts`.
//!
//! ai.onnx.ml version 1, by ONNX Runtime's rules: one row of coefficients for two classes gives a
//! second column. Refuses lists of lengths that do not fit each other or the input.

use anyhow::{Result, ensure};
use forest::Transform;
use smallvec::smallvec;

use super::rows::{floats, rows_and_columns};
use crate::onnx::attributes::ClassLabels;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};

#[derive(Debug)]
struct LinearClassifier {
    /// One row for each score.
    coefficients: Vec<f32>,
    columns: usize,
    intercepts: Vec<f32>,
    labels: ClassLabels,
    transform: Transform,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let labels = attributes.class_labels()?;
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let intercepts = attributes.floats("intercepts")?;
    let coefficients = attributes.floats("coefficients")?;
    let (scored, classes) = (intercepts.len(), labels.len());
    ensure!(
        classes >= 2 && (scored == classes || (scored == 1 && classes == 2)),
        "{scored} intercepts for {classes} classes"
    );
    ensure!(
        !coefficients.is_empty() && coefficients.len() % scored == 0,
        "{} coefficients for {scored} intercepts",
        coefficients.len()
    );
    Ok(Box::new(LinearClassifier {
        columns: coefficients.len() / scored,
        coefficients: coefficients.to_vec(),
        intercepts: intercepts.to_vec(),
        labels,
        transform,
    }))
}

impl Op for LinearClassifier {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let input = inputs.get(0)?;
        let (rows, columns) = rows_and_columns(input.shape())?;
        ensure!(columns == self.columns, "{columns} columns, {} wanted", self.columns);
        let values = floats(input)?;
        let classes = self.labels.len();
        let mut scores = vec![0.0; context.elements(&[rows, classes])?];
        let mut picked = Vec::with_capacity(rows);
        let mut raw = vec![0.0; self.intercepts.len()];
        for (row, out) in values.chunks_exact(columns).zip(scores.chunks_exact_mut(classes)) {
            let lines = self.coefficients.chunks_exact(columns).zip(&self.intercepts);
            for ((line, intercept), raw) in lines.zip(&mut raw) {
                let sum: f32 = row.iter().zip(line).map(|(x, weight)| x * weight).sum();
                *raw = sum + intercept;
            }
            picked.push(self.finish(&raw, out));
        }
        Ok(smallvec![self.labels.pick(&picked)?, tensor(&[rows, classes], scores)?])
    }
}

// === impl LinearClassifier ===

impl LinearClassifier {
    /// The class of one row, and its scores into `out`.
    fn finish(&self, raw: &[f32], out: &mut [f32]) -> usize {
        if let [score] = *raw {
            let (transform, mut pair) = match self.transform {
                Transform::Logistic => (Transform::Logistic, [-score, score]),
                _ => (Transform::None, [1.0 - score, score]),
            };
            transform.apply(&mut pair);
            out.copy_from_slice(&pair);
            return usize::from(score > 0.0);
        }
        out.copy_from_slice(raw);
        self.transform.apply(out);
        // The first of equals.
        (1..raw.len()).fold(0, |best, class| if raw[class] > raw[best] { class } else { best })
    }
}
