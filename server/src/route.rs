//! Weighted choice of a deployment for one request.
//!
//! Called by `score`. Pure: the caller brings the draw or the key, and picking cannot fail. Refuses
//! weights that do not sum to 100 % (or to 0 %, a drained endpoint) and a weight outside 0 to
//! 100 %. Knows nothing of readiness: `endpoint` builds a table over deployments that are servable.

mod rendezvous;

#[cfg(test)]
mod tests;

use std::fmt;

pub use rendezvous::Rendezvous;

/// A share of the traffic in hundredths of a percent: 10,000 is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u16);

/// Which deployment a draw falls to, by cumulative weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTable {
    /// (exclusive upper bound in hundredths of a percent, index of the deployment), ascending;
    /// empty for a drained endpoint.
    bounds: Box<[(u32, usize)]>,
    /// The last bound: `WHOLE`, unless deployments with traffic are missing.
    sum: u32,
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

    /// The share in percent.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Whether `draw`, uniform over all of `u32`, falls within the share.
    #[inline]
    pub fn takes(self, draw: u32) -> bool {
        scaled(draw, WHOLE) < u32::from(self.0)
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
        let table = Self::over(weights);
        match table.sum {
            WHOLE | 0 => Ok(table),
            sum => Err(RouteError::Sum(WeightSum(sum))),
        }
    }

    /// The table for those of an endpoint's deployments that can be served, in the proportion of
    /// their weights.
    pub fn over(weights: &[Weight]) -> Self {
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
        Self { bounds, sum: upper }
    }

    /// The deployment that `draw`, uniform over all of `u32`, falls to; `None` when drained.
    #[inline]
    pub fn pick(&self, draw: u32) -> Option<usize> {
        let point = scaled(draw, self.sum);
        self.bounds.iter().find(|(upper, _)| point < *upper).map(|(_, index)| *index)
    }
}

/// A draw over all of `u32` as one over `0..whole`. Scaled, not a remainder: 2^32 is no multiple.
#[inline]
fn scaled(draw: u32, whole: u32) -> u32 {
    ((u64::from(draw) * u64::from(whole)) >> 32) as u32
}

// === impl WeightSum ===

impl fmt::Display for WeightSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 100.0)
    }
}
