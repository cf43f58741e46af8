//! The labels of rows, in memory: the last of each row, found by request id and row index.
//!
//! Labels come after their rows, so all days from the window's first on are read; which of them
//! meet a row is not known before the rows are read, so all are kept, up to a limit.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, TimeUnit};
use futures_util::TryStreamExt;
use object_store::ObjectStore;

use super::{Opened, opened, typed};
use crate::error::Error;
use crate::labels::encode::name;
use crate::labels::path::{LabelsPath, ROOT};
use crate::path::endpoint_prefix;
use crate::read::file::broken;
use crate::read::listed;
use crate::schema::column;

#[cfg(test)]
mod tests;

/// Longest text of a label or a request id, bytes; a posted one is shorter by far.
const MAX_TEXT: usize = 65_536;

/// What may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) labels: usize,
    /// Bytes of their texts.
    pub(super) bytes: usize,
}

/// At most about 10 GiB in memory.
pub(super) const LIMITS: Limits = Limits { labels: 50_000_000, bytes: 4 << 30 };

/// The label that holds.
#[derive(Clone, Debug, PartialEq)]
struct Truth {
    label: Box<str>,
    value: Option<f64>,
    time_us: i64,
    received_us: i64,
}

/// The labels of an endpoint.
#[derive(Debug)]
pub(super) struct Truths {
    limits: Limits,
    bytes: usize,
    /// By [`key`].
    rows: HashMap<Box<[u8]>, Truth>,
}

/// The columns that labels add to rows.
pub(super) fn fields() -> [Field; 3] {
    [
        Field::new(name::LABEL, DataType::Utf8, true),
        Field::new(name::VALUE, DataType::Float64, true),
        Field::new(name::TIME, utc(), true),
    ]
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

// === impl Truths ===

impl Truths {
    /// The labels of an endpoint that came on the UTC day of `from_us` or later.
    ///
    /// # Errors
    /// Those of `read`, and [`Error::Export`] past the limits.
    pub(super) async fn read(
        store: &dyn ObjectStore,
        endpoint: &str,
        from_us: i64,
        limits: Limits,
    ) -> Result<Self, Error> {
        let root = endpoint_prefix(ROOT, endpoint)?;
        let mut paths = listed(store, endpoint, root, 1, &(from_us..i64::MAX), |object| {
            LabelsPath::parse(object.location.as_ref()).ok()
        })
        .await?;
        paths.sort();
        let paths = paths.iter().map(LabelsPath::object).collect();
        let names = [
            column::REQUEST_ID,
            column::ROW_INDEX,
            name::LABEL,
            name::VALUE,
            name::TIME,
            column::RECEIVED_AT,
        ];
        let names = names.map(str::to_owned).to_vec();
        let mut ahead = std::pin::pin!(opened(store, paths, move |_| Ok(names.clone())));
        let mut truths = Self { limits, bytes: 0, rows: HashMap::new() };
        while let Some(Opened { object, mut batches, mut first }) = ahead.try_next().await? {
            while let Some(batch) = first {
                truths.add(&batch).map_err(|why| broken(&object, why))?;
                if truths.rows.len() > limits.labels || truths.bytes > limits.bytes {
                    return Err(truths.too_many(endpoint));
                }
                first = batches.next(store).await?;
            }
        }
        Ok(truths)
    }

    fn too_many(&self, endpoint: &str) -> Error {
        let Limits { labels, bytes } = self.limits;
        let why = format!(
            "since the first day of the window came more than {labels} labels, or {bytes} bytes of \
             them: ask for a later window, or join the files yourself"
        );
        Error::Export { endpoint: endpoint.to_owned(), why }
    }

    /// Of several labels of a row holds the one with the latest time, then the last received, then
    /// the last in the order of files and lines.
    fn add(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let requests = typed(batch, column::REQUEST_ID, &DataType::Utf8)?.as_string::<i32>();
        let indexes = typed(batch, column::ROW_INDEX, &DataType::UInt32)?;
        let indexes = indexes.as_primitive::<UInt32Type>();
        let labels = typed(batch, name::LABEL, &DataType::Utf8)?.as_string::<i32>();
        let [times, received] = [name::TIME, column::RECEIVED_AT].map(|name| {
            Ok::<_, String>(typed(batch, name, &utc())?.as_primitive::<TimestampMicrosecondType>())
        });
        let (times, received) = (times?, received?);
        let values = batch.column_by_name(name::VALUE);
        let values = values.and_then(|column| column.as_primitive_opt::<Float64Type>());
        let values = values.ok_or_else(|| format!("column `{}` is not Float64", name::VALUE))?;
        let mut found = Vec::new();
        for row in 0..batch.num_rows() {
            let (request, label) = (requests.value(row), labels.value(row));
            if request.len() > MAX_TEXT || label.len() > MAX_TEXT {
                return Err(format!("a label or a request id of more than {MAX_TEXT} bytes"));
            }
            key(request, indexes.value(row), &mut found);
            let truth = Truth {
                label: label.into(),
                value: (!values.is_null(row)).then(|| values.value(row)),
                time_us: times.value(row),
                received_us: received.value(row),
            };
            match self.rows.get_mut(found.as_slice()) {
                None => {
                    self.bytes += found.len() + label.len();
                    self.rows.insert(found.as_slice().into(), truth);
                }
                Some(held) if truth.since() >= held.since() => {
                    self.bytes = self.bytes + label.len() - held.label.len();
                    *held = truth;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The columns of [`fields`] for these rows, and how many of them have a label.
    ///
    /// # Errors
    /// What is wrong with the rows: no request ids or row indexes.
    pub(super) fn of(&self, rows: &RecordBatch) -> Result<([ArrayRef; 3], u64), String> {
        let requests = typed(rows, column::REQUEST_ID, &DataType::Utf8)?.as_string::<i32>();
        let indexes = typed(rows, column::ROW_INDEX, &DataType::UInt32)?;
        let indexes = indexes.as_primitive::<UInt32Type>();
        let (mut labels, mut values) = (StringBuilder::new(), Float64Builder::new());
        let mut times = TimestampMicrosecondBuilder::new().with_timezone("UTC");
        let (mut wanted, mut labelled) = (Vec::new(), 0);
        for row in 0..rows.num_rows() {
            key(requests.value(row), indexes.value(row), &mut wanted);
            let truth = self.rows.get(wanted.as_slice());
            labels.append_option(truth.map(|truth| &truth.label));
            values.append_option(truth.and_then(|truth| truth.value));
            times.append_option(truth.map(|truth| truth.time_us));
            labelled += u64::from(truth.is_some());
        }
        let columns: [ArrayRef; 3] =
            [Arc::new(labels.finish()), Arc::new(values.finish()), Arc::new(times.finish())];
        Ok((columns, labelled))
    }
}

// === impl Truth ===

impl Truth {
    fn since(&self) -> (i64, i64) {
        (self.time_us, self.received_us)
    }
}

/// The row's name as one text of bytes, which is looked for without being copied: the index has a
/// fixed length, so no two rows share a key.
fn key(request_id: &str, row_index: u32, to: &mut Vec<u8>) {
    to.clear();
    to.extend_from_slice(request_id.as_bytes());
    to.extend_from_slice(&row_index.to_be_bytes());
}
