//! How likely a distance is between two samples of one distribution, and what is left of that when
//! many columns are tested at once.
//!
//! **PSI**: to second order a chi-square statistic, so that it is about
//! `(1/N + 1/M) chi2(B - 1)` for samples of N and M rows over B bins.
//! **KS**: Kolmogorov's limit, `sqrt(NM / (N + M)) D`.
//! **Many tests**: Benjamini and Hochberg (1995), the step-up procedure. Without drift anywhere the
//! chance of a single false rejection is the level itself; `tests/it/false_alarms.rs` counts.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// The law of PSI without drift.
#[derive(Clone, Copy, Debug)]
pub(super) struct PsiLaw {
    law: ChiSquared,
    scale: f64,
}

// === impl PsiLaw ===

impl PsiLaw {
    /// Between samples of `n` and `m` rows over `bins` bins; none of them 0.
    ///
    /// A column that has only ever had one value is held to one degree of freedom: three rows with
    /// that value again are not yet proof.
    pub(super) fn new(bins: usize, n: u64, m: u64) -> PsiLaw {
        let freedom = bins.saturating_sub(1).max(1) as f64;
        let law = ChiSquared::new(freedom).expect("1 or more degrees of freedom");
        PsiLaw { law, scale: 1.0 / n as f64 + 1.0 / m as f64 }
    }

    /// Probability of `psi` or more.
    pub(super) fn p(&self, psi: f64) -> f64 {
        self.law.sf(psi.max(0.0) / self.scale)
    }

    /// The PSI that has probability `level` to be reached.
    pub(super) fn critical(&self, level: f64) -> f64 {
        self.law.inverse_cdf(1.0 - level) * self.scale
    }
}

/// The distance that has probability `level` to be reached between samples of `n` and `m` rows:
/// the first term of Kolmogorov's series, exact to 1e-3 of the level for any level in use.
pub(super) fn ks_critical(level: f64, n: u64, m: u64) -> f64 {
    let (n, m) = (n as f64, m as f64);
    ((level / 2.0).ln() / -2.0).sqrt() * ((n + m) / (n * m)).sqrt()
}

/// The greatest p-value that is rejected among `p` at false-discovery rate `level`; none when none
/// is. A p-value that is not a number rejects nothing.
pub(super) fn rejected_up_to(p: &[f64], level: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = p.iter().copied().filter(|p| !p.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let all = sorted.len() as f64;
    let is_rejected = |(rank, p): &(usize, f64)| *p <= level * (*rank + 1) as f64 / all;
    sorted.into_iter().enumerate().filter(is_rejected).map(|(_, p)| p).next_back()
}
