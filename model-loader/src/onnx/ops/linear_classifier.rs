//! LinearClassifier: a label and a score per class from `x * coefficients + intercepts`.
//!
//! ai.onnx.ml version 1, by ONNX Runtime's rules: one row of coefficients for two classes gives a
//! second column. Refuses lists of lengths that do not fit each other or the input.

use forest::Transform;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Array1, Array2, Axis};
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, matrix, rows_and_columns};
use crate::onnx::attributes::{Attributes, ClassLabels};

#[derive(Debug)]
struct LinearClassifier {
    /// One column for each row of the input's columns that is scored.
    coefficients: Array2<f32>,
    intercepts: Array1<f32>,
    labels: ClassLabels,
    transform: Transform,
}

/// Builds the operator.
pub(super) fn linear_classifier(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes(node);
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
    let shape = (scored, coefficients.len() / scored);
    let coefficients = Array2::from_shape_vec(shape, coefficients.to_vec())?.reversed_axes();
    let intercepts = Array1::from(intercepts.to_vec());
    built(node, LinearClassifier { coefficients, intercepts, labels, transform })
}

impl Kernel for LinearClassifier {
    fn name(&self) -> &'static str {
        "LinearClassifier"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let number = datum_type.is_float() || datum_type.is_integer();
        ensure!(number || datum_type == DatumType::TDim, "{datum_type:?} cannot be classified");
        let (rows, columns) = rows_and_columns(shape)?;
        let wanted = self.coefficients.nrows().to_dim();
        let fits = columns.as_i64().is_none() || columns == wanted;
        ensure!(fits, "coefficients for {wanted} columns, the input has {columns}");
        let classes = self.labels.len().to_dim();
        let label = self.labels.datum_type();
        Ok(tvec![(label, tvec![rows.clone()]), (DatumType::F32, tvec![rows, classes])])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let input = input.cast_to::<f32>()?;
        let rows = matrix::<f32>(&input)?;
        let wanted = self.coefficients.nrows();
        ensure!(rows.ncols() == wanted, "{} columns, {wanted} wanted", rows.ncols());
        let raw = rows.dot(&self.coefficients) + &self.intercepts;
        let mut scores = Array2::<f32>::zeros((rows.nrows(), self.labels.len()));
        let mut classes = Vec::with_capacity(rows.nrows());
        for (raw, mut out) in raw.axis_iter(Axis(0)).zip(scores.axis_iter_mut(Axis(0))) {
            let raw = raw.as_slice().context("a row is contiguous")?;
            let out = out.as_slice_mut().context("a row is contiguous")?;
            classes.push(self.finish(raw, out));
        }
        Ok(tvec![self.labels.pick(&classes).into_tvalue(), scores.into_tvalue()])
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
