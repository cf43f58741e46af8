//! What counts as drift.

use crate::error::Error;

/// The least distances that matter, and how sure a verdict must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    psi: f64,
    ks: f64,
    confidence: f64,
}

// === impl Thresholds ===

impl Thresholds {
    /// `psi`: the least PSI that matters. `ks`: the least Kolmogorov-Smirnov distance.
    /// `confidence`: how rarely chance may be called drift, such as 0.99 for one window in a
    /// hundred.
    ///
    /// # Errors
    /// [`Error::Threshold`] for a PSI that is not above 0, a distance outside 0 to 1, or a
    /// confidence outside 0.5 to 0.999999.
    pub fn new(psi: f64, ks: f64, confidence: f64) -> Result<Thresholds, Error> {
        if !(psi.is_finite() && psi > 0.0) {
            return Err(Error::Threshold { name: "psi", value: psi, must: "a number above 0" });
        }
        if !(ks > 0.0 && ks <= 1.0) {
            return Err(Error::Threshold { name: "ks", value: ks, must: "above 0 and up to 1" });
        }
        if !(0.5..=0.999_999).contains(&confidence) {
            let (name, must) = ("confidence", "from 0.5 to 0.999999");
            return Err(Error::Threshold { name, value: confidence, must });
        }
        Ok(Thresholds { psi, ks, confidence })
    }

    /// The least PSI that matters.
    pub fn psi(&self) -> f64 {
        self.psi
    }

    /// The least Kolmogorov-Smirnov distance that matters.
    pub fn ks(&self) -> f64 {
        self.ks
    }

    /// How surely a window without drift is not called drift.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }
}

impl Default for Thresholds {
    /// PSI 0.2, the customary line between a moderate and a major shift; a distance of 0.1; and
    /// 99 %.
    fn default() -> Thresholds {
        Thresholds { psi: 0.2, ks: 0.1, confidence: 0.99 }
    }
}
