//! `x * coefficients + intercepts` for rows in single precision.
//!
//! Called by the linear operators and by the linear form of the support vector machines.

use anyhow::{Result, ensure};
use ndarray::ArrayView2;

use super::rows::Rows;
use crate::onnx::operators::simd::Packed;

/// Partial sums of a dot product; enough for the widest vectors of two.
const LANES: usize = 8;

/// A linear map to one or more targets.
#[derive(Debug)]
pub(super) struct Affine(Packed);

/// The sum of the products; its parts are added up in lanes.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let halves = [0, 1, 2, 3].map(|lane| lanes[lane] + lanes[lane + 4]);
    (halves[0] + halves[2]) + (halves[1] + halves[3]) + rest
}

// === impl Affine ===

impl Affine {
    /// A map with one intercept for each target; the number of columns follows from the
    /// coefficients.
    pub(super) fn new(coefficients: &[f32], intercepts: Vec<f32>) -> Result<Affine> {
        let (count, targets) = (coefficients.len(), intercepts.len());
        ensure!(
            targets > 0 && count > 0 && count % targets == 0,
            "{count} `coefficients` for {targets} targets"
        );
        // A row of coefficients for each target.
        let coefficients = ArrayView2::from_shape((targets, count / targets), coefficients)?;
        let mut packed = Packed::new(&coefficients.reversed_axes());
        packed.set_bias(&intercepts);
        Ok(Affine(packed))
    }

    /// Columns of a row.
    pub(super) fn columns(&self) -> usize {
        self.0.inner()
    }

    /// Targets of a row.
    pub(super) fn targets(&self) -> usize {
        self.0.columns()
    }

    /// The scores of all rows, one for each target.
    ///
    /// # Panics
    /// When the rows are not as wide as the coefficients.
    pub(super) fn scores(&self, rows: &Rows<'_>) -> Vec<f32> {
        self.0.product(&rows.values, rows.count)
    }
}
