//! The plainest distances of shares: the greatest difference, and half of all differences.
//!
//! L-infinity is what Vertex AI and NannyML hold against a threshold for categories; total
//! variation is the greatest difference in the probability of any set of categories. Both are
//! symmetric and from 0 to 1.

use super::{Bin, shares};

#[cfg(test)]
mod tests;

/// `max_i |p_i - q_i|` of counts. `None` when a side has no row.
pub fn l_infinity(bins: &[Bin]) -> Option<f64> {
    shares(bins).map(|shares| differences(&shares).fold(0.0, f64::max))
}

/// `sum_i |p_i - q_i| / 2` of counts. `None` when a side has no row.
pub fn total_variation(bins: &[Bin]) -> Option<f64> {
    shares(bins).map(|shares| differences(&shares).sum::<f64>() / 2.0)
}

fn differences(shares: &[(f64, f64)]) -> impl Iterator<Item = f64> {
    shares.iter().map(|(p, q)| (p - q).abs())
}
