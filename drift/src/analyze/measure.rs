//! The distances of a column, each with its variant and what it was taken over.

use super::Side;
use super::groups;
use crate::baseline::{Bins, Column};
use crate::distance::chi_square::{ChiSquare, Correction, contingency};
use crate::distance::jensen_shannon::{self, Base};
use crate::distance::ks::{self, Bracket};
use crate::distance::psi::{invented, psi};
use crate::distance::{Bin, shares, variation, wasserstein};

/// How far two sides of a column lie apart. All is none without rows on either side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Population stability index over the groups of `analyze/groups.rs` and missing values.
    pub psi: Option<Psi>,
    /// Jensen-Shannon distance, base 2 (0 to 1), over the same groups.
    pub jensen_shannon: Option<f64>,
    /// Kolmogorov-Smirnov distance over the fine bins of present values, for numbers.
    pub ks: Option<Ks>,
    /// Wasserstein distance over the fine bins, within the baseline's range, in standard deviations
    /// of the baseline; for numbers whose baseline varies.
    pub wasserstein: Option<f64>,
    /// Two-sample chi-square over the groups of categories and missing values.
    pub chi_square: Option<ChiSquare>,
    /// Greatest difference of a share, over the same groups; for categories.
    pub l_infinity: Option<f64>,
}

/// A PSI and what chance makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Psi {
    /// With 1 added to each count.
    pub value: f64,
    /// The part of it that only the added 1 has made.
    pub invented: f64,
    /// Groups that have a row on either side.
    pub groups: usize,
    /// The PSI that chance stays below.
    pub critical: f64,
    /// Probability of as much by chance.
    pub p: f64,
}

/// A Kolmogorov-Smirnov distance: between `low` and `high`. It is `low` where each live value is
/// one of the few that the baseline has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ks {
    /// It is this or more.
    pub low: f64,
    /// It is this or less.
    pub high: f64,
    /// The distance that chance stays below.
    pub critical: f64,
    /// Probability of `low` or more by chance.
    pub p: f64,
}

/// Measures a column; `level` is the probability at which critical values stand.
pub(super) fn measure(
    column: &Column,
    (other, reference): (&Column, Side<'_>),
    current: &Side<'_>,
    level: f64,
) -> Measures {
    let (n, m) = (reference.quality.rows, current.quality.rows);
    if n == 0 || m == 0 {
        return Measures::default();
    }
    if other.bins() != column.bins() {
        return Measures {
            ks: ks_apart((other, &reference), (column, current), level),
            ..Measures::default()
        };
    }
    let reference = &reference;
    let groups = groups_with_missing(column, reference, current);
    let law = super::chance::PsiLaw::new(groups.len(), n, m);
    let (value, invented) = (psi(&groups), invented(&groups));
    let critical = law.critical(level) + invented;
    let p = law.p(value - invented);
    let measures = Measures {
        psi: Some(Psi { value, invented, groups: groups.len(), critical, p }),
        jensen_shannon: jensen_shannon::distance(&groups, Base::Two),
        ..Measures::default()
    };
    let Bins::Numbers(numbers) = column.bins() else {
        return Measures {
            chi_square: contingency(&groups, Correction::Yates),
            l_infinity: variation::l_infinity(&groups),
            ..measures
        };
    };
    let fine = reference.counts.iter().zip(current.counts);
    let fine: Vec<Bin> =
        fine.map(|(reference, current)| Bin { reference: *reference, current: *current }).collect();
    let ks = ks::bracket(&fine).map(|bracket| Ks::new(bracket, reference, current, level));
    let wasserstein = numbers.summary().filter(|summary| summary.std > 0.0).and_then(|summary| {
        let distance = match numbers.values() {
            Some(values) => between_values(&fine, &values)?,
            None => {
                let range = (summary.min, summary.max);
                wasserstein::distance_of_counts(&fine, numbers.edges(), range)?
            }
        };
        Some(distance / summary.std)
    });
    Measures { ks, wasserstein, ..measures }
}

/// The distance of numbers that are counted by bins of their own.
fn ks_apart(
    (other, reference): (&Column, &Side<'_>),
    (column, current): (&Column, &Side<'_>),
    level: f64,
) -> Option<Ks> {
    let (Bins::Numbers(a), Bins::Numbers(b)) = (other.bins(), column.bins()) else { return None };
    let (a, b) = ((a.edges(), reference.counts), (b.edges(), current.counts));
    let bracket = ks::bracket_apart(a, b)?;
    Some(Ks::new(bracket, reference, current, level))
}

// === impl Ks ===

impl Ks {
    fn new(bracket: Bracket, reference: &Side<'_>, current: &Side<'_>, level: f64) -> Ks {
        let present = |side: &Side<'_>| side.quality.rows - side.quality.missing();
        let (n, m) = (present(reference), present(current));
        let Bracket { low, high } = bracket;
        let critical = super::chance::ks_critical(level, n, m);
        Ks { low, high, critical, p: ks::limit_p(low, n, m) }
    }
}

/// The groups of bins that have a row on either side, that of missing values last.
fn groups_with_missing(column: &Column, reference: &Side<'_>, current: &Side<'_>) -> Vec<Bin> {
    let mut bins = groups::bins(column, reference.counts, current.counts);
    let (reference, current) = (reference.quality.missing(), current.quality.missing());
    bins.push(Bin { reference, current });
    // A group that is empty on both sides says nothing, and the 1 that PSI adds to every count
    // would say something.
    bins.retain(|bin| bin.reference > 0 || bin.current > 0);
    bins
}

/// Wasserstein distance where all rows of a bin have its one value; what is outside counts as the
/// least or the greatest of them.
fn between_values(fine: &[Bin], values: &[f64]) -> Option<f64> {
    let shares = shares(fine)?;
    let (mut apart, mut distance) = (0.0, 0.0);
    // The first bin lies below the first value.
    let mut shares = shares.into_iter();
    apart += shares.next().map_or(0.0, |(p, q)| p - q);
    for ((p, q), pair) in shares.zip(values.windows(2)) {
        apart += p - q;
        distance += f64::abs(apart) * (pair[1] - pair[0]);
    }
    Some(distance)
}
