//! The input of a learned operator as rows of columns in single precision.
//!
//! ONNX Runtime rounds double-precision and integer inputs of most of these operators to floats
//! first. A tensor of rank 1 is one row. Refuses other ranks, and types that ai.onnx.ml does not
//! list.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};

use crate::{Tensor, Values};

/// Rows that lie one after the other.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) values: Cow<'a, [f32]>,
    pub(super) count: usize,
    pub(super) columns: usize,
}

/// Numbers of rows and columns of a shape.
pub(super) fn extents(shape: &[usize]) -> Result<(usize, usize)> {
    match *shape {
        [columns] => Ok((1, columns)),
        [rows, columns] => Ok((rows, columns)),
        _ => bail!("input 0 has rank {}, 1 or 2 wanted", shape.len()),
    }
}

/// The distance at which ONNX Runtime repeats per-column values: the first extent of one, the
/// second of several. Refuses scalars.
pub(super) fn period(shape: &[usize]) -> Result<usize> {
    match *shape {
        [] => bail!("input 0 is a scalar"),
        [columns] => Ok(columns),
        [_, columns, ..] => Ok(columns),
    }
}

/// The values of a tensor of numbers, rounded to single precision.
pub(super) fn floats(tensor: &Tensor) -> Result<Cow<'_, [f32]>> {
    Ok(match tensor.values() {
        Values::Fp32(values) => Cow::Borrowed(values),
        Values::Fp64(values) => values.iter().map(|&value| value as f32).collect(),
        Values::Int32(values) => values.iter().map(|&value| value as f32).collect(),
        Values::Int64(values) => values.iter().map(|&value| value as f32).collect(),
        _ => bail!("a {} tensor, FP32, FP64, INT32 or INT64 wanted", tensor.datatype()),
    })
}

// === impl Rows ===

impl<'a> Rows<'a> {
    /// The rows of a tensor.
    pub(super) fn of(tensor: &'a Tensor) -> Result<Rows<'a>> {
        let (count, columns) = extents(tensor.shape())?;
        Ok(Rows { values: floats(tensor)?, count, columns })
    }

    /// Fails unless the rows have this many columns.
    pub(super) fn of_columns(tensor: &'a Tensor, wanted: usize) -> Result<Rows<'a>> {
        let rows = Rows::of(tensor)?;
        ensure!(rows.columns == wanted, "{} columns, {wanted} wanted", rows.columns);
        Ok(rows)
    }

    /// One row.
    pub(super) fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.columns..][..self.columns]
    }
}
