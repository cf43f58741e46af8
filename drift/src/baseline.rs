//! The reference that travels with a model version: bins and counts of each column, inputs and
//! outputs.
//!
//! Made from training rows when a version is registered, stored as `baseline.json`, read back by
//! whoever counts live rows over it (`pane`, `window`). Refuses no rows, no column that can be
//! counted, a named column that is not there, and files whose numbers do not add up.
//!
//! **Names** are those of row files: `in.amount`, `out.probability`. A column of the training rows
//! without such a beginning is an input.
//!
//! **Numbers.** `k` edges `e1 < ... < ek` make `k + 1` bins `(-inf, e1], (e1, e2], ..., (ek,
//! +inf)`: a value equal to an edge belongs to the bin below it. The first and the last bin lie
//! outside of the reference's range, about 1,000 quantiles of it in between
//! (`baseline/edges.rs`). Truth values are the numbers 0 and 1.
//!
//! **Categories.** One bin for each of the most frequent texts and a last one for all others.
//!
//! Nulls, NaN and infinite values are counted beside the bins (an infinite value in a bin, too).

use std::collections::HashMap;
use std::ops::Range;

use crate::error::Error;
use build::Build;
use guide::Guide;

mod build;
mod edges;
mod file;
mod guide;
mod learn;
mod rows;

#[cfg(test)]
mod tests;

pub use rows::Rows;

/// Most columns of one baseline.
pub const MAX_COLUMNS: usize = 4096;

/// What stands before the name of an input's column.
pub const INPUT: &str = "in.";
/// The same of an output's.
pub const OUTPUT: &str = "out.";

/// Reference histograms of one model version's columns. Immutable.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    rows: u64,
    columns: Vec<Column>,
    skipped: Vec<Skipped>,
    /// Where each column's counters begin among all; one more than columns.
    places: Vec<usize>,
    /// Numbers of columns by their names.
    numbers: HashMap<String, usize>,
}

/// One column of the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    bins: Bins,
    /// One for each bin; with nulls and NaN they sum to the baseline's rows.
    counts: Vec<u64>,
    nulls: u64,
    nans: u64,
    infinite: u64,
}

/// What a column's values are counted by.
#[derive(Clone, Debug, PartialEq)]
pub enum Bins {
    /// Ranges of numbers.
    Numbers(Numbers),
    /// Texts.
    Categories(Categories),
}

/// Bins of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Finite, strictly rising; upper ends of all bins but the last.
    edges: Vec<f64>,
    /// Whether each bin inside of the range has one value of the reference, so that the edges tell
    /// the values.
    is_distinct: bool,
    /// Where to search among them.
    guide: Guide,
    /// None without a finite value.
    summary: Option<Summary>,
}

/// What the reference's finite values are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample (divided by n - 1); 0 for one value.
    pub std: f64,
}

/// Bins of texts.
#[derive(Clone, Debug)]
pub struct Categories {
    /// Most frequent first.
    names: Vec<String>,
    places: HashMap<String, usize>,
}

/// A column of the training rows that is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Why not, such as its type.
    pub why: String,
}

/// Counters of a column beside those of its bins.
pub(crate) mod beside {
    /// Rows without a value.
    pub(crate) const NULLS: usize = 0;
    /// Rows whose value is not a number.
    pub(crate) const NANS: usize = 1;
    /// Rows with an infinite value, which are in a bin, too.
    pub(crate) const INFINITE: usize = 2;
    /// Rows not counted, for their values are under a privacy rule.
    pub(crate) const COVERED: usize = 3;
    /// How many there are.
    pub(crate) const ALL: usize = 4;
}

// === impl Baseline ===

