//! ONNX Runtime's TreeEnsembleRegressor: scores with base values, transformed.
//!
//! Called by model-loader's operator of that name.

use crate::transform::probit;
use crate::{Ensemble, Error, Kernels, Spec, Transform};

/// An ensemble that predicts one number per target.
#[derive(Debug, Clone, PartialEq)]
pub struct Regressor {
    ensemble: Ensemble,
    transform: Transform,
}

// === impl Regressor ===

impl Regressor {
    /// Validates a spec; its base values are none or one per target. The fastest of `kernels` that
    /// takes the trees evaluates them.
    pub fn compile(
        spec: &Spec,
        transform: Transform,
        kernels: Kernels,
    ) -> Result<Regressor, Error> {
        Ok(Regressor { ensemble: Ensemble::compile(spec, transform.kernels(kernels))?, transform })
    }

    /// The trees.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// Predicts for `rows` (row-major, `stride` columns each) into `out` (row-major, one column
    /// per target).
    ///
    /// # Panics
    /// As [`Ensemble::scores_batch`] does.
    pub fn predict(&self, rows: &[f32], stride: usize, out: &mut [f32]) {
        let targets = self.ensemble.targets();
        let count = out.len() / targets;
        assert_eq!(out.len(), count * targets, "out holds whole rows of scores");
        self.ensemble.for_each_row(rows, stride, count, |index, totals| {
            let out = &mut out[index * targets..][..targets];
            for (target, (total, out)) in totals.iter().zip(&mut *out).enumerate() {
                *out = self.ensemble.finish(target, *total) as f32;
            }
            match (targets, self.transform) {
                // With one target ONNX Runtime knows no other transform and leaves the score.
                (1, Transform::Probit) => out[0] = probit(out[0]),
                (1, _) => {}
                (_, transform) => transform.apply(out),
            }
        });
    }
}

#[cfg(test)]
mod tests;
