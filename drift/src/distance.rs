//! Distances between two histograms over the same bins: one file each.
//!
//! Used by `analyze`. Pure functions on counts; they know nothing of features, files or thresholds.

pub mod psi;
