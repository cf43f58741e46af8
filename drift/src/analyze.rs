//! Counters -> verdicts: PSI of each feature, against a threshold and against chance.
//!
//! Called by `report`. Pure: the same profile and thresholds give the same analysis.
//!
//! **Bins compared.** The baseline's deciles, and one more for missing values. A bin that is empty
//! on both sides is left out: it says nothing, and the 1 that PSI adds to every count would say
//! something.
//!
//! **Chance.** Two samples of one distribution, of N and M rows, differ too: their PSI is about
//! `(1/N + 1/M) chi2(B - 1)` for B bins. The *critical value* is the 99 % quantile of that law,
//! made stricter for F features at once (Bonferroni: level `1 - 0.01 / F`), so that the 99 % holds
//! for the deployment and not for each of its features; plus what the added 1 alone has invented
//! (`psi::invented`). Without the Bonferroni step, windows of few rows raise several times as many
//! false alarms as promised: `tests/it/false_alarms.rs` counts them.
//!
//! **Verdict.**
//! - `drift`: PSI is above the threshold (the effect matters) *and* above the critical value (it is
//!   not chance). A handful of rows can reach this when they differ enough.
//! - `insufficient data`: not drift, but the critical value is at or above the threshold: with so
//!   few rows, on either side, drift of the size that matters could not be told from chance.
//! - `ok`: not drift, and drift of that size would have shown.

use std::fmt;

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::baseline::Feature;
use crate::distance::Bin;
use crate::distance::psi::{invented, psi};
use crate::error::Error;
use crate::profile::{Profile, Tally};

#[cfg(test)]
mod tests;

/// What counts as drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    psi: f64,
    confidence: f64,
}

/// The answer; a later one is worse than an earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Drift that matters would have shown, and did not.
    Ok,
    /// Too few rows to tell.
    InsufficientData,
    /// A difference that matters and is not chance.
    Drift,
}

/// Verdicts on one deployment's features.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Live rows.
    pub rows: u64,
    /// Rows of the baseline.
    pub baseline_rows: u64,
    /// In the baseline's order, without those of which no row can be compared.
    pub features: Vec<FeatureAnalysis>,
    /// Features that have rows under a privacy rule, which are not compared.
    pub covered: Vec<String>,
}

/// Verdict on one feature and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureAnalysis {
    /// Its name.
    pub feature: String,
    /// The worst that can be said.
    pub verdict: Verdict,
    /// PSI over `bins` bins; none without rows.
    pub psi: Option<f64>,
    /// The PSI that chance stays below; none without rows.
    pub critical: Option<f64>,
    /// The PSI that matters.
    pub threshold: f64,
    /// Bins compared, that of missing values included.
    pub bins: usize,
    /// Live rows counted for this feature; 0 when row files have no such column.
    pub rows: u64,
    /// Of them, without a value (null or NaN).
    pub missing: u64,
    /// Rows of the baseline without a value.
    pub baseline_missing: u64,
    /// Live rows below the baseline's least value.
    pub below_min: u64,
    /// Live rows above the baseline's greatest value.
    pub above_max: u64,
}

/// Judges each feature of a profile against the profile's baseline.
pub fn analyze(profile: &Profile, thresholds: &Thresholds) -> Analysis {
    let baseline = profile.baseline();
    // Ten bins a feature: a thread pool would cost more than the work.
    let level = thresholds.level(baseline.features().len());
    let judged = profile.features().filter(|(_, tally)| tally.covered() == 0 || tally.rows() > 0);
    let features = judged.map(|(f, tally)| judge(f, tally, thresholds.psi, level)).collect();
    let covered = profile.features().filter(|(_, tally)| tally.covered() > 0);
    let covered = covered.map(|(feature, _)| feature.name().to_owned()).collect();
    Analysis { rows: profile.rows(), baseline_rows: baseline.rows(), features, covered }
}

fn judge(feature: &Feature, tally: &Tally, threshold: f64, level: f64) -> FeatureAnalysis {
    let bins = bins(feature, tally);
    let (n, m) = (bins.iter().map(|b| b.reference).sum(), tally.rows());
    let psi = (m > 0).then(|| psi(&bins));
    let critical = (m > 0).then(|| chance(bins.len(), n, m, level) + invented(&bins));
    let verdict = match psi.zip(critical) {
        Some((psi, critical)) if psi > threshold.max(critical) => Verdict::Drift,
        Some((_, critical)) if critical < threshold => Verdict::Ok,
        _ => Verdict::InsufficientData,
    };
    FeatureAnalysis {
        feature: feature.name().to_owned(),
        verdict,
        psi,
        critical,
        threshold,
        bins: bins.len(),
        rows: m,
        missing: tally.missing(),
        baseline_missing: feature.missing(),
        below_min: tally.below_min(),
        above_max: tally.above_max(),
    }
}

/// The bins that have a row on either side, that of missing values last.
fn bins(feature: &Feature, tally: &Tally) -> Vec<Bin> {
    let reference = feature.counts().iter().copied().chain([feature.missing()]);
    let current = tally.counts().iter().copied().chain([tally.missing()]);
    let bins = reference.zip(current).map(|(reference, current)| Bin { reference, current });
    bins.filter(|bin| bin.reference > 0 || bin.current > 0).collect()
}

/// The quantile of PSI between samples of `n` and `m` rows of one distribution over `bins` bins.
///
/// A feature that has only ever had one value is held to one degree of freedom: three rows with
/// that value again are not yet proof.
fn chance(bins: usize, n: u64, m: u64, level: f64) -> f64 {
    let freedom = bins.saturating_sub(1).max(1) as f64;
    let law = ChiSquared::new(freedom).expect("1 or more degrees of freedom");
    law.inverse_cdf(level) * (1.0 / n as f64 + 1.0 / m as f64)
}

// === impl Analysis ===

impl Analysis {
    /// The worst verdict of its features.
    pub fn verdict(&self) -> Verdict {
        let worst = self.features.iter().map(|feature| feature.verdict).max();
        worst.unwrap_or(Verdict::InsufficientData)
    }
}

// === impl Thresholds ===

impl Thresholds {
    /// `psi`: the least PSI that matters. `confidence`: how rarely chance may be called drift, such
    /// as 0.99 for one window in a hundred.
    ///
    /// # Errors
    /// [`Error::Threshold`] for a PSI that is not above 0, or a confidence outside 0.5 to 0.999999.
    pub fn new(psi: f64, confidence: f64) -> Result<Thresholds, Error> {
        if !(psi.is_finite() && psi > 0.0) {
            let (name, must) = ("psi", "a number above 0");
            return Err(Error::Threshold { name, value: psi, must });
        }
        if !(0.5..=0.999_999).contains(&confidence) {
            let (name, must) = ("confidence", "from 0.5 to 0.999999");
            return Err(Error::Threshold { name, value: confidence, must });
        }
        Ok(Thresholds { psi, confidence })
    }

    /// The least PSI that matters.
    pub fn psi(&self) -> f64 {
        self.psi
    }

    /// How surely a window without drift is not called drift.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// The level that each of `features` is held to, so that all together keep the confidence.
    fn level(&self, features: usize) -> f64 {
        1.0 - (1.0 - self.confidence) / features.max(1) as f64
    }
}

impl Default for Thresholds {
    /// PSI 0.2, the customary line between a moderate and a major shift, and 99 %.
    fn default() -> Thresholds {
        Thresholds { psi: 0.2, confidence: 0.99 }
    }
}

// === impl Verdict ===

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Ok => "ok",
            Verdict::InsufficientData => "insufficient data",
            Verdict::Drift => "drift",
        })
    }
}
