//! Scaler: `(x - offset) * scale` for each column, to floats.
//!
//! ai.onnx.ml version 1. Refuses lists of differing lengths, and lengths that are neither 1 nor the
//! number of columns.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Array1, Array2, Axis, Zip};
use tract_onnx::tract_hir::internal::*;

use super::kernel::{Built, Fact, Kernel, built, check_columns, matrix, rows_and_columns};
use crate::onnx::attributes::Attributes;

#[derive(Debug)]
struct Scaler {
    offset: Array1<f32>,
    scale: Array1<f32>,
}

/// Builds the operator.
pub(super) fn scaler(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes(node);
    let (offset, scale) = (attributes.floats("offset")?, attributes.floats("scale")?);
    ensure!(!scale.is_empty(), "attribute `scale` is missing");
    ensure!(offset.len() == scale.len(), "{} offsets for {} scales", offset.len(), scale.len());
    built(node, Scaler { offset: offset.to_vec().into(), scale: scale.to_vec().into() })
}

impl Kernel for Scaler {
    fn name(&self) -> &'static str {
        "Scaler"
    }

    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>> {
        let number = datum_type.is_float() || datum_type.is_integer();
        ensure!(number || datum_type == DatumType::TDim, "{datum_type:?} cannot be scaled");
        check_columns("scales", self.scale.len(), &rows_and_columns(shape)?.1)?;
        Ok(tvec![(DatumType::F32, shape.into())])
    }

    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>> {
        let output = if input.datum_type() == DatumType::F64 {
            // Rounded once, after scaling, as ONNX Runtime does.
            self.scale(matrix::<f64>(input)?.to_owned(), |x, offset, scale| {
                ((x - f64::from(offset)) * f64::from(scale)) as f32
            })?
        } else {
            let input = input.cast_to::<f32>()?;
            self.scale(matrix::<f32>(&input)?.to_owned(), |x, offset, scale| (x - offset) * scale)?
        };
        Ok(tvec![Tensor::from(output).into_shape(input.shape())?.into_tvalue()])
    }
}

// === impl Scaler ===

impl Scaler {
    fn scale<T: Copy>(
        &self,
        input: Array2<T>,
        scaled: impl Fn(T, f32, f32) -> f32,
    ) -> TractResult<Array2<f32>> {
        let columns = input.ncols();
        let offset = self.offset.broadcast(columns).context("one offset per column")?;
        let scale = self.scale.broadcast(columns).context("one scale per column")?;
        let mut output = Array2::zeros(input.dim());
        for (row, mut out) in input.axis_iter(Axis(0)).zip(output.axis_iter_mut(Axis(0))) {
            Zip::from(&mut out)
                .and(row)
                .and(offset)
                .and(scale)
                .for_each(|out, &x, &offset, &scale| *out = scaled(x, offset, scale));
        }
        Ok(output)
    }
}
