//! The rows of a window in one file: of many files and schemas, joined with their labels.
//!
//! Two passes. The first reads footers, for the columns and types of all files (`union`); labels
//! are read into memory (`labels`); the second reads rows, a batch of one file at a time, and
//! writes them (`writer`) in the order of the files' paths. Whatever cannot be read fails the
//! export: rows that are missed in silence would be worse.

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow_select::filter::filter_record_batch;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::error::Error;
use crate::read::file::{Batches, Footer, broken};
use crate::read::{AT_ONCE, files};
use crate::schema::column;

use self::labels::Truths;
use self::union::{Union, widened};
use self::writer::Output;

mod labels;
mod text;
mod union;
mod writer;

/// Files that are opened before their turn.
const AHEAD: usize = 4;

/// Most that one file's columns may hold once decompressed, bytes; it passes through.
const MAX_FILE_BYTES: u64 = 64 << 30;

/// Cells written at once: missing columns are filled, so that a wide union costs memory.
const CELLS: usize = 1 << 22;

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet, zstd.
    Parquet,
    /// RFC 4180 with a header; null is an empty field, an empty text is `""`.
    Csv,
}

/// Which rows, and what of them.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of this endpoint.
    pub endpoint: String,
    /// With event times in it: unix microseconds, half-open.
    pub window: Range<i64>,
    /// Of this deployment only.
    pub deployment: Option<String>,
    /// Of this model only.
    pub model: Option<String>,
    /// Of this version only.
    pub version: Option<String>,
    /// These columns, in this order; all if none are named.
    pub columns: Option<Vec<String>>,
    /// With their labels, in three columns more.
    pub labels: bool,
    /// As such a file.
    pub format: Format,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows files that may have had rows of the window.
    pub files: usize,
    /// Rows.
    pub rows: u64,
    /// Rows that have a label.
    pub labelled: u64,
}

/// A file with its first batch.
struct Opened {
    object: Path,
    batches: Batches,
    first: Option<RecordBatch>,
}

/// Rows on their way from their files to the one.
struct Export<'a, W: Write + Send> {
    store: &'a dyn ObjectStore,
    wanted: &'a Wanted,
    schema: SchemaRef,
    /// How many columns of `schema` are of rows files.
    own: usize,
    truths: Option<Truths>,
    output: Output<W>,
    exported: Exported,
}

// === impl Wanted ===

impl Wanted {
    fn takes(&self, name: &str) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns.iter().any(|column| column == name))
    }

    fn failed(&self, why: impl std::fmt::Display) -> Error {
        Error::Export { endpoint: self.endpoint.clone(), why: why.to_string() }
    }
}

/// Writes the rows that are wanted to `to`. Nothing is written when no file may have any.
///
/// # Errors
/// [`Error::Name`], [`Error::Store`], [`Error::TooManyFiles`]; [`Error::File`] or
/// [`Error::NoColumn`] for a file that is no rows file; [`Error::UnknownColumn`];
/// [`Error::Export`] for too many columns or labels, or when `to` fails.
pub async fn export<W: Write + Send>(
    store: &dyn ObjectStore,
    wanted: &Wanted,
    to: W,
) -> Result<Exported, Error> {
    let paths = chosen(store, wanted).await?;
    if paths.is_empty() {
        return Ok(Exported::default());
    }
    let mut fields = fields(store, wanted, &paths).await?;
    let own = fields.len();
    let truths = if wanted.labels {
        fields.extend(labels::fields());
        Some(Truths::read(store, &wanted.endpoint, wanted.window.start, labels::LIMITS).await?)
    } else {
        None
    };
    let schema = Arc::new(Schema::new(fields));
    let output = Output::new(wanted.format, Arc::clone(&schema), to);
    let output = output.map_err(|why| wanted.failed(why))?;
    let exported = Exported { files: paths.len(), ..Exported::default() };
    let mut export = Export { store, wanted, schema, own, truths, output, exported };
    let names: HashSet<String> =
        export.schema.fields().iter().take(own).map(|field| field.name().clone()).collect();
    let mut ahead = std::pin::pin!(opened(store, paths, |footer| {
        let mut some: Vec<String> = Vec::new();
        let has = footer.fields()?;
        some.extend(
            has.iter().map(|field| field.name().clone()).filter(|name| names.contains(name)),
        );
        let joined = [column::REQUEST_ID, column::ROW_INDEX].into_iter().filter(|_| wanted.labels);
        for name in joined.chain([column::EVENT_TIME]) {
            if !some.iter().any(|one| one == name) {
                some.push(name.to_owned());
            }
        }
        Ok(some)
    }));
    while let Some(opened) = ahead.try_next().await? {
        export.file(opened).await?;
    }
    let Export { output, exported, .. } = export;
    output.finish().map_err(|why| wanted.failed(why))?;
    Ok(exported)
}

/// The files that may have rows that are wanted, in the order of their paths.
async fn chosen(store: &dyn ObjectStore, wanted: &Wanted) -> Result<Vec<Path>, Error> {
    let Wanted { deployment, model, version, .. } = wanted;
    let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|one| one == name);
    let mut files = files(store, &wanted.endpoint, wanted.window.clone()).await?;
    files.retain(|file| {
        is(deployment, file.path.deployment())
            && is(model, file.path.model())
            && is(version, file.path.version())
    });
    Ok(files.into_iter().map(|file| file.path.object()).collect())
}

