//! Counters -> verdicts: how far each column of a profile lies from its reference, whether that
//! matters, and whether it is chance.
//!
//! Called by `report`. Pure: the same profiles and thresholds give the same analysis. A file a
//! step: `groups` puts fine bins together, `measure` takes the distances, `chance` says how likely
//! they are without drift, `judge` makes verdicts of both.
//!
//! **What is compared**: a profile with its baseline ([`analyze`]), or with another profile, such
//! as the window before or another deployment in the same window ([`analyze_against`]).
//!
//! **Verdict** of a column.
//! - `drift`: a distance is at or above its threshold (the effect matters) *and* chance is ruled
//!   out for it: its p-value is rejected at the wanted confidence over all tests of the deployment
//!   together (Benjamini-Hochberg). A handful of rows can reach this when they differ enough.
//! - `insufficient data`: not drift, but with so few rows, on either side, a distance as large as
//!   the threshold could not be told from chance.
//! - `ok`: not drift, and drift of that size would have shown.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::baseline::{Bins, Column};
use crate::profile::{Profile, Tally};

mod chance;
pub(crate) mod groups;
mod judge;
mod measure;
mod thresholds;

#[cfg(test)]
mod tests;

pub use measure::{Ks, Measures, Psi};
pub use thresholds::Thresholds;

/// The answer; a later one is worse than an earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Drift that matters would have shown, and did not.
    Ok,
    /// Too few rows to tell.
    #[serde(rename = "insufficient data")]
    InsufficientData,
    /// A difference that matters and is not chance.
    Drift,
}

/// Verdicts on one deployment's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Live rows.
    pub rows: u64,
    /// Rows of the reference.
    pub reference_rows: u64,
    /// In the baseline's order, without those of which no row can be compared.
    pub columns: Vec<ColumnAnalysis>,
    /// Columns that have rows under a privacy rule, which are not compared.
    pub covered: Vec<String>,
    /// Columns that the reference has not, or counts by other bins.
    pub incomparable: Vec<String>,
}

/// Verdict on one column and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnAnalysis {
    /// Its name in row files.
    pub name: String,
    /// The worst that can be said.
    pub verdict: Verdict,
    /// The measures that are drift: "psi", "ks".
    pub drifting: Vec<&'static str>,
    /// How far the two sides lie apart.
    pub measures: Measures,
    /// Live rows and what is wrong with them.
    pub current: Quality,
    /// The same of the reference.
    pub reference: Quality,
}

/// Rows of one side of a comparison, by whether they have a sound value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Rows counted for this column; 0 when row files have no such column.
    pub rows: u64,
    /// Of them, without a value.
    pub nulls: u64,
    /// Of them, not a number.
    pub nans: u64,
    /// Of them, infinite.
    pub infinite: u64,
    /// Of them, below the baseline's least value.
    pub below: u64,
    /// Of them, above the baseline's greatest value.
    pub above: u64,
    /// Of them, a text without a bin of its own.
    pub unseen: u64,
}

/// One side's counters of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side<'a> {
    pub(crate) counts: &'a [u64],
    pub(crate) quality: Quality,
}

/// Judges each column of a profile against the profile's baseline.
pub fn analyze(profile: &Profile, thresholds: &Thresholds) -> Analysis {
    let pairs = profile.columns().map(|(column, tally)| {
        let reference = (column, Side::of_baseline(column));
        (column, Some(reference), Side::of(column, &tally), tally.covered())
    });
    judge::all(pairs, (profile.baseline().rows(), profile.rows()), thresholds)
}

/// Judges each column of a profile against the same column of another profile, which may be over
/// another baseline: of numbers with other bins only the Kolmogorov-Smirnov distance can be said,
/// and categories with other bins are [`incomparable`](Analysis::incomparable).
pub fn analyze_against(
    reference: &Profile,
    profile: &Profile,
    thresholds: &Thresholds,
) -> Analysis {
    let pairs = profile.columns().map(|(column, tally)| {
        let other = reference.columns().find(|(other, _)| other.name() == column.name());
        let other = other.filter(|(other, _)| match (other.bins(), column.bins()) {
            (Bins::Numbers(_), Bins::Numbers(_)) => true,
            (other, bins) => other == bins,
        });
        let covered = tally.covered() + other.map_or(0, |(_, tally)| tally.covered());
        let reference = other.map(|(other, tally)| (other, Side::of(other, &tally)));
        (column, reference, Side::of(column, &tally), covered)
    });
    judge::all(pairs, (reference.rows(), profile.rows()), thresholds)
}

// === impl Side ===

impl<'a> Side<'a> {
    fn of_baseline(column: &'a Column) -> Side<'a> {
        let (nulls, nans) = (column.nulls(), column.nans());
        Side::new(column, column.counts(), [nulls, nans, column.infinite()])
    }

    fn of(column: &Column, tally: &Tally<'a>) -> Side<'a> {
        Side::new(column, tally.counts(), [tally.nulls(), tally.nans(), tally.infinite()])
    }

    fn new(column: &Column, counts: &'a [u64], [nulls, nans, infinite]: [u64; 3]) -> Side<'a> {
        let groups::Outside { below, above, unseen } = groups::outside(column, counts);
        let rows = counts.iter().sum::<u64>() + nulls + nans;
        Side { counts, quality: Quality { rows, nulls, nans, infinite, below, above, unseen } }
    }
}

// === impl Quality ===

impl Quality {
    /// Rows without a value: null or NaN.
    pub fn missing(&self) -> u64 {
        self.nulls + self.nans
    }

    /// Rows with a value that the baseline has no place for.
    pub fn outside(&self) -> u64 {
        self.below + self.above + self.unseen
    }
}

// === impl Analysis ===

impl Analysis {
    /// The worst verdict of its columns.
    pub fn verdict(&self) -> Verdict {
        let worst = self.columns.iter().map(|column| column.verdict).max();
        worst.unwrap_or(Verdict::InsufficientData)
    }
}

// === impl Verdict ===

impl Verdict {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::InsufficientData => "insufficient data",
            Verdict::Drift => "drift",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
