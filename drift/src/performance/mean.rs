//! A running mean, as river's `stats.Mean` computes it, and which values detectors take.
//!
//! Used by `adwin`, `ddm` and `page_hinkley`; their indices depend on the mean's last bit.

/// Larger values are not taken: a few of them would make the sums of squares infinite, and a
/// detector blind for good.
const LARGEST: f64 = 1e150;

/// Mean of the values so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Mean {
    pub(super) count: f64,
    /// 0 without a value.
    pub(super) value: f64,
}

// === impl Mean ===

impl Mean {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.value += 1.0 / self.count * (value - self.value);
    }
}

/// Whether a detector takes the value; NaN and infinity are none.
pub(super) fn is_taken(value: f64) -> bool {
    value.abs() <= LARGEST
}