/// The columns of all files that are wanted.
async fn fields(
    store: &dyn ObjectStore,
    wanted: &Wanted,
    paths: &[Path],
) -> Result<Vec<Field>, Error> {
    let mut union = Union::default();
    let reads = stream::iter(paths.to_vec());
    let reads = reads.map(|object| async move {
        let fields = Footer::read(store, &object).await?.fields()?;
        Ok::<_, Error>((object, fields))
    });
    let mut reads = reads.buffered(AT_ONCE);
    while let Some((object, fields)) = reads.try_next().await? {
        union.add(&fields, |name| wanted.takes(name)).map_err(|why| broken(&object, why))?;
    }
    let fields = union.fields(wanted.columns.as_deref());
    let fields = fields.map_err(|column| Error::UnknownColumn {
        endpoint: wanted.endpoint.clone(),
        column: column.to_owned(),
    })?;
    if fields.len() > union::MAX_COLUMNS {
        let why = format!("{} columns, at most {}", fields.len(), union::MAX_COLUMNS);
        return Err(wanted.failed(why));
    }
    let label = labels::fields()
        .into_iter()
        .find(|label| wanted.labels && fields.iter().any(|field| field.name() == label.name()));
    match label {
        None => Ok(fields),
        Some(label) => Err(wanted.failed(format!(
            "rows have a column `{}` as labels do; name the columns that you want",
            label.name()
        ))),
    }
}

/// The files in their order, some opened ahead; `names` says which columns.
fn opened<'a>(
    store: &'a dyn ObjectStore,
    paths: Vec<Path>,
    names: impl Fn(&Footer) -> Result<Vec<String>, Error> + 'a,
) -> impl Stream<Item = Result<Opened, Error>> + 'a {
    let names = Arc::new(names);
    let open = move |object: Path| {
        let names = Arc::clone(&names);
        async move {
            let footer = Footer::read(store, &object).await?;
            let names = names(&footer)?;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut batches = footer.batches_within(&names, MAX_FILE_BYTES)?;
            let first = batches.next(store).await?;
            Ok(Opened { object, batches, first })
        }
    };
    stream::iter(paths).map(open).buffered(AHEAD)
}

// === impl Export ===

impl<W: Write + Send> Export<'_, W> {
    async fn file(&mut self, opened: Opened) -> Result<(), Error> {
        let Opened { object, mut batches, mut first } = opened;
        while let Some(batch) = first {
            let rows = self.in_window(&batch).map_err(|why| broken(&object, why))?;
            let most = (CELLS / self.schema.fields().len().max(1)).max(1);
            for start in (0..rows.num_rows()).step_by(most) {
                let rows = rows.slice(start, most.min(rows.num_rows() - start));
                let (rows, labelled) = self.whole(&rows).map_err(|why| broken(&object, why))?;
                self.output.write(&rows).map_err(|why| self.wanted.failed(why))?;
                self.exported.rows += rows.num_rows() as u64;
                self.exported.labelled += labelled;
            }
            first = batches.next(self.store).await?;
        }
        Ok(())
    }

    /// The rows of the window.
    fn in_window(&self, batch: &RecordBatch) -> Result<RecordBatch, String> {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let times = typed(batch, column::EVENT_TIME, &utc)?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let is_in = |time: &i64| self.wanted.window.contains(time);
        if times.values().iter().all(is_in) {
            return Ok(batch.clone());
        }
        let mask: BooleanArray = times.values().iter().map(|time| Some(is_in(time))).collect();
        filter_record_batch(batch, &mask).map_err(|error| error.to_string())
    }

    /// The rows with all columns of the file to be, and how many have a label.
    fn whole(&self, rows: &RecordBatch) -> Result<(RecordBatch, u64), String> {
        let column = |field: &Arc<Field>| -> Result<ArrayRef, String> {
            let (name, to) = (field.name(), field.data_type());
            match rows.column_by_name(name) {
                None => Ok(new_null_array(to, rows.num_rows())),
                Some(column) => widened(column, to)
                    .ok_or_else(|| format!("column `{name}` is {}", column.data_type())),
            }
        };
        let own = self.schema.fields().iter().take(self.own);
        let mut columns = own.map(column).collect::<Result<Vec<_>, _>>()?;
        let mut labelled = 0;
        if let Some(truths) = &self.truths {
            let (labels, found) = truths.of(rows)?;
            columns.extend(labels);
            labelled = found;
        }
        let whole = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok((whole.map_err(|error: ArrowError| error.to_string())?, labelled))
    }
}

/// A column of that type without nulls.
fn typed<'a>(batch: &'a RecordBatch, name: &str, kind: &DataType) -> Result<&'a ArrayRef, String> {
    let column = batch.column_by_name(name).filter(|column| column.data_type() == kind);
    let column = column.filter(|column| column.null_count() == 0);
    column.ok_or_else(|| format!("column `{name}` is not {kind}, or has nulls"))
}
