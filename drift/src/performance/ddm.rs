//! DDM, the drift detection method: whether a classifier errs more often than at its best.
//!
//! Gama, Medas, Castillo and Rodrigues, "Learning with drift detection" (SBIA 2004): with p the
//! error rate so far and s = sqrt(p (1 - p) / n), it warns when p + s passes the lowest one's p
//! plus 2 of its s, and fires at 3. As river 0.26.1 computes it (`river/drift/binary/ddm.py`).

use super::mean::Mean;

#[cfg(test)]
mod tests;

/// Rows before it may warn or fire.
const WARM_UP: f64 = 30.0;
/// Standard deviations above the lowest error rate.
const WARNING: f64 = 2.0;
const DRIFT: f64 = 3.0;

/// What [`Ddm::update`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DdmLevel {
    /// No more errors than at its best, or too few rows to tell.
    Stable,
    /// More errors than 2 standard deviations.
    Warning,
    /// More errors than 3 standard deviations.
    Drift,
}

/// The detector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ddm {
    errors: Mean,
    best: Option<Best>,
    drift: bool,
}

/// The lowest p + s so far, in its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Best {
    p: f64,
    s: f64,
}

// === impl Ddm ===

impl Ddm {
    /// Takes the next row: whether its prediction was wrong. The row after a drift starts anew.
    pub fn update(&mut self, error: bool) -> DdmLevel {
        if self.drift {
            *self = Self::default();
        }
        self.errors.add(f64::from(u8::from(error)));
        let Mean { count, value: p } = self.errors;
        if count <= WARM_UP {
            return DdmLevel::Stable;
        }
        let s = (p * (1.0 - p) / count).max(0.0).sqrt();
        let best = self.best.filter(|best| p + s > best.p + best.s).unwrap_or(Best { p, s });
        self.best = Some(best);
        if p + s > best.p + DRIFT * best.s {
            self.drift = true;
            DdmLevel::Drift
        } else if p + s > best.p + WARNING * best.s {
            DdmLevel::Warning
        } else {
            DdmLevel::Stable
        }
    }
}
