//! The reference that travels with a model version: bins and counts of each numeric feature.
//!
//! Made from training rows when a version is registered, stored as `baseline.json`, read back by
//! `window`. Refuses no rows, no numeric feature, a named feature that is not there, and files
//! whose numbers do not add up.
//!
//! **Bins.** `k` edges `e1 < ... < ek` make `k + 1` bins `(-inf, e1], (e1, e2], ..., (ek, +inf)`: a
//! value equal to an edge belongs to the bin below it. Missing values (null or NaN) are counted
//! beside the bins. Where the edges come from: `baseline/edges.rs`.

use arrow_array::RecordBatch;
use bytes::Bytes;

use crate::error::Error;
use gather::Gather;

mod edges;
mod file;
mod gather;

#[cfg(test)]
mod tests;

/// Most features of one baseline.
pub const MAX_FEATURES: usize = 4096;

/// Reference histograms of one model version's numeric features. Immutable.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    rows: u64,
    features: Vec<Feature>,
    skipped: Vec<Skipped>,
}

/// One numeric feature of the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    name: String,
    /// Finite, strictly rising.
    edges: Vec<f64>,
    /// One more than edges; with `missing` they sum to the baseline's rows.
    counts: Vec<u64>,
    missing: u64,
    /// Least and greatest finite value, if there is one.
    range: Option<(f64, f64)>,
}

/// A column of the training rows that is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Its type, which holds no numbers.
    pub found: String,
}

// === impl Baseline ===

impl Baseline {
    /// Counts `features` over all rows of `batches`. A feature that holds no numbers (text, truth
    /// values, dates) is noted in [`skipped`](Baseline::skipped).
    ///
    /// All values are held in memory, 8 bytes each, to find exact deciles.
    ///
    /// # Errors
    /// [`Error::NoRows`]; [`Error::Features`] when none is numeric or one is named twice;
    /// [`Error::NoColumn`]; [`Error::NotNumeric`] for a column that stops being numbers halfway;
    /// [`Error::TooLarge`] over 4096 features or 2^27 values.
    pub fn build(
        batches: impl IntoIterator<Item = RecordBatch>,
        features: &[String],
    ) -> Result<Baseline, Error> {
        let mut batches = batches.into_iter().peekable();
        let first = batches.peek().ok_or(Error::NoRows)?;
        let mut gather = Gather::new(first.schema_ref(), features)?;
        for batch in batches {
            gather.add(&batch)?;
        }
        gather.finish()
    }

    /// Reads training rows from a Parquet file (plain, zstd or snappy). Without `features`, every
    /// column counts.
    ///
    /// # Errors
    /// As [`build`](Baseline::build), and [`Error::Parquet`] for bytes that are no Parquet.
    pub fn from_parquet(bytes: Bytes, features: Option<&[String]>) -> Result<Baseline, Error> {
        gather::parquet(bytes, features)
    }

    /// Reads a `baseline.json`; the bytes need not be trusted.
    ///
    /// # Errors
    /// [`Error::BaselineFile`] that says what is wrong; [`Error::TooLarge`] over 64 MiB.
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

    /// The numeric features, in the order of the training rows' columns or as they were named.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The columns that are not compared, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

// === impl Feature ===

impl Feature {
    /// Its name, without the prefix it has in row files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Upper ends of all bins but the last.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Rows in each bin.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Rows without a value (null or NaN).
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Least finite value, if there is any.
    pub fn min(&self) -> Option<f64> {
        self.range.map(|(min, _)| min)
    }

    /// Greatest finite value, if there is any.
    pub fn max(&self) -> Option<f64> {
        self.range.map(|(_, max)| max)
    }

    /// The bin of a value that is not NaN: an index into [`counts`](Feature::counts).
    pub fn bin(&self, value: f64) -> usize {
        bin(&self.edges, value)
    }
}

/// The number of edges below `value`, so that a tie goes to the bin below the edge.
fn bin(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge < value)
}
