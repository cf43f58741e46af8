//! One Parquet file in the making: records in, bytes out.
//!
//! Driven by `sink`. Records are gathered into chunks, transposed by `batch` and encoded as they
//! come, so that closing a file costs little more than its last chunk.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::batch::batch;
use crate::counts::Ledger;
use crate::error::Error;
use crate::row::Record;
use crate::schema::{RowSchema, column};

#[cfg(test)]
mod tests;

/// A chunk is encoded at so many rows, or bytes in memory.
const CHUNK_ROWS: usize = 4096;
const CHUNK_BYTES: usize = 8 << 20;

/// Bounds what a reader must hold at once, and what the writer does.
const ROW_GROUP_ROWS: usize = 131_072;
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Share of absent request ids that the bloom filter lets through.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

const ZSTD_LEVEL: i32 = 1;

/// Footer keys.
const SCHEMA_HASH: &str = "skeg.schema_hash";
const COLLECTOR_VERSION: &str = "skeg.collector_version";
/// The endpoint's accounts in this process when the file was closed, as JSON.
const COUNTS: &str = "skeg.counts";

/// An open file.
pub(crate) struct FileWriter {
    schema: Arc<RowSchema>,
    writer: ArrowWriter<Vec<u8>>,
    chunk: Vec<Record>,
    chunk_rows: usize,
    chunk_bytes: usize,
}

// === impl FileWriter ===

impl FileWriter {
    /// # Errors
    /// [`Error::Encode`] should Parquet refuse the schema.
    pub(crate) fn new(schema: Arc<RowSchema>) -> Result<FileWriter, Error> {
        let properties = properties(&schema).map_err(|error| refused(&schema, &error))?;
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(schema.arrow()), Some(properties))
            .map_err(|error| refused(&schema, &error))?;
        Ok(FileWriter { schema, writer, chunk: Vec::new(), chunk_rows: 0, chunk_bytes: 0 })
    }

    /// Adds a record of `bytes` bytes in memory.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Encode`]; the file is then of no use.
    pub(crate) fn push(&mut self, record: Record, bytes: usize) -> Result<(), Error> {
        self.chunk_rows += record.rows;
        self.chunk_bytes += bytes;
        self.chunk.push(record);
        if self.chunk_rows >= CHUNK_ROWS || self.chunk_bytes >= CHUNK_BYTES {
            self.encode_chunk()?;
        }
        Ok(())
    }

    /// The whole file. `counts` goes to the footer.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Encode`].
    pub(crate) fn finish(mut self, counts: &Ledger) -> Result<Bytes, Error> {
        self.encode_chunk()?;
        let FileWriter { schema, mut writer, .. } = self;
        let note = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        writer.append_key_value_metadata(note(SCHEMA_HASH, schema.hash().to_owned()));
        let version = env!("CARGO_PKG_VERSION").to_owned();
        writer.append_key_value_metadata(note(COLLECTOR_VERSION, version));
        writer.append_key_value_metadata(note(COUNTS, json(counts)));
        writer.into_inner().map(Bytes::from).map_err(|error| refused(&schema, &error))
    }

    fn encode_chunk(&mut self) -> Result<(), Error> {
        let batch = batch(&self.schema, &self.chunk)?;
        self.chunk.clear();
        (self.chunk_rows, self.chunk_bytes) = (0, 0);
        self.writer.write(&batch).map_err(|error| refused(&self.schema, &error))
    }
}

/// Parquet's defaults are uncompressed, statistics per page, row groups of a million rows. Minima
/// and maxima of floats come in IEEE 754 total order; readers that do not know it pass over them.
fn properties(schema: &RowSchema) -> Result<WriterProperties, ParquetError> {
    let path = |name: &str| ColumnPath::from(name);
    let mut builder = WriterProperties::builder()
        .set_created_by(format!("skeg {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES));
    builder = builder
        .set_column_dictionary_enabled(path(column::REQUEST_ID), false)
        .set_column_bloom_filter_fpp(path(column::REQUEST_ID), BLOOM_FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(path(column::REQUEST_ID), ROW_GROUP_ROWS as u64);
    for name in [column::EVENT_TIME, column::LATENCY_US] {
        builder = plain(builder, name, Encoding::DELTA_BINARY_PACKED);
    }
    // Features are mostly distinct: a dictionary would cost memory and save nothing.
    for block in schema.blocks().iter().filter(|block| block.is_float()) {
        for name in &block.columns {
            builder = plain(builder, name, Encoding::BYTE_STREAM_SPLIT);
        }
    }
    Ok(builder.build())
}

fn plain(
    builder: WriterPropertiesBuilder,
    name: &str,
    encoding: Encoding,
) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(ColumnPath::from(name), false)
        .set_column_encoding(ColumnPath::from(name), encoding)
}

/// `{"offered":3,"dropped.buffer_full":0,...}`; the keys need no escaping.
fn json(counts: &Ledger) -> String {
    let mut json = String::from("{");
    for (place, (stage, reason, rows)) in counts.stages().into_iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let dot = if reason.is_empty() { "" } else { "." };
        // Writing to a String cannot fail.
        let _ = write!(json, "{comma}\"{stage}{dot}{reason}\":{rows}");
    }
    json.push('}');
    json
}

fn refused(schema: &RowSchema, error: &ParquetError) -> Error {
    Error::Encode { of: schema.label(), why: error.to_string() }
}
