//! Training rows -> a baseline: gathers each feature's values, sorts them, sets edges and counts.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{Array, RecordBatch};
use arrow_schema::Schema;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use rayon::prelude::*;

use super::edges::edges;
use super::file::check_name;
use super::{Baseline, Feature, MAX_FEATURES, Skipped, bin};
use crate::error::Error;
use crate::numbers;

/// Most values held at once: 1 GiB of them.
const MAX_VALUES: u64 = 1 << 27;

/// The values of all features, as read so far.
#[derive(Debug)]
pub(crate) struct Gather {
    rows: u64,
    columns: Vec<Column>,
    skipped: Vec<Skipped>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Neither null nor NaN.
    values: Vec<f64>,
    missing: u64,
}

/// The rows of a Parquet file, decoding numeric features only.
pub(crate) fn parquet(bytes: Bytes, features: Option<&[String]>) -> Result<Baseline, Error> {
    // The decoder meets bytes of unknown making: should it panic, that is the file's fault.
    catch_unwind(AssertUnwindSafe(|| read(bytes, features))).unwrap_or_else(|_| {
        Err(Error::Parquet(ParquetError::General("the decoder panicked over them".to_owned())))
    })
}

fn read(bytes: Bytes, features: Option<&[String]>) -> Result<Baseline, Error> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = builder.schema();
    let mut gather = match features {
        Some(features) => Gather::new(schema, features)?,
        None => {
            let all: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
            Gather::new(schema, &all)?
        }
    };
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(u64::MAX);
    gather.check_size(rows)?;
    let wanted = gather.columns.iter().filter_map(|column| schema.index_of(&column.name).ok());
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    for batch in builder.with_projection(mask).build()? {
        gather.add(&batch.map_err(ParquetError::from)?)?;
    }
    gather.finish()
}

// === impl Gather ===

impl Gather {
    /// Room for the features among the columns of `schema`.
    pub(crate) fn new(schema: &Schema, features: &[String]) -> Result<Gather, Error> {
        if features.len() > MAX_FEATURES {
            let (got, max) = (features.len() as u64, MAX_FEATURES as u64);
            return Err(Error::TooLarge { what: "features", got, max });
        }
        let mut gather = Gather { rows: 0, columns: Vec::new(), skipped: Vec::new() };
        let mut seen = HashSet::new();
        for name in features {
            check_name(name).map_err(Error::Features)?;
            if !seen.insert(name) {
                return Err(Error::Features(format!("`{name}` stands there twice")));
            }
            let field = schema.field_with_name(name).map_err(|_| Error::NoColumn(name.clone()))?;
            let name = name.clone();
            if numbers::is_number(field.data_type()) {
                gather.columns.push(Column { name, values: Vec::new(), missing: 0 });
            } else {
                gather.skipped.push(Skipped { name, found: field.data_type().to_string() });
            }
        }
        if gather.columns.is_empty() {
            return Err(Error::Features("none of them holds numbers".to_owned()));
        }
        Ok(gather)
    }

    /// Takes the rows of one batch.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let rows = batch.num_rows() as u64;
        self.check_size(rows)?;
        for column in &mut self.columns {
            let array = batch.column_by_name(&column.name);
            column.add(array.ok_or_else(|| Error::NoColumn(column.name.clone()))?)?;
        }
        self.rows += rows;
        Ok(())
    }

    /// The baseline of all rows taken.
    pub(crate) fn finish(self) -> Result<Baseline, Error> {
        if self.rows == 0 {
            return Err(Error::NoRows);
        }
        let features = self.columns.into_par_iter().map(Column::finish).collect();
        Ok(Baseline { rows: self.rows, features, skipped: self.skipped })
    }

    /// Whether `more` rows still fit.
    fn check_size(&self, more: u64) -> Result<(), Error> {
        let got = self.rows.saturating_add(more).saturating_mul(self.columns.len() as u64);
        if got > MAX_VALUES {
            return Err(Error::TooLarge { what: "training rows x features", got, max: MAX_VALUES });
        }
        Ok(())
    }
}

// === impl Column ===

impl Column {
    fn add(&mut self, array: &dyn Array) -> Result<(), Error> {
        let numeric = numbers::for_each(array, |value| match value {
            // Adding 0 turns -0 into 0: one value, one bin.
            Some(value) => self.values.push(value + 0.0),
            None => self.missing += 1,
        });
        let found = array.data_type();
        numeric.then_some(()).ok_or_else(|| Error::NotNumeric {
            column: self.name.clone(),
            found: found.to_string(),
        })
    }

    fn finish(mut self) -> Feature {
        self.values.sort_unstable_by(f64::total_cmp);
        let edges = edges(&self.values);
        let mut counts = vec![0; edges.len() + 1];
        for value in &self.values {
            counts[bin(&edges, *value)] += 1;
        }
        let finite = |value: &&f64| value.is_finite();
        let min = self.values.iter().find(finite);
        let max = self.values.iter().rev().find(finite);
        let range = min.copied().zip(max.copied());
        Feature { name: self.name, edges, counts, missing: self.missing, range }
    }
}
