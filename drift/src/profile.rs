//! Counters of rows over a baseline's bins, which add up exactly.
//!
//! Filled by `window` from row files, by `pane` from scoring threads and by `baseline` itself; read
//! by `analyze`. All counters are whole numbers (and extremes), so that adding is exact and in any
//! order: files, replicas and minutes can be counted apart and summed.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use collector::PRIVACY;
use rayon::prelude::*;

use crate::baseline::{Baseline, Bins, Column, beside};
use crate::error::Error;
use crate::{numbers, texts};

#[cfg(test)]
mod tests;

/// Values of a batch from which on its columns are counted by several threads.
const MANY: usize = 1 << 14;

/// What was counted over one baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    baseline: Arc<Baseline>,
    rows: u64,
    /// Of all columns, as [`Baseline::place`] has them.
    counters: Vec<u64>,
    /// Least and greatest finite value of each column.
    ranges: Vec<Range>,
}

/// Least and greatest value; the other way round while there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

/// What was counted of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally<'a> {
    counters: &'a [u64],
    range: Range,
}

// === impl Profile ===

impl Profile {
    /// Nothing counted yet.
    pub fn new(baseline: &Arc<Baseline>) -> Profile {
        let counters = vec![0; baseline.counters()];
        let ranges = vec![Range::NONE; baseline.columns().len()];
        Profile { baseline: Arc::clone(baseline), rows: 0, counters, ranges }
    }

    /// Counts the rows of `batch`. A column is found by its name in row files or, for an input,
    /// without its side; one that is not there counts no row ([`Tally::rows`] tells), nor does one
    /// under a privacy rule: its values are no longer those that the model was given, and buckets
    /// and nulls would be called drift ([`Tally::covered`] tells).
    ///
    /// # Errors
    /// [`Error::Kind`] for a column of another type, and then the batch is not counted.
    pub fn fold(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let found: Vec<_> = self.baseline.columns().iter().map(|c| Found::of(c, batch)).collect();
        for (column, found) in self.baseline.columns().iter().zip(&found) {
            found.check(column)?;
        }
        let rows = batch.num_rows();
        let mut work = Vec::with_capacity(found.len());
        let mut rest = &mut self.counters[..];
        let ranges = self.ranges.iter_mut();
        for ((at, found), range) in found.iter().enumerate().zip(ranges) {
            let (counters, after) = rest.split_at_mut(self.baseline.place(at).len());
            rest = after;
            work.push((&self.baseline.columns()[at], found, counters, range));
        }
        if work.len() * rows < MANY {
            for (column, found, counters, range) in work {
                found.count(column, counters, range);
            }
        } else {
            work.into_par_iter()
                .for_each(|(column, found, counters, range)| found.count(column, counters, range));
        }
        self.rows += rows as u64;
        Ok(())
    }

    /// Adds what `other` has counted.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when it counts over another baseline.
    pub fn merge(&mut self, other: &Profile) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.baseline, &other.baseline) && self.baseline != other.baseline {
            return Err(Error::Mismatch);
        }
        self.rows = self.rows.saturating_add(other.rows);
        for (count, more) in self.counters.iter_mut().zip(&other.counters) {
            *count = count.saturating_add(*more);
        }
        for (range, more) in self.ranges.iter_mut().zip(&other.ranges) {
            range.merge(more);
        }
        Ok(())
    }

    /// Adds counters that came from elsewhere.
    pub(crate) fn add(&mut self, rows: u64, counters: impl Iterator<Item = (usize, u64)>) {
        self.rows = self.rows.saturating_add(rows);
        for (place, count) in counters {
            // From files, which need not be sound.
            self.counters[place] = self.counters[place].saturating_add(count);
        }
    }

    /// Widens the range of a column.
    pub(crate) fn widen(&mut self, column: usize, range: &Range) {
        self.ranges[column].merge(range);
    }

    /// The range of a column.
    pub(crate) fn range(&self, column: usize) -> Range {
        self.ranges[column]
    }

    /// What it counts over.
    pub fn baseline(&self) -> &Arc<Baseline> {
        &self.baseline
    }

    /// Rows seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Each column of the baseline with its counters.
    pub fn columns(&self) -> impl Iterator<Item = (&Column, Tally<'_>)> {
        let columns = self.baseline.columns().iter().enumerate();
        columns.map(|(at, column)| (column, self.tally(at)))
    }

    /// The counters of column number `at`.
    pub(crate) fn tally(&self, at: usize) -> Tally<'_> {
        Tally { counters: &self.counters[self.baseline.place(at)], range: self.ranges[at] }
    }
}

