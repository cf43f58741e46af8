//! Jensen-Shannon distance: the root of how much a row tells about the side that it is from.
//!
//! `sqrt((KL(p||m) + KL(q||m)) / 2)` with `m = (p + q) / 2`, as `scipy.spatial.distance` has it. It
//! needs no smoothing: bins that are empty on one side leave it finite. Symmetric, a metric, from 0
//! to 1 in base 2 and to `sqrt(ln 2)`, about 0.8326, in base e; the square of it is the
//! Jensen-Shannon *divergence*, which other tools report.

use super::{Bin, shares};

#[cfg(test)]
mod tests;

/// The base of the logarithms, on which the scale depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Bits, as Azure ML and NannyML have it.
    Two,
    /// Nats, as Evidently has it.
    E,
}

/// Distance of counts, nothing added to them. `None` when a side has no row.
pub fn distance(bins: &[Bin], base: Base) -> Option<f64> {
    shares(bins).map(|shares| distance_of_shares(&shares, base))
}

/// Distance of shares, as pairs (reference, current), each side adding up to 1.
pub fn distance_of_shares(shares: &[(f64, f64)], base: Base) -> f64 {
    let term = |(p, q): &(f64, f64)| {
        let middle = (p + q) / 2.0;
        information(*p, middle) + information(*q, middle)
    };
    let nats: f64 = shares.iter().map(term).sum();
    // Rounding may leave a sum of nearly equal shares below 0.
    let nats = nats.max(0.0) / 2.0;
    match base {
        Base::Two => (nats / std::f64::consts::LN_2).sqrt(),
        Base::E => nats.sqrt(),
    }
}

fn information(share: f64, middle: f64) -> f64 {
    if share > 0.0 { share * (share / middle).ln() } else { 0.0 }
}
