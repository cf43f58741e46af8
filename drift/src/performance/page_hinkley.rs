//! The Page-Hinkley test: a cumulated sum that tells when the mean of a stream has moved.
//!
//! Page, "Continuous inspection schemes" (Biometrika 41, 1954), both directions at once, with the
//! forgetting factor and in the order of operations of river 0.26.1
//! (`river/drift/page_hinkley.py`), so that it fires at the same index.

use super::mean::{Mean, is_taken};

#[cfg(test)]
mod tests;

/// What the test is sensitive to. [`Default`] gives river's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageHinkleyParams {
    /// Values before it may fire: 30.
    pub min_values: u64,
    /// Change of the mean that is no change, in the unit of the values: 0.005.
    pub delta: f64,
    /// Sum that fires it, in the unit of the values: 50.
    pub threshold: f64,
    /// What stays of the sum from one value to the next: 0.9999.
    pub alpha: f64,
}

/// The detector.
#[derive(Clone, Debug, PartialEq)]
pub struct PageHinkley {
    params: PageHinkleyParams,
    sums: Sums,
    drift: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Sums {
    mean: Mean,
    increase: f64,
    decrease: f64,
    least_increase: f64,
    greatest_decrease: f64,
}

// === impl PageHinkleyParams ===

impl Default for PageHinkleyParams {
    fn default() -> Self {
        Self { min_values: 30, delta: 0.005, threshold: 50.0, alpha: 1.0 - 0.0001 }
    }
}

// === impl PageHinkley ===

impl Default for PageHinkley {
    fn default() -> Self {
        Self::new(PageHinkleyParams::default())
    }
}

impl PageHinkley {
    /// One that has seen nothing.
    pub fn new(params: PageHinkleyParams) -> Self {
        Self { params, sums: Sums::default(), drift: false }
    }

    /// Takes the next value; true when the mean has moved, up or down. After that the next value
    /// starts anew. A value that is NaN or beyond 1e150 either way is not taken, and gives false.
    pub fn update(&mut self, value: f64) -> bool {
        if !is_taken(value) {
            return false;
        }
        if self.drift {
            self.sums = Sums::default();
        }
        let PageHinkleyParams { min_values, delta, threshold, alpha } = self.params;
        let sums = &mut self.sums;
        sums.mean.add(value);
        let apart = value - sums.mean.value;
        sums.increase = alpha * sums.increase + apart - delta;
        sums.decrease = alpha * sums.decrease + apart + delta;
        sums.least_increase = sums.least_increase.min(sums.increase);
        sums.greatest_decrease = sums.greatest_decrease.max(sums.decrease);
        self.drift = sums.mean.count >= min_values as f64
            && (sums.increase - sums.least_increase > threshold
                || sums.greatest_decrease - sums.decrease > threshold);
        self.drift
    }
}

// === impl Sums ===

impl Default for Sums {
    fn default() -> Self {
        Self {
            mean: Mean::default(),
            increase: 0.0,
            decrease: 0.0,
            least_increase: f64::INFINITY,
            // river's; no infinity.
            greatest_decrease: -1.0,
        }
    }
}
