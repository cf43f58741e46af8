//! Sums that do not depend on the order of their terms.
//!
//! Used by the tallies of `binary`, `calibration` and `cbpe`, so that adding the tallies of any
//! parts gives the same bits as one tally of all.

/// A sum of numbers from 0 to 64, in units of 2^-64: each term is exact to that, and the sum of
/// 2^58 of them still fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum(u128);

/// 2^64.
const UNITS: f64 = 18_446_744_073_709_551_616.0;

// === impl Sum ===

impl Sum {
    /// Adds a term, which must lie from 0 to 64.
    pub(super) fn add(&mut self, term: f64) {
        debug_assert!((0.0..=64.0).contains(&term), "{term}");
        // A cast of a float saturates, and takes NaN for 0.
        self.0 = self.0.saturating_add((term * UNITS) as u128);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    pub(super) fn value(self) -> f64 {
        self.0 as f64 / UNITS
    }

    /// The sum a row; `None` without a row.
    pub(super) fn mean(self, rows: u64) -> Option<f64> {
        (rows > 0).then(|| self.value() / rows as f64)
    }
}
