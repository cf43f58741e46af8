//! Rows -> JSON lines as Azure Machine Learning's model data collector writes them.
//!
//! Made by `encode` beside a Parquet file, of the same batches, when a workspace is set: its
//! monitors read them as those of its own endpoints. A line is a CloudEvent with the rows of one
//! request, the inputs in one file and the outputs in another. Like the Parquet file, the same rows
//! make the same lines.

use std::io::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, FieldRef};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::columns::Rows;
use crate::schema::{RowSchema, column};

#[cfg(test)]
mod tests;

/// Root of all lines, as the collector of Azure has it.
pub(crate) const ROOT: &str = "modelDataCollector";

/// The sides of a request: what stands before the names of their columns, and their collections.
const SIDES: [(&str, &str); 2] = [("in.", "model_inputs"), ("out.", "model_outputs")];

/// About how many times as long rows are as JSON than in the spool.
pub(crate) const TIMES: usize = 8;

/// A line with more bytes of rows is divided: Azure's collector moves what is over 4 MB out of its
/// line, to where few readers follow.
const MOST_DATA: usize = 1 << 20;

/// How a line begins, before its id.
const START: &[u8] = br#"{"specversion":"1.0","id":""#;
const ID: usize = 36;

/// The lines of the rows of one Parquet file. They are in memory as a whole.
#[derive(Debug)]
pub(crate) struct Lines {
    sides: Vec<Side>,
    /// Who scored, as Azure names it.
    source: String,
    version: String,
}

/// One side's.
#[derive(Debug)]
struct Side {
    collection: &'static str,
    /// Columns of the batches by their place, each with its name in JSON and a colon.
    columns: Vec<(usize, Vec<u8>)>,
    /// Rows that have no line yet, each with a comma behind it, and where the last of them begins.
    data: Vec<u8>,
    last: usize,
    lines: Vec<u8>,
}

/// What a line says of its request.
struct Head<'a> {
    /// The name of its first row.
    event_id: &'a str,
    time_us: i64,
    request_id: &'a str,
    correlation_id: &'a str,
}

// === impl Lines ===

impl Lines {
    /// None yet, of rows of `schema`. `workspace` is an ARM id.
    pub(crate) fn new(workspace: &str, schema: &RowSchema) -> Self {
        let of = schema.source();
        let side = |(prefix, collection): (&str, &'static str)| {
            let fields = schema.arrow().fields().iter().enumerate();
            let own = |(place, field): (usize, &FieldRef)| {
                let mut name = Vec::new();
                put(&mut name, field.name().strip_prefix(prefix)?);
                name.push(b':');
                Some((place, name))
            };
            let columns: Vec<_> = fields.filter_map(own).collect();
            let side = Side { collection, columns, data: Vec::new(), last: 0, lines: Vec::new() };
            (!side.columns.is_empty()).then_some(side)
        };
        Self {
            sides: SIDES.into_iter().filter_map(side).collect(),
            source: format!(
                "{workspace}/onlineEndpoints/{}/deployments/{}",
                of.endpoint, of.deployment
            ),
            version: of.version.clone(),
        }
    }

    /// Adds the lines of `all`, whose columns are in `batch`.
    pub(crate) fn add(&mut self, all: &[Rows<'_>], batch: &RecordBatch) {
        let event_ids = batch.column_by_name(column::EVENT_ID);
        let event_id = |row| event_ids.map_or("", |ids| ids.as_string::<i32>().value(row));
        let mut next = 0;
        for rows in all {
            let (start, entry) = (next, &rows.entry);
            next += entry.rows as usize;
            let mut first = start;
            for row in start..next {
                self.sides.iter_mut().for_each(|side| side.row(batch, row));
                // Both sides are divided between the same rows: monitors join them by place.
                if row > first && self.sides.iter().any(|side| side.data.len() > MOST_DATA) {
                    self.end(rows, (first - start, event_id(first)), |side| side.last);
                    first = row;
                }
            }
            if first < next {
                self.end(rows, (first - start, event_id(first)), |side| side.data.len());
            }
        }
    }

    /// Ends a line of `rows` on each side: from row number `first` of them up to where `end` says.
    fn end(
        &mut self,
        rows: &Rows<'_>,
        (first, event_id): (usize, &str),
        end: impl Fn(&Side) -> usize,
    ) {
        let entry = &rows.entry;
        let id = entry.correlation_id.unwrap_or(entry.request_id);
        // Azure's monitors join rows by the line's id and their place in it: a second line of the
        // same id would have each of its rows joined with one of the first, too.
        let divided;
        let correlation_id = match entry.first_row as usize + first {
            0 => id,
            row => {
                divided = format!("{id}-{row}");
                &divided
            }
        };
        let (time_us, request_id) = (entry.time_us, entry.request_id);
        let head = Head { event_id, time_us, request_id, correlation_id };
        for side in &mut self.sides {
            side.line(&head, end(side), (&self.source, &self.version));
        }
    }

    /// The files: of which collection, and its lines.
    pub(crate) fn files(self) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        self.sides.into_iter().map(|side| (side.collection, side.lines))
    }
}

