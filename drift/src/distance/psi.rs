//! Population stability index: how far two histograms over the same bins lie apart.
//!
//! `PSI = sum_i (q_i - p_i) ln(q_i / p_i)`, natural logarithm, p the reference's shares and q the
//! current ones; it is KL(p||q) + KL(q||p), never negative, and symmetric. The name alone does not
//! fix the number: what is done about empty bins does. Here, as in Azure ML's monitor, 1 is added
//! to each count of both sides (Laplace): `p_i = (r_i + 1) / (N + B)`, `q_i = (c_i + 1) / (M + B)`.

use super::{Bin, totals};

#[cfg(test)]
mod tests;

/// PSI of counts, with 1 added to each. 0 for no bin.
pub fn psi(bins: &[Bin]) -> f64 {
    smoothed(bins).map(|(p, q)| term(p, q)).sum()
}

/// PSI of shares that are all above 0, as pairs (reference, current).
pub fn psi_of_shares(shares: &[(f64, f64)]) -> f64 {
    shares.iter().map(|(p, q)| term(*p, *q)).sum()
}

/// The part of [`psi`] that only the added 1 has made: the terms of the bins that have no current
/// row and of which the reference lets expect less than one. To add a row there is to invent one,
/// and in a small sample against a large reference such rows alone can pass any threshold.
pub fn invented(bins: &[Bin]) -> f64 {
    let (n, m) = totals(bins);
    let surplus = |bin: &Bin| bin.current == 0 && bin.reference as f64 * m < n;
    bins.iter()
        .zip(smoothed(bins))
        .filter(|(bin, _)| surplus(bin))
        .map(|(_, (p, q))| term(p, q))
        .sum()
}

fn term(p: f64, q: f64) -> f64 {
    (q - p) * (q / p).ln()
}

/// Smoothed shares (reference, current) of each bin.
fn smoothed(bins: &[Bin]) -> impl Iterator<Item = (f64, f64)> {
    let (n, m) = totals(bins);
    let b = bins.len() as f64;
    bins.iter().map(move |bin| {
        ((bin.reference as f64 + 1.0) / (n + b), (bin.current as f64 + 1.0) / (m + b))
    })
}
