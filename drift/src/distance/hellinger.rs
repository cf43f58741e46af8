//! Hellinger distance: the straight line between the roots of two sets of shares.
//!
//! `||sqrt(p) - sqrt(q)|| / sqrt(2)`, which is `sqrt(1 - sum_i sqrt(p_i q_i))` without its loss of
//! digits near 0. Symmetric, a metric, from 0 to 1.

use super::{Bin, shares};

#[cfg(test)]
mod tests;

/// Distance of counts, nothing added to them. `None` when a side has no row.
pub fn distance(bins: &[Bin]) -> Option<f64> {
    shares(bins).map(|shares| distance_of_shares(&shares))
}

/// Distance of shares, as pairs (reference, current), each side adding up to 1.
pub fn distance_of_shares(shares: &[(f64, f64)]) -> f64 {
    let squares = shares.iter().map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2));
    (squares.sum::<f64>() / 2.0).sqrt()
}