// === impl Side ===

impl Side {
    fn row(&mut self, batch: &RecordBatch, row: usize) {
        self.last = self.data.len();
        let out = &mut self.data;
        out.push(b'{');
        for (number, (place, name)) in self.columns.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
            cell(out, batch.column(*place), row);
        }
        out.extend_from_slice(b"},");
    }

    /// Makes a line of the rows in `data` up to `end`.
    fn line(&mut self, head: &Head<'_>, end: usize, (source, version): (&str, &str)) {
        // One bracket takes the place of the last comma.
        let length = end + 1;
        // As Azure's collector has it; the Parquet file has the whole of it.
        let seconds = head.time_us.div_euclid(1_000_000);
        let time = jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
        let out = &mut self.lines;
        out.push(b'{');
        texts(
            out,
            [
                ("specversion", "1.0"),
                ("id", &id(head.event_id, self.collection)),
                ("source", source),
                ("type", &format!("azureml.inference.{}", self.collection)),
                ("datacontenttype", "application/json"),
                ("time", &time),
            ],
        );
        out.extend_from_slice(b"\"data\":[");
        out.extend_from_slice(&self.data[..end.saturating_sub(1)]);
        out.extend_from_slice(b"],");
        self.data.drain(..end);
        texts(
            out,
            [
                ("contentrange", &format!("bytes 0-{}/{length}", length - 1)),
                ("correlationid", head.correlation_id),
                ("xrequestid", head.request_id),
                ("modelversion", version),
                ("collectdatatype", "pandas.core.frame.DataFrame"),
                ("agent", concat!("skeg/", env!("CARGO_PKG_VERSION"))),
            ],
        );
        out.pop();
        out.extend_from_slice(b"}\n");
    }
}

/// Whether two files are of the same rows: another version of the program, or with another
/// workspace, makes them otherwise.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    first_id(one).is_some_and(|id| first_id(other) == Some(id))
}

fn first_id(file: &[u8]) -> Option<&[u8]> {
    file.strip_prefix(START)?.get(..ID)
}

/// The id of the line that begins with that row: a UUID of version 8 (RFC 9562, 5.8).
fn id(event_id: &str, collection: &str) -> String {
    let hash = Sha256::digest(format!("{event_id}/{collection}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// A value in JSON, which has no NaN and no infinity: those are null, as pandas has it.
fn cell(out: &mut Vec<u8>, column: &ArrayRef, row: usize) {
    if column.is_null(row) {
        return put(out, &());
    }
    match column.data_type() {
        DataType::Boolean => put(out, &column.as_boolean().value(row)),
        DataType::UInt8 => put(out, &column.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => put(out, &column.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => put(out, &column.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => put(out, &column.as_primitive::<UInt64Type>().value(row)),
        DataType::Int8 => put(out, &column.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => put(out, &column.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => put(out, &column.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => put(out, &column.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => put(out, &column.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => put(out, &column.as_primitive::<Float64Type>().value(row)),
        // No other type is in a block.
        _ => put(out, column.as_string::<i32>().value(row)),
    }
}

/// Texts by their keys, with a comma behind each.
fn texts<const N: usize>(out: &mut Vec<u8>, texts: [(&str, &str); N]) {
    for (key, text) in texts {
        // Writing to memory cannot fail.
        let _ = write!(out, "\"{key}\":");
        put(out, text);
        out.push(b',');
    }
}

/// A value in JSON: of a number the fewest digits that give it back in its own type.
fn put<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing a number, a text or nothing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}
