//! Chi-square tests of counts, in the two forms that tools use under one name.
//!
//! *Goodness of fit* takes the reference's shares for the truth and asks whether the current counts
//! can be from it (Evidently, Azure ML); with a reference that is not much larger than the current
//! sample it rejects too often. *Contingency* takes both sides for samples (NannyML, alibi-detect).
//! Bins that are empty on both sides are no categories and are left out. As SciPy's `chisquare` and
//! `chi2_contingency`.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::{Bin, totals};

#[cfg(test)]
mod tests;

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquare {
    /// Not negative; infinite for a category that must not be there.
    pub statistic: f64,
    /// Degrees of freedom: one less than there are categories.
    pub freedom: usize,
    /// Probability of a statistic as great or greater by chance alone.
    pub p: f64,
}

/// What is done about two categories, where the statistic is too great for small counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// With two categories each count is moved 0.5 towards what is expected (SciPy's default).
    Yates,
    /// Nothing: the statistic is the square of the z of two proportions.
    None,
}

/// Whether the current counts fit the reference's shares. A category that the reference has not
/// gives an infinite statistic and p = 0. `None` when a side has no row.
pub fn goodness_of_fit(bins: &[Bin]) -> Option<ChiSquare> {
    let (n, m) = totals(bins);
    let term = |bin: &Bin| {
        let expected = bin.reference as f64 * (m / n);
        (bin.current as f64 - expected).powi(2) / expected
    };
    let statistic = categories(bins).map(term).sum();
    (n > 0.0 && m > 0.0).then(|| outcome(statistic, bins))
}

/// Whether both sides can be samples of one distribution. `None` when a side has no row.
pub fn contingency(bins: &[Bin], correction: Correction) -> Option<ChiSquare> {
    let (n, m) = totals(bins);
    let corrected = correction == Correction::Yates && categories(bins).count() == 2;
    let term = |observed: u64, expected: f64| {
        let away = (observed as f64 - expected).abs();
        let away = if corrected { away - away.min(0.5) } else { away };
        away * away / expected
    };
    let terms = categories(bins).map(|bin| {
        let both = bin.reference as f64 + bin.current as f64;
        let expected = |side: f64| both * side / (n + m);
        term(bin.reference, expected(n)) + term(bin.current, expected(m))
    });
    let statistic = terms.sum();
    (n > 0.0 && m > 0.0).then(|| outcome(statistic, bins))
}

/// Probability of a chi-square of so many degrees of freedom above `statistic`.
pub fn p_value(statistic: f64, freedom: usize) -> f64 {
    // Without a degree of freedom the statistic is always 0.
    ChiSquared::new(freedom as f64).map_or(1.0, |law| law.sf(statistic))
}

fn outcome(statistic: f64, bins: &[Bin]) -> ChiSquare {
    let freedom = categories(bins).count().saturating_sub(1);
    ChiSquare { statistic, freedom, p: p_value(statistic, freedom) }
}

fn categories(bins: &[Bin]) -> impl Iterator<Item = &Bin> {
    bins.iter().filter(|bin| bin.reference > 0 || bin.current > 0)
}
