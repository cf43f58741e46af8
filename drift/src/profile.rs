//! Counters of live rows over a baseline's bins, which add up exactly.
//!
//! Filled by `window` from row files, read by `analyze`. Adding is exact and in any order, so
//! files, replicas and minutes can be counted apart and summed.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use collector::PRIVACY;

use crate::baseline::{Baseline, Feature};
use crate::error::Error;
use crate::numbers;

#[cfg(test)]
mod tests;

/// What was counted over one baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    baseline: Arc<Baseline>,
    rows: u64,
    /// One for each feature of the baseline.
    tallies: Vec<Tally>,
}

/// What was counted for one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    counts: Vec<u64>,
    missing: u64,
    below_min: u64,
    above_max: u64,
    covered: u64,
}

// === impl Profile ===

impl Profile {
    /// Nothing counted yet.
    pub fn new(baseline: &Arc<Baseline>) -> Profile {
        let tallies = baseline.features().iter().map(Tally::new).collect();
        Profile { baseline: Arc::clone(baseline), rows: 0, tallies }
    }

    /// Counts the rows of `batch`. Feature `f` is read from column `prefix + f`; a feature whose
    /// column is not there counts no row ([`Tally::rows`] tells), nor does one whose column is
    /// under a privacy rule: its values are no longer those that the model was given, and buckets
    /// and nulls would be called drift ([`Tally::covered`] tells).
    ///
    /// # Errors
    /// [`Error::NotNumeric`], and then nothing of the batch is counted.
    pub fn fold(&mut self, batch: &RecordBatch, prefix: &str) -> Result<(), Error> {
        let columns: Vec<_> = self.baseline.features().iter().map(|f| column(f, prefix)).collect();
        let is_covered = |name: &str| {
            let field = batch.schema_ref().column_with_name(name);
            field.is_some_and(|(_, field)| field.metadata().contains_key(PRIVACY))
        };
        let covered: Vec<bool> = columns.iter().map(|name| is_covered(name)).collect();
        let open = |(name, covered): (&String, &bool)| {
            (!covered).then(|| batch.column_by_name(name)).flatten()
        };
        let arrays: Vec<_> = columns.iter().zip(&covered).map(open).collect();
        for (name, array) in columns.iter().zip(&arrays) {
            match array.map(|array| array.data_type()) {
                Some(found) if !numbers::is_number(found) => {
                    let (column, found) = (name.clone(), found.to_string());
                    return Err(Error::NotNumeric { column, found });
                }
                _ => {}
            }
        }
        for ((tally, feature), array) in
            self.tallies.iter_mut().zip(self.baseline.features()).zip(arrays)
        {
            if let Some(array) = array {
                tally.fold(feature, array);
            }
        }
        for (tally, _) in self.tallies.iter_mut().zip(covered).filter(|(_, covered)| *covered) {
            tally.covered += batch.num_rows() as u64;
        }
        self.rows += batch.num_rows() as u64;
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
        self.rows += other.rows;
        for (tally, more) in self.tallies.iter_mut().zip(&other.tallies) {
            tally.merge(more);
        }
        Ok(())
    }

    /// What it counts over.
    pub fn baseline(&self) -> &Arc<Baseline> {
        &self.baseline
    }

    /// Rows seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Each feature of the baseline with its counters.
    pub fn features(&self) -> impl Iterator<Item = (&Feature, &Tally)> {
        self.baseline.features().iter().zip(&self.tallies)
    }
}

/// The column that holds a feature.
pub(crate) fn column(feature: &Feature, prefix: &str) -> String {
    format!("{prefix}{}", feature.name())
}

// === impl Tally ===

impl Tally {
    fn new(feature: &Feature) -> Tally {
        let counts = vec![0; feature.counts().len()];
        Tally { counts, missing: 0, below_min: 0, above_max: 0, covered: 0 }
    }

    fn fold(&mut self, feature: &Feature, array: &dyn Array) {
        // Compared as the 32-bit floats that most models take, so that a training value is not out
        // of range for having been rounded.
        let min = feature.min().map_or(f32::NEG_INFINITY, |min| min as f32);
        let max = feature.max().map_or(f32::INFINITY, |max| max as f32);
        numbers::for_each(array, |value| match value {
            None => self.missing += 1,
            Some(value) => {
                self.counts[feature.bin(value)] += 1;
                self.below_min += u64::from((value as f32) < min);
                self.above_max += u64::from((value as f32) > max);
            }
        });
    }

    fn merge(&mut self, other: &Tally) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.missing += other.missing;
        self.below_min += other.below_min;
        self.above_max += other.above_max;
        self.covered += other.covered;
    }

    /// Rows in each bin of the baseline.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Rows without a value (null or NaN).
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Rows below the baseline's least value.
    pub fn below_min(&self) -> u64 {
        self.below_min
    }

    /// Rows above the baseline's greatest value.
    pub fn above_max(&self) -> u64 {
        self.above_max
    }

    /// Rows not counted, for their values are under a privacy rule.
    pub fn covered(&self) -> u64 {
        self.covered
    }

    /// Rows counted for this feature: in bins or missing.
    pub fn rows(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.missing
    }
}
