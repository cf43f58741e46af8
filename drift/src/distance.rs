//! Distances between two samples: one file each.
//!
//! Used by `analyze` and `compare`. Pure functions on counts ([`Bin`]) or on sorted values; they
//! know nothing of features, files or thresholds. A distance of which a side has no row is `None`,
//! but for [`psi::psi`], which adds rows to both sides.

pub mod chi_square;
pub mod hellinger;
pub mod jensen_shannon;
pub mod ks;
pub mod psi;
pub mod variation;
pub mod wasserstein;

#[cfg(test)]
mod tests;

/// Counts of one bin on the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// Rows of the reference in it.
    pub reference: u64,
    /// Rows of the current sample in it.
    pub current: u64,
}

/// Shares (reference, current) of each bin, which add up to 1 on both sides; `None` when a side
/// has no row.
pub fn shares(bins: &[Bin]) -> Option<Vec<(f64, f64)>> {
    let (n, m) = totals(bins);
    let share = |bin: &Bin| (bin.reference as f64 / n, bin.current as f64 / m);
    (n > 0.0 && m > 0.0).then(|| bins.iter().map(share).collect())
}

/// Rows (reference, current) of all bins.
pub(crate) fn totals(bins: &[Bin]) -> (f64, f64) {
    bins.iter().fold((0.0, 0.0), |(n, m), bin| (n + bin.reference as f64, m + bin.current as f64))
}
