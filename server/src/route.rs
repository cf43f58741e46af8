//! Weighted choice of a deployment for one request.
//!
//! Called by `score`. Pure: the caller brings the draw, and picking cannot fail. Refuses, when the
//! table is built, weights that do not sum to 100 % (or to 0 %, a drained endpoint), a deployment
//! named twice and a weight outside 0 to 100 %. Knows nothing of readiness: `endpoint` builds a
//! table over deployments that are servable.

#[cfg(test)]
mod tests;

use std::fmt;

/// A share of the traffic in hundredths of a percent: 10,000 is everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u16);

/// Which deployment a draw falls to, by cumulative weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// (exclusive upper bound in hundredths of a percent, index of the deployment), ascending;
    /// empty for a drained endpoint. The last bound is `WHOLE`.
    bounds: Box<[(u32, usize)]>,
}

/// Why a set of weights is not a route table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// A weight is negative, above 100, not a number, or finer than a hundredth of a percent.
    #[error("weight {0} is not a percentage between 0 and 100 with at most two decimals")]
    Weight(f64),
    /// The weights sum to something else than 100 or 0.
    #[error("weights sum to {0} %, not to 100 % (or 0 % to drain the endpoint)")]
    Sum(WeightSum),
}

/// A sum of weights in hundredths of a percent, printed as a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightSum(u32);

const WHOLE: u32 = 10_000;

// === impl Weight ===

impl Weight {
    /// Reads a percentage with at most two decimals.
    ///
    /// # Errors
    /// [`RouteError::Weight`] when it is not one.
    pub fn from_percent(percent: f64) -> Result<Self, RouteError> {
        let parts = (percent * 100.0).round();
        let exact = (percent * 100.0 - parts).abs() < 1e-6;
        if !(0.0..=f64::from(WHOLE)).contains(&parts) || !exact {
            return Err(RouteError::Weight(percent));
        }
        Ok(Self(parts as u16))
    }

    /// The share as a ratio between 0 and 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

// === impl RouteTable ===

impl RouteTable {
    /// Builds the table for deployments numbered as in `weights`.
    ///
    /// # Errors
    /// [`RouteError::Sum`] when the weights sum to neither 100 % nor 0 %.
    pub fn new(weights: &[Weight]) -> Result<Self, RouteError> {
        let sum: u32 = weights.iter().map(|w| u32::from(w.0)).sum();
        if sum != WHOLE && sum != 0 {
            return Err(RouteError::Sum(WeightSum(sum)));
        }
        let mut upper = 0;
        let bounds = weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| weight.0 > 0)
            .map(|(index, weight)| {
                upper += u32::from(weight.0);
                (upper, index)
            })
            .collect();
        Ok(Self { bounds })
    }

    /// The deployment that `draw`, uniform over all of `u32`, falls to; `None` when drained.
    #[inline]
    pub fn pick(&self, draw: u32) -> Option<usize> {
        // Scaled, not a remainder: 2^32 is no multiple of 10,000.
        let point = ((u64::from(draw) * u64::from(WHOLE)) >> 32) as u32;
        self.bounds.iter().find(|(upper, _)| point < *upper).map(|(_, index)| *index)
    }
}

// === impl WeightSum ===

impl fmt::Display for WeightSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 100.0)
    }
}
