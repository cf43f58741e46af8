//! One Parquet file: a group's rows in, bytes out.
//!
//! Called by `sink` for each file of a batch. Rows are transposed by `columns` and encoded a chunk
//! at a time. The same rows make the same file.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::azureml::Lines;
use crate::columns::{Rows, columns};
use crate::error::Error;
use crate::privacy::PRIVACY;
use crate::schema::{RowSchema, column};
use crate::sink::plan::Group;
use crate::spool::tally::{Count, Tally};

#[cfg(test)]
mod tests;

/// A chunk is encoded at so many rows.
const CHUNK_ROWS: usize = 4096;

/// Bounds what a reader must hold at once, and what the writer does.
pub(crate) const ROW_GROUP_ROWS: usize = 131_072;
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Share of absent request ids that the bloom filter lets through.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

const ZSTD_LEVEL: i32 = 1;

/// Footer keys.
const SCHEMA_HASH: &str = "skeg.schema_hash";
/// What identifies the baseline of the rows' model version, if it has one.
const BASELINE: &str = "skeg.baseline";
pub(crate) const COLLECTOR_VERSION: &str = "skeg.collector_version";
/// Which batch of which life the file is of: `boot/batch/hash of its plan`.
pub(crate) const BATCH: &str = "skeg.batch";
/// What was counted for the file's lanes and hour since the batch before, as JSON.
pub(crate) const COUNTS: &str = "skeg.counts";

/// What a file says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Footer {
    /// Which batch of which life.
    pub(crate) batch: String,
    /// When the batch was planned, unix microseconds.
    pub(crate) received_us: i64,
    /// What was counted for its lanes and hour.
    pub(crate) counts: Tally,
}

/// The file with the rows of a group, whose `lines` are made on the way if they are asked for.
///
/// # Errors
/// [`Error::Shape`] for rows that are not of the group's schema, [`Error::Encode`] should Parquet
/// or Arrow refuse.
pub(crate) fn file(
    group: &Group<'_>,
    footer: &Footer,
    lines: &mut Option<Lines>,
) -> Result<Bytes, Error> {
    let schema = &group.schema;
    let refused = |error: ParquetError| refused(schema, &error);
    let properties = properties(schema).map_err(refused)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(schema.arrow()), Some(properties))
        .map_err(refused)?;
    for chunk in chunks(&group.rows) {
        let batch = columns(schema, chunk, footer.received_us)?;
        writer.write(&batch).map_err(refused)?;
        if let Some(lines) = lines {
            lines.add(chunk, &batch);
        }
    }
    let note = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    writer.append_key_value_metadata(note(SCHEMA_HASH, schema.hash().to_owned()));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    writer.append_key_value_metadata(note(COLLECTOR_VERSION, version));
    writer.append_key_value_metadata(note(BATCH, footer.batch.clone()));
    writer.append_key_value_metadata(note(COUNTS, json(footer.counts)));
    if let Some(baseline) = &schema.source().baseline {
        writer.append_key_value_metadata(note(BASELINE, baseline.clone()));
    }
    if let Some(rules) = schema.rules() {
        let rules = serde_json::to_string(rules).unwrap_or_default();
        writer.append_key_value_metadata(note(PRIVACY, rules));
    }
    writer.into_inner().map(Bytes::from).map_err(refused)
}

/// The rows in pieces of so many that a chunk has; a request's rows stay together.
fn chunks<'r, 's>(mut rows: &'r [Rows<'s>]) -> impl Iterator<Item = &'r [Rows<'s>]> {
    std::iter::from_fn(move || {
        let mut count = 0;
        let end = rows.iter().position(|one| {
            let is_full = count >= CHUNK_ROWS;
            count += one.entry.rows as usize;
            is_full
        });
        let (chunk, rest) = rows.split_at(end.unwrap_or(rows.len()));
        rows = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// What all files of ours have: who made them, and a compression, which is not Parquet's default.
pub(crate) fn ours() -> Result<WriterPropertiesBuilder, ParquetError> {
    let zstd = ZstdLevel::try_new(ZSTD_LEVEL)?;
    let maker = format!("skeg {}", env!("CARGO_PKG_VERSION"));
    Ok(WriterProperties::builder().set_created_by(maker).set_compression(Compression::ZSTD(zstd)))
}

/// Those of a file of rows: Parquet's defaults are statistics per page, row groups of a million
/// rows. Minima and maxima of floats come in IEEE 754 total order; readers that do not know it pass
/// over them.
pub(crate) fn of_rows() -> Result<WriterPropertiesBuilder, ParquetError> {
    Ok(ours()?
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES)))
}

fn properties(schema: &RowSchema) -> Result<WriterProperties, ParquetError> {
    let path = |name: &str| ColumnPath::from(name);
    let mut builder = of_rows()?
        .set_column_dictionary_enabled(path(column::EVENT_ID), false)
        .set_column_dictionary_enabled(path(column::REQUEST_ID), false)
        .set_column_bloom_filter_fpp(path(column::REQUEST_ID), BLOOM_FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(path(column::REQUEST_ID), ROW_GROUP_ROWS as u64);
    for name in [column::EVENT_TIME, column::LATENCY_US] {
        builder = plain(builder, name, Encoding::DELTA_BINARY_PACKED);
    }
    // Features are mostly distinct: a dictionary would cost memory and save nothing.
    for block in schema.stored().iter().filter(|block| block.is_float()) {
        for name in &block.columns {
            builder = plain(builder, name, Encoding::BYTE_STREAM_SPLIT);
        }
    }
    Ok(builder.build())
}

/// A column without a dictionary, in such an encoding.
pub(crate) fn plain(
    builder: WriterPropertiesBuilder,
    name: &str,
    encoding: Encoding,
) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(ColumnPath::from(name), false)
        .set_column_encoding(ColumnPath::from(name), encoding)
}

/// `{"offered":3,"dropped.spool_full":0,...}`; the keys need no escaping.
fn json(counts: Tally) -> String {
    let named = Count::ALL.map(|count| {
        let (stage, reason) = count.name();
        let dot = if reason.is_empty() { "" } else { "." };
        (format!("{stage}{dot}{reason}"), counts[count])
    });
    serde_json::to_string(&BTreeMap::from(named)).unwrap_or_default()
}

fn refused(schema: &RowSchema, error: &ParquetError) -> Error {
    Error::Encode { of: schema.label(), why: error.to_string() }
}
