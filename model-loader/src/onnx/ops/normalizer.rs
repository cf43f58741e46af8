//! Normalizer: divides each row by its greatest value, its L1 norm or its L2 norm.
//!
//! ai.onnx.ml version 1, with ONNX Runtime's rules: MAX is the greatest value, not the greatest
//! magnitude, and a row whose norm is zero stays as it is. Refuses an unknown norm.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayViewMut1, Axis};
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, matrix, rows_and_columns};
use crate::onnx::attributes::Attributes;

#[derive(Debug)]
enum Normalizer {
    Max,
    L1,
    L2,
}

/// Builds the operator.
pub(super) fn normalizer(_: &ParsingContext, node: &NodeProto) -> Built {
    let normalizer = match Attributes(node).string("norm")?.unwrap_or("MAX") {
        "MAX" => Normalizer::Max,
        "L1" => Normalizer::L1,
        "L2" => Normalizer::L2,
        other => bail!("unknown norm `{other}`"),
    };
    built(node, normalizer)
}

impl Kernel for Normalizer {
    fn name(&self) -> &'static str {
        "Normalizer"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let number = datum_type.is_float() || datum_type.is_integer();
        ensure!(number || datum_type == DatumType::TDim, "{datum_type:?} cannot be normalized");
        rows_and_columns(shape)?;
        Ok(tvec![(DatumType::F32, shape.into())])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let floats = input.cast_to::<f32>()?;
        let mut output = matrix::<f32>(&floats)?.to_owned();
        output.axis_iter_mut(Axis(0)).for_each(|row| self.normalize(row));
        Ok(tvec![Tensor::from(output).into_shape(input.shape())?.into_tvalue()])
    }
}

// === impl Normalizer ===

impl Normalizer {
    fn normalize(&self, mut row: ArrayViewMut1<'_, f32>) {
        let norm = match self {
            Normalizer::Max => row.iter().fold(f32::MIN, |max, &x| if max < x { x } else { max }),
            Normalizer::L1 => row.iter().map(|x| x.abs()).sum(),
            Normalizer::L2 => row.iter().map(|x| x * x).sum(),
        };
        if norm == 0.0 {
            return;
        }
        match self {
            Normalizer::Max | Normalizer::L1 => row.mapv_inplace(|x| x / norm),
            // The squares are divided before the root, as ONNX Runtime does.
            Normalizer::L2 => row.mapv_inplace(|x| {
                let root = (x * x / norm).sqrt();
                if x < 0.0 { -root } else { root }
            }),
        }
    }
}