impl Baseline {
    /// Counts `columns` over all rows, or every column; what is no number, truth value or text is
    /// noted in [`skipped`](Baseline::skipped). The rows are read twice, and of each column at most
    /// 65,536 values are held in memory; edges are exact quantiles of no more values than that, and
    /// of a sample beyond, while counts are always exact. The same rows give the same baseline.
    ///
    /// `progress` hears of rows read, over both passes.
    ///
    /// # Errors
    /// [`Error::NoRows`]; [`Error::Columns`] when none can be counted or one is named twice;
    /// [`Error::NoColumn`]; [`Error::Kind`] for a column that changes its type halfway;
    /// [`Error::TooLarge`] over 4096 columns; those of reading the rows.
    pub fn build(
        rows: &Rows<'_>,
        columns: Option<&[String]>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Baseline, Error> {
        Build::new(rows, columns)?.run(progress)
    }

    /// Reads a `baseline.json`; the bytes need not be trusted.
    ///
    /// # Errors
    /// [`Error::BaselineFile`] that says what is wrong; [`Error::TooLarge`] over 256 MiB.
    pub fn from_json(bytes: &[u8]) -> Result<Baseline, Error> {
        file::read(bytes)
    }

    /// The file: the same baseline gives the same bytes. `from_json` gives an equal baseline back.
    pub fn to_json(&self) -> String {
        file::write(self)
    }

    /// Rows of the reference, missing values included.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns that are compared, in the order of the training rows' or as they were named.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns that are not compared, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The same baseline with these columns beside those that are skipped, as far as there is room
    /// for them; names that cannot stand in the file are left out.
    #[must_use]
    pub fn skipping(mut self, more: impl IntoIterator<Item = Skipped>) -> Baseline {
        let sound = more.into_iter().filter(|skipped| file::check_name(&skipped.name).is_ok());
        let room = MAX_COLUMNS.saturating_sub(self.columns.len() + self.skipped.len());
        self.skipped.extend(sound.take(room));
        self
    }

    /// The same baseline without the columns that `fits` says something against, which are skipped
    /// for that.
    ///
    /// # Errors
    /// [`Error::Columns`] when none is left.
    pub fn retaining(
        self,
        fits: impl Fn(&Column) -> Result<(), String>,
    ) -> Result<Baseline, Error> {
        let (mut kept, mut skipped) = (Vec::new(), self.skipped);
        for column in self.columns {
            match fits(&column) {
                Ok(()) => kept.push(column),
                Err(why) => skipped.push(Skipped { name: column.name, why }),
            }
        }
        if kept.is_empty() {
            return Err(Error::Columns("none of them is one of the model's".to_owned()));
        }
        Ok(Baseline::new(self.rows, kept, skipped))
    }

    /// Of no column: for a model version that came without one, whose rows are counted all the
    /// same.
    pub fn none() -> Baseline {
        Baseline::new(0, Vec::new(), Vec::new())
    }

    fn new(rows: u64, columns: Vec<Column>, skipped: Vec<Skipped>) -> Baseline {
        let mut places = vec![0];
        for column in &columns {
            places.push(places[places.len() - 1] + column.counts.len() + beside::ALL);
        }
        let names = columns.iter().map(|column| column.name.clone());
        let numbers = names.zip(0..).collect();
        Baseline { rows, columns, skipped, places, numbers }
    }

    /// The number of the column of that name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Where the counters of column number `column` stand among all: its bins, then [`beside`].
    pub(crate) fn place(&self, column: usize) -> Range<usize> {
        self.places[column]..self.places[column + 1]
    }

    /// How many counters a profile has.
    pub fn counters(&self) -> usize {
        self.places[self.columns.len()]
    }
}

// === impl Column ===

impl Column {
    /// Its name in row files, with its side: `in.amount`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name without its side: `amount`.
    pub fn short_name(&self) -> &str {
        let name = self.name.strip_prefix(INPUT);
        name.or_else(|| self.name.strip_prefix(OUTPUT)).unwrap_or(&self.name)
    }

    /// Whether it is one of the model's outputs.
    pub fn is_output(&self) -> bool {
        self.name.starts_with(OUTPUT)
    }

    /// What its values are counted by.
    pub fn bins(&self) -> &Bins {
        &self.bins
    }

    /// Rows of the reference in each bin.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Rows of the reference without a value.
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// Rows of the reference whose value is not a number.
    pub fn nans(&self) -> u64 {
        self.nans
    }

    /// Rows of the reference with an infinite value.
    pub fn infinite(&self) -> u64 {
        self.infinite
    }

    /// Rows without a value: null or NaN.
    pub fn missing(&self) -> u64 {
        self.nulls + self.nans
    }

    /// A value in the middle of the reference, for numbers that have one.
    pub fn median(&self) -> Option<f64> {
        let Bins::Numbers(Numbers { edges, summary: Some(summary), .. }) = &self.bins else {
            return None;
        };
        let all: u64 = self.counts.iter().sum();
        let mut below = 0;
        let middle = self.counts.iter().position(|count| {
            below += count;
            2 * below >= all
        })?;
        let lower = middle.checked_sub(1).map_or(summary.min, |lower| edges[lower]);
        let upper = edges.get(middle).copied().unwrap_or(summary.max);
        Some((lower / 2.0 + upper / 2.0).clamp(summary.min, summary.max))
    }
}

// === impl Numbers ===

impl Numbers {
    fn new(edges: Vec<f64>, is_distinct: bool, summary: Option<Summary>) -> Numbers {
        // -0 becomes 0, so that edges are told apart as numbers are.
        let edges: Vec<f64> = edges.into_iter().map(|edge| edge + 0.0).collect();
        Numbers { guide: Guide::new(&edges), edges, is_distinct, summary }
    }

    /// Upper ends of all bins but the last.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// What the reference's finite values are like, if there are any.
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// The reference's distinct values, rising, where each has a bin of its own.
    pub fn values(&self) -> Option<Vec<f64>> {
        let summary = self.summary.filter(|_| self.is_distinct)?;
        let inner = self.edges.get(1..self.edges.len().saturating_sub(1))?;
        // An edge lies halfway between two values.
        let mut values = vec![summary.min];
        for edge in inner {
            let next = 2.0 * edge - values[values.len() - 1];
            values.push(next.clamp(summary.min, summary.max));
        }
        Some(values)
    }

    /// The bin of a value that is not NaN: the number of edges below it, so that a tie goes to the
    /// bin below the edge.
    #[inline]
    pub fn bin(&self, value: f64) -> usize {
        self.guide.below(&self.edges, value)
    }
}

// === impl Categories ===

impl Categories {
    fn new(names: Vec<String>) -> Categories {
        let places = names.iter().cloned().enumerate().map(|(place, name)| (name, place));
        Categories { places: places.collect(), names }
    }

    /// The texts that have a bin of their own, most frequent first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The bin of a text; the last one for a text that has none of its own.
    #[inline]
    pub fn bin(&self, text: &str) -> usize {
        self.places.get(text).copied().unwrap_or(self.names.len())
    }
}

impl PartialEq for Categories {
    fn eq(&self, other: &Categories) -> bool {
        self.names == other.names
    }
}

/// The name of a column as row files have it.
pub fn complete(name: &str) -> String {
    if name.starts_with(INPUT) || name.starts_with(OUTPUT) {
        return name.to_owned();
    }
    format!("{INPUT}{name}")
}