// === impl Tally ===

impl<'a> Tally<'a> {
    /// Rows in each bin of the baseline.
    pub fn counts(&self) -> &'a [u64] {
        &self.counters[..self.counters.len() - beside::ALL]
    }

    /// One of the counters beside the bins.
    pub(crate) fn beside(&self, which: usize) -> u64 {
        self.counters[self.counters.len() - beside::ALL + which]
    }

    /// Rows without a value.
    pub fn nulls(&self) -> u64 {
        self.beside(beside::NULLS)
    }

    /// Rows whose value is not a number.
    pub fn nans(&self) -> u64 {
        self.beside(beside::NANS)
    }

    /// Rows without a value: null or NaN.
    pub fn missing(&self) -> u64 {
        self.nulls() + self.nans()
    }

    /// Rows with an infinite value, which are in a bin, too.
    pub fn infinite(&self) -> u64 {
        self.beside(beside::INFINITE)
    }

    /// Rows not counted, for their values are under a privacy rule.
    pub fn covered(&self) -> u64 {
        self.beside(beside::COVERED)
    }

    /// Rows with a value.
    pub fn present(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// Rows counted for this column: in bins or missing.
    pub fn rows(&self) -> u64 {
        self.present() + self.missing()
    }

    /// Least and greatest finite value, if there is one.
    pub fn range(&self) -> Option<(f64, f64)> {
        (self.range.min <= self.range.max).then_some((self.range.min, self.range.max))
    }
}

// === impl Range ===

impl Range {
    /// Of no value.
    pub(crate) const NONE: Range = Range { min: f64::INFINITY, max: f64::NEG_INFINITY };

    #[inline]
    pub(crate) fn take(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    pub(crate) fn merge(&mut self, other: &Range) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// A column of a batch, as far as it can be counted.
#[derive(Debug)]
enum Found<'a> {
    Absent,
    /// So many rows are under a privacy rule.
    Covered(usize),
    Values(&'a dyn Array),
}

// === impl Found ===

impl<'a> Found<'a> {
    fn of(column: &Column, batch: &'a RecordBatch) -> Found<'a> {
        let schema = batch.schema_ref();
        let place = schema.index_of(column.name()).ok().or_else(|| {
            let short = (!column.is_output()).then(|| column.short_name())?;
            schema.index_of(short).ok()
        });
        match place {
            None => Found::Absent,
            Some(place) if schema.field(place).metadata().contains_key(PRIVACY) => {
                Found::Covered(batch.num_rows())
            }
            Some(place) => Found::Values(batch.column(place).as_ref()),
        }
    }

    fn check(&self, column: &Column) -> Result<(), Error> {
        let Found::Values(array) = self else { return Ok(()) };
        let kind = array.data_type();
        let fits = match column.bins() {
            Bins::Numbers(_) => numbers::is_countable(kind),
            Bins::Categories(_) => texts::is_text(kind),
        };
        fits.then_some(()).ok_or_else(|| Error::kind(column.name(), kind))
    }

    fn count(&self, column: &Column, counters: &mut [u64], range: &mut Range) {
        let (bins, beside) = counters.split_at_mut(column.bins().len());
        match (self, column.bins()) {
            (Found::Absent, _) => {}
            (Found::Covered(rows), _) => beside[beside::COVERED] += *rows as u64,
            (Found::Values(array), Bins::Numbers(numbers)) => {
                beside[beside::NULLS] += array.logical_null_count() as u64;
                let mut missing = 0;
                numbers::for_each(*array, |value| match value {
                    Some(value) => {
                        bins[numbers.bin(value)] += 1;
                        if value.is_finite() {
                            range.take(value + 0.0);
                        } else {
                            beside[beside::INFINITE] += 1;
                        }
                    }
                    None => missing += 1,
                });
                beside[beside::NANS] += missing - array.logical_null_count() as u64;
            }
            (Found::Values(array), Bins::Categories(categories)) => {
                texts::for_each(*array, |text| match text {
                    Some(text) => bins[categories.bin(text)] += 1,
                    None => beside[beside::NULLS] += 1,
                });
            }
        }
    }
}
