//! The one file: Parquet with bounded row groups, or CSV.

use std::io::Write;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::Format;
use super::text::texts;
use crate::encode::{COLLECTOR_VERSION, of_rows, plain};
use crate::labels::encode::name::VALUE;
use crate::schema::column;

#[cfg(test)]
mod tests;

/// A file that is being written.
pub(super) enum Output<W: Write + Send> {
    Parquet(Box<ArrowWriter<W>>),
    Csv(W),
}

// === impl Output ===

impl<W: Write + Send> Output<W> {
    /// # Errors
    /// What Parquet or `to` says.
    pub(super) fn new(format: Format, schema: SchemaRef, mut to: W) -> Result<Self, String> {
        match format {
            Format::Parquet => {
                let properties = properties(&schema).map_err(|error| error.to_string())?;
                let writer = ArrowWriter::try_new(to, schema, Some(properties));
                Ok(Self::Parquet(Box::new(writer.map_err(|error| error.to_string())?)))
            }
            Format::Csv => {
                let mut line = String::new();
                let names = schema.fields().iter().map(|field| Some(field.name().as_str()));
                names.enumerate().for_each(|(at, name)| field(&mut line, at, name, true));
                end(&mut line, schema.fields().len());
                to.write_all(line.as_bytes()).map_err(|error| error.to_string())?;
                Ok(Self::Csv(to))
            }
        }
    }

    /// # Errors
    /// What Parquet or the file says.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), String> {
        match self {
            Self::Parquet(writer) => writer.write(rows).map_err(|error| error.to_string()),
            Self::Csv(to) => lines(rows, to),
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// What Parquet or the file says.
    pub(super) fn finish(self) -> Result<(), String> {
        let mut to = match self {
            Self::Parquet(mut writer) => {
                let (key, version) = (COLLECTOR_VERSION.to_owned(), env!("CARGO_PKG_VERSION"));
                writer.append_key_value_metadata(KeyValue::new(key, version.to_owned()));
                writer.into_inner().map_err(|error| error.to_string())?
            }
            Self::Csv(to) => to,
        };
        to.flush().map_err(|error| error.to_string())
    }
}

/// As of rows files; see `encode`.
fn properties(schema: &SchemaRef) -> Result<WriterProperties, ParquetError> {
    let mut builder = of_rows()?;
    for field in schema.fields().iter().filter(|field| field.name() != VALUE) {
        let name = field.name().as_str();
        if [column::EVENT_ID, column::REQUEST_ID].contains(&name) {
            builder = builder.set_column_dictionary_enabled(ColumnPath::from(name), false);
        }
        if matches!(field.data_type(), DataType::Float32 | DataType::Float64) {
            builder = plain(builder, name, Encoding::BYTE_STREAM_SPLIT);
        }
    }
    Ok(builder.build())
}

fn lines(rows: &RecordBatch, to: &mut impl Write) -> Result<(), String> {
    let columns: Option<Vec<_>> =
        rows.columns().iter().map(|column| texts(column).map(|texts| (column, texts))).collect();
    let columns = columns.ok_or("a column of a type that has no text")?;
    let (mut line, mut value) = (String::new(), String::new());
    for row in 0..rows.num_rows() {
        line.clear();
        for (at, (column, texts)) in columns.iter().enumerate() {
            let is_text = *column.data_type() == DataType::Utf8;
            if column.is_null(row) {
                field(&mut line, at, None, is_text);
            } else {
                value.clear();
                texts(row, &mut value);
                field(&mut line, at, Some(&value), is_text);
            }
        }
        end(&mut line, columns.len());
        to.write_all(line.as_bytes()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Appends a field: quoted where RFC 4180 wants it, and when empty, as null is written so without.
fn field(line: &mut String, at: usize, value: Option<&str>, is_text: bool) {
    if at > 0 {
        line.push(',');
    }
    let Some(value) = value else { return };
    let quoted = is_text && (value.is_empty() || value.contains(['"', ',', '\n', '\r']));
    if quoted {
        line.push('"');
        line.push_str(&value.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(value);
    }
}

/// Ends a line. One without anything on it would be passed over by readers.
fn end(line: &mut String, columns: usize) {
    if columns == 1 && line.is_empty() {
        line.push_str("\"\"");
    }
    line.push('\n');
}
