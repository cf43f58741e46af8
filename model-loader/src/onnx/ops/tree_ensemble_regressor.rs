//! TreeEnsembleRegressor: one number per target, by ONNX Runtime's rules.
//!
//! ai.onnx.ml versions 1 and 3, aggregates SUM, AVERAGE, MIN and MAX. Refuses unsound trees, and
//! inputs of double precision.

use forest::{Regressor, Transform};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::Array2;
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, matrix};
use super::tree_ensemble::{self, WeightNames};
use crate::onnx::attributes::Attributes;

#[derive(Debug)]
struct TreeEnsembleRegressor(Regressor);

const WEIGHTS: WeightNames = WeightNames {
    targets: "target_ids",
    nodes: "target_nodeids",
    trees: "target_treeids",
    weights: "target_weights",
};

/// Builds the operator.
pub(super) fn tree_ensemble_regressor(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes(node);
    let targets = attributes.int("n_targets")?.context("attribute `n_targets` is missing")?;
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let targets = usize::try_from(targets).context("attribute `n_targets` is negative")?;
    let spec = tree_ensemble::spec(node, WEIGHTS, targets)?;
    built(node, TreeEnsembleRegressor(Regressor::compile(&spec, transform)?))
}

impl Kernel for TreeEnsembleRegressor {
    fn name(&self) -> &'static str {
        "TreeEnsembleRegressor"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let ensemble = self.0.ensemble();
        let rows = tree_ensemble::check_input(ensemble, datum_type, shape)?;
        Ok(tvec![(DatumType::F32, tvec![rows, ensemble.targets().to_dim()])])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let input = input.cast_to::<f32>()?;
        let rows = matrix::<f32>(&input)?;
        let (count, columns) = rows.dim();
        let ensemble = self.0.ensemble();
        tree_ensemble::enough_columns(ensemble, columns)?;
        let rows = rows.as_slice().context("rows lie one after the other")?;
        let mut scores = Array2::<f32>::zeros((count, ensemble.targets()));
        let scores_slice = scores.as_slice_mut().context("a fresh array is contiguous")?;
        self.0.predict(rows, columns, scores_slice);
        Ok(tvec![scores.into_tvalue()])
    }
}
