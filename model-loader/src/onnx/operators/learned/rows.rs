//! A tensor as rows of columns, its numbers as single-precision floats.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};

use crate::onnx::operators::element::each_number;
use crate::{Tensor, Values};

/// Rows and columns of an input; a single row may come without its first extent.
pub(super) fn rows_and_columns(shape: &[usize]) -> Result<(usize, usize)> {
    match *shape {
        [columns] => Ok((1, columns)),
        [rows, columns] => Ok((rows, columns)),
        _ => bail!("the input has {} extents, 1 or 2 wanted", shape.len()),
    }
}

/// The numbers of a tensor, rounded to single precision where they are of another type.
pub(super) fn floats(tensor: &Tensor) -> Result<Cow<'_, [f32]>> {
    if let Values::Fp32(values) = tensor.values() {
        return Ok(Cow::Borrowed(values));
    }
    each_number!(tensor.values(), values, T => {
        Ok(Cow::Owned(values.iter().map(|&value: &T| value as f32).collect()))
    })
}

/// Fails unless a list of per-column values has one value or one for each column.
pub(super) fn check_columns(what: &str, count: usize, columns: usize) -> Result<()> {
    ensure!(count == 1 || count == columns, "{count} {what} for an input of {columns} columns");
    Ok(())
}
