//! TreeEnsembleClassifier: a label and a score per class, by ONNX Runtime's rules.
//!
//! ai.onnx.ml versions 1 and 3. Labels are int64 or strings. Refuses fewer than two classes,
//! unsound trees, and inputs of double precision.

use forest::{Classifier, Transform};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::Array2;
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, matrix};
use super::tree_ensemble::{self, WeightNames};
use crate::onnx::attributes::{Attributes, ClassLabels};

#[derive(Debug)]
struct TreeEnsembleClassifier {
    classifier: Classifier,
    labels: ClassLabels,
}

const WEIGHTS: WeightNames = WeightNames {
    targets: "class_ids",
    nodes: "class_nodeids",
    trees: "class_treeids",
    weights: "class_weights",
};

/// Builds the operator.
pub(super) fn tree_ensemble_classifier(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes(node);
    let labels = attributes.class_labels()?;
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let spec = tree_ensemble::spec(node, WEIGHTS, labels.len())?;
    let classifier = Classifier::compile(&spec, transform)?;
    built(node, TreeEnsembleClassifier { classifier, labels })
}

impl Kernel for TreeEnsembleClassifier {
    fn name(&self) -> &'static str {
        "TreeEnsembleClassifier"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let rows = tree_ensemble::check_input(self.classifier.ensemble(), datum_type, shape)?;
        let label = self.labels.datum_type();
        let classes = self.classifier.classes().to_dim();
        Ok(tvec![(label, tvec![rows.clone()]), (DatumType::F32, tvec![rows, classes])])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let input = input.cast_to::<f32>()?;
        let rows = matrix::<f32>(&input)?;
        let (count, columns) = rows.dim();
        tree_ensemble::enough_columns(self.classifier.ensemble(), columns)?;
        let rows = rows.as_slice().context("rows lie one after the other")?;
        let mut classes = vec![0; count];
        let mut scores = Array2::<f32>::zeros((count, self.classifier.classes()));
        let scores_slice = scores.as_slice_mut().context("a fresh array is contiguous")?;
        self.classifier.classify(rows, columns, &mut classes, scores_slice);
        let labels = self.labels.pick(&classes);
        Ok(tvec![labels.into_tvalue(), scores.into_tvalue()])
    }
}
