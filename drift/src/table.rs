//! A Parquet or CSV file as record batches, read a piece at a time: memory does not grow with it.
//!
//! Used by `baseline` and the offline comparison, which read a file more than once: [`Table`] keeps
//! what was found out about it. Refuses files of any other kind, by their first bytes, and columns
//! that are not there. A file need not be trusted: should a decoder panic over it, that is an
//! error.
//!
//! **CSV** has a header line. A column's type is the narrowest of whole number, 64-bit float, truth
//! value, date, instant and text that all its cells are; the whole file is read for it. Cells
//! without a value are empty or one of pandas' words for it ([`NULLS`]).

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_csv::ReaderBuilder;
use arrow_csv::reader::Format;
use arrow_schema::{ArrowError, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;
use regex::Regex;

use crate::error::Error;

#[cfg(test)]
mod tests;

/// What stands for a missing value in a CSV cell, beside nothing at all: `pandas.read_csv`'s words.
pub const NULLS: &str = "#N/A|N/A|n/a|NA|<NA>|NaN|-NaN|nan|-nan|NULL|null|None";

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// The first bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// A file of rows.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    source: Source,
    form: Form,
    schema: SchemaRef,
    rows: u64,
}

/// Where its bytes are.
#[derive(Clone, Debug)]
enum Source {
    Disk(PathBuf),
    Memory(Bytes),
}

#[derive(Clone, Debug)]
enum Form {
    Parquet(ArrowReaderMetadata),
    Csv(Format),
}

/// The batches of a file, in its order. After an error there are no more.
pub struct Batches {
    path: PathBuf,
    inner: Option<Inner>,
}

type Inner = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

// === impl Table ===

impl Table {
    /// Finds out the columns of a file, by its footer or, for CSV, by reading it through.
    ///
    /// # Errors
    /// [`Error::File`] for one that cannot be read or is neither Parquet nor CSV with a header.
    pub fn open(path: &Path) -> Result<Table, Error> {
        Table::of(path.to_owned(), Source::Disk(path.to_owned()))
    }

    /// The same of a file whose bytes are here; `path` is what errors call it.
    ///
    /// # Errors
    /// [`Error::File`] for one that is neither Parquet nor CSV with a header.
    pub fn of_bytes(path: &str, bytes: Bytes) -> Result<Table, Error> {
        Table::of(path.into(), Source::Memory(bytes))
    }

    fn of(path: PathBuf, source: Source) -> Result<Table, Error> {
        let (form, schema, rows) = guarded(&path, || source.form())?;
        Ok(Table { path, source, form, schema, rows })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of its columns once unpacked, as a Parquet footer has them; 0 for CSV.
    pub(crate) fn unpacked_bytes(&self) -> u64 {
        let Form::Parquet(metadata) = &self.form else { return 0 };
        let groups = metadata.metadata().row_groups().iter();
        let bytes = groups.map(|group| u64::try_from(group.total_byte_size()).unwrap_or(u64::MAX));
        bytes.fold(0, u64::saturating_add)
    }

    /// Its rows, of some of its columns; in the file's order of columns, not the given one.
    ///
    /// # Errors
    /// [`Error::NoColumn`] for a column that it has not, [`Error::File`] for a file that is no
    /// longer there.
    pub fn batches<S: AsRef<str>>(&self, columns: &[S]) -> Result<Batches, Error> {
        let place = |name: &S| {
            let name = name.as_ref();
            self.schema.index_of(name).map_err(|_| Error::NoColumn(name.to_owned()))
        };
        let mut places = columns.iter().map(place).collect::<Result<Vec<usize>, Error>>()?;
        places.sort_unstable();
        places.dedup();
        let inner = guarded(&self.path, || self.reader(places))?;
        Ok(Batches { path: self.path.clone(), inner: Some(inner) })
    }

    fn reader(&self, places: Vec<usize>) -> Result<Inner, Why> {
        Ok(match (&self.form, &self.source) {
            (Form::Parquet(metadata), Source::Disk(path)) => {
                parquet(File::open(path)?, metadata, places)?
            }
            (Form::Parquet(metadata), Source::Memory(bytes)) => {
                parquet(bytes.clone(), metadata, places)?
            }
            (Form::Csv(format), source) => {
                let builder = ReaderBuilder::new(Arc::clone(&self.schema));
                let builder = builder.with_format(format.clone()).with_batch_size(BATCH_ROWS);
                Box::new(builder.with_projection(places).build_buffered(source.read()?)?)
            }
        })
    }
}

fn parquet(
    bytes: impl ChunkReader + 'static,
    metadata: &ArrowReaderMetadata,
    places: Vec<usize>,
) -> Result<Inner, Why> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata.clone());
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    Ok(Box::new(builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()?))
}

// === impl Source ===

impl Source {
    fn read(&self) -> std::io::Result<Box<dyn BufRead + Send>> {
        Ok(match self {
            Source::Disk(path) => Box::new(BufReader::new(File::open(path)?)),
            Source::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }

    /// What kind of file it is, its columns and its rows.
    fn form(&self) -> Result<(Form, SchemaRef, u64), Why> {
        let mut magic = Vec::with_capacity(PARQUET.len());
        self.read()?.take(PARQUET.len() as u64).read_to_end(&mut magic)?;
        if magic == PARQUET {
            let metadata = match self {
                Source::Disk(path) => {
                    ArrowReaderMetadata::load(&File::open(path)?, Default::default())?
                }
                Source::Memory(bytes) => ArrowReaderMetadata::load(bytes, Default::default())?,
            };
            let rows = u64::try_from(metadata.metadata().file_metadata().num_rows())?;
            let schema = Arc::clone(metadata.schema());
            return Ok((Form::Parquet(metadata), schema, rows));
        }
        let nulls = Regex::new(&format!("^({NULLS})?$")).expect("a sound expression");
        let format = Format::default().with_header(true).with_null_regex(nulls);
        let (schema, rows) = format.infer_schema(self.read()?, None)?;
        if schema.fields().is_empty() {
            return Err("it has no header of column names".into());
        }
        Ok((Form::Csv(format), schema.into(), rows as u64))
    }
}

/// Whatever a reader says against a file.
type Why = Box<dyn std::error::Error + Send + Sync>;

/// Runs a decoder, which meets bytes of unknown making: should it panic, that is the file's fault.
fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T, Why>) -> Result<T, Error> {
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    let decoded = decoded.unwrap_or_else(|_| Err("the decoder panicked over it".into()));
    decoded.map_err(|why| Error::File { path: path.display().to_string(), why: why.to_string() })
}

// === impl Batches ===

impl Iterator for Batches {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let inner = self.inner.as_mut()?;
        let next = guarded(&self.path, || Ok(inner.next().transpose()?)).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.inner = None;
        }
        next
    }
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("path", &self.path).finish_non_exhaustive()
    }
}
