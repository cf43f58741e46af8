//! ZipMap: passes the probabilities through.
//!
//! ONNX makes a list of maps from label to probability of them; a columnar server wants the
//! columns, and `signature` keeps the labels as their names. Refuses label lists of another length
//! than the columns.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, rows_and_columns};
use crate::onnx::attributes::Attributes;

#[derive(Debug)]
struct ZipMap {
    labels: usize,
}

/// Builds the operator.
pub(super) fn zip_map(_: &ParsingContext, node: &NodeProto) -> Built {
    built(node, ZipMap { labels: Attributes(node).class_labels()?.len() })
}

impl Kernel for ZipMap {
    fn name(&self) -> &'static str {
        "ZipMap"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let (rows, columns) = rows_and_columns(shape)?;
        let labels = self.labels.to_dim();
        let same = columns.as_i64().is_none() || columns == labels;
        ensure!(same, "{labels} labels for {columns} columns");
        Ok(tvec![(datum_type, tvec![rows, labels])])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let columns = input.shape().last().copied().unwrap_or(0);
        ensure!(columns == self.labels, "{} labels for {columns} columns", self.labels);
        let rows = input.len() / columns.max(1);
        Ok(tvec![input.clone().into_shape(&[rows, columns])?.into_tvalue()])
    }
}
