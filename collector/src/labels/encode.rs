//! One Parquet file of labels: posts in, bytes out.
//!
//! The schema is frozen: a reader of today reads the files of every version.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::Label;
use crate::encode::{BATCH, COLLECTOR_VERSION, ours};
use crate::error::Error;
use crate::schema::column;

#[cfg(test)]
mod tests;

/// Columns beside those that rows files have, too.
pub(crate) mod name {
    /// Text: the label, a number as it was written.
    pub(crate) const LABEL: &str = "label";
    /// float64 or null: the label, if it is a number, or 1 and 0 for true and false.
    pub(crate) const VALUE: &str = "label_value";
    /// timestamp(us, UTC): since when the label holds.
    pub(crate) const TIME: &str = "label_time";
}

/// Share of absent request ids that the bloom filter lets through.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// Labels that came together.
#[derive(Debug)]
pub(super) struct Posted<'a> {
    pub(super) labels: &'a [Label],
    /// When, unix microseconds.
    pub(super) received_us: i64,
}

/// The file with the labels of an endpoint; `batch` is `boot/seq`.
///
/// # Errors
/// [`Error::Encode`] should Parquet or Arrow refuse.
pub(super) fn file(endpoint: &str, posts: &[Posted<'_>], batch: &str) -> Result<Bytes, Error> {
    let refused = |why: String| Error::Encode { of: format!("labels of {endpoint}"), why };
    let columns = columns(endpoint, posts);
    let labels = RecordBatch::try_new(Arc::new(schema()), columns);
    let labels = labels.map_err(|error| refused(error.to_string()))?;
    let write = || {
        let properties = properties(labels.num_rows())?;
        let mut writer = ArrowWriter::try_new(Vec::new(), labels.schema(), Some(properties))?;
        writer.write(&labels)?;
        let note = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
        writer.append_key_value_metadata(note(COLLECTOR_VERSION, env!("CARGO_PKG_VERSION")));
        writer.append_key_value_metadata(note(BATCH, batch));
        writer.into_inner()
    };
    write().map(Bytes::from).map_err(|error| refused(error.to_string()))
}

fn columns(endpoint: &str, posts: &[Posted<'_>]) -> Vec<ArrayRef> {
    let all = || posts.iter().flat_map(|post| post.labels);
    let texts = |of: fn(&Label) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all().map(of)))
    };
    let received = posts.iter().flat_map(|post| post.labels.iter().map(|_| post.received_us));
    vec![
        texts(|label| &label.request_id),
        Arc::new(UInt32Array::from_iter_values(all().map(|label| label.row_index))),
        texts(|label| &label.label),
        Arc::new(all().map(|label| label.value).collect::<Float64Array>()),
        times(all().map(|label| label.time_us)),
        times(received),
        Arc::new(StringArray::from_iter_values(all().map(|_| endpoint))),
    ]
}

fn times(times: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
}

fn schema() -> Schema {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let field = |name: &str, kind| Field::new(name, kind, false);
    Schema::new(vec![
        field(column::REQUEST_ID, DataType::Utf8),
        field(column::ROW_INDEX, DataType::UInt32),
        field(name::LABEL, DataType::Utf8),
        Field::new(name::VALUE, DataType::Float64, true),
        field(name::TIME, time()),
        field(column::RECEIVED_AT, time()),
        field(column::ENDPOINT_NAME, DataType::Utf8),
    ])
}

fn properties(labels: usize) -> Result<WriterProperties, ParquetError> {
    let request_id = || ColumnPath::from(column::REQUEST_ID);
    Ok(ours()?
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_dictionary_enabled(request_id(), false)
        .set_column_bloom_filter_fpp(request_id(), BLOOM_FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(request_id(), labels as u64)
        .build())
}
