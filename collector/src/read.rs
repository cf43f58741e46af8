//! The way back: list the rows files of a window, and read some columns of one.
//!
//! Used by `drift`; with `path`, `schema` and `encode` the only code that knows the layout. Files
//! are untrusted: sizes are checked before anything is allocated, bytes that are no Parquet are an
//! error. Objects that are no rows files are passed over.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::error::Error;
use crate::path::{RowsPath, day_us, endpoint_prefix};
use crate::schema::column;

/// Most files that one listing gives.
pub const MAX_FILES: usize = 100_000;

/// Rows in one batch.
const BATCH_ROWS: usize = 8192;

/// Largest file read, bytes.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// Most that the columns asked for may hold once decompressed, bytes.
const MAX_COLUMN_BYTES: u64 = 1 << 30;

/// Most rows in a file.
const MAX_ROWS: i64 = 1 << 28;

/// A file in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsFile {
    /// Where it lies.
    pub path: RowsPath,
    /// Bytes.
    pub size: u64,
}

/// The files of an endpoint that may have rows with event times in `window`, unix microseconds,
/// half-open; in the order of their paths. A file covers an hour, so those at the edges have rows
/// outside: look at the event times.
///
/// # Errors
/// [`Error::Name`], [`Error::Store`], or [`Error::TooManyFiles`] over [`MAX_FILES`].
pub async fn files(
    store: &dyn ObjectStore,
    endpoint: &str,
    window: Range<i64>,
) -> Result<Vec<RowsFile>, Error> {
    let mut found = Vec::new();
    // endpoint= / deployment= / model= / version= / date=: one level a step, so that days outside
    // the window are never listed.
    let mut prefixes = vec![endpoint_prefix(endpoint)?];
    for _ in ["deployment", "model", "version", "date"] {
        let mut below = Vec::new();
        for prefix in &prefixes {
            let listed = store.list_with_delimiter(Some(prefix)).await;
            below.extend(listed.map_err(|source| failed(prefix, source))?.common_prefixes);
            if below.len() > MAX_FILES {
                return Err(too_many(endpoint));
            }
        }
        prefixes = below;
    }
    prefixes.retain(|prefix| day_us(prefix).is_some_and(|day| overlap(&day, &window)));
    for prefix in &prefixes {
        let mut objects = store.list(Some(prefix));
        while let Some(object) =
            objects.try_next().await.map_err(|source| failed(prefix, source))?
        {
            let Ok(path) = RowsPath::parse(object.location.as_ref()) else { continue };
            if overlap(&path.hour_us(), &window) {
                found.push(RowsFile { path, size: object.size });
            }
            if found.len() > MAX_FILES {
                return Err(too_many(endpoint));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The columns `names` and `event_time` of one file, in batches of at most 8192 rows. The columns
/// come in the file's order: look them up by name. Only their bytes are fetched.
///
/// # Errors
/// [`Error::NoColumn`], [`Error::Store`], or [`Error::File`] for a file that is no Parquet or
/// breaks a limit (4 GiB, 2^28 rows, 1 GiB of the asked columns decompressed).
pub async fn columns(
    store: &dyn ObjectStore,
    path: &RowsPath,
    names: &[&str],
) -> Result<Vec<RecordBatch>, Error> {
    let object = path.object();
    let size = store.head(&object).await.map_err(|source| failed(&object, source))?.size;
    if size > MAX_FILE_BYTES {
        return Err(broken(&object, format!("{size} bytes, at most {MAX_FILE_BYTES}")));
    }
    let metadata = metadata(store, &object, size).await?;
    check_ranges(&object, &metadata, size)?;
    let mut rows = metadata.file_metadata().num_rows();
    let mut bytes = 0u64;
    let mut decoder = decoder(&object, metadata, names)?;
    let mut batches = Vec::new();
    loop {
        match guarded(&object, || decoder.try_decode())? {
            DecodeResult::NeedsData(ranges) => {
                let bytes = fetch(store, &object, &ranges).await?;
                guarded(&object, || decoder.push_ranges(ranges, bytes))?;
            }
            DecodeResult::Data(batch) => {
                // What the footer says was found bearable; the pages may say otherwise.
                rows -= i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
                bytes = bytes.saturating_add(batch.get_array_memory_size() as u64);
                if rows < 0 || bytes > MAX_COLUMN_BYTES {
                    let what = "more rows or bytes than its footer says, or over the limit";
                    return Err(broken(&object, what.to_owned()));
                }
                batches.push(batch);
            }
            DecodeResult::Finished => return Ok(batches),
        }
    }
}

async fn metadata(
    store: &dyn ObjectStore,
    object: &Path,
    size: u64,
) -> Result<Arc<ParquetMetaData>, Error> {
    let mut decoder = guarded(object, || ParquetMetaDataPushDecoder::try_new(size))?;
    loop {
        match guarded(object, || decoder.try_decode())? {
            DecodeResult::NeedsData(ranges) => {
                let bytes = fetch(store, object, &ranges).await?;
                guarded(object, || decoder.push_ranges(ranges, bytes))?;
            }
            DecodeResult::Data(metadata) => return Ok(Arc::new(metadata)),
            DecodeResult::Finished => return Err(broken(object, "no metadata".to_owned())),
        }
    }
}

/// Every column chunk must lie in the file: the decoder would panic over a negative offset, and ask
/// the store for bytes that are not there.
fn check_ranges(object: &Path, metadata: &ParquetMetaData, size: u64) -> Result<(), Error> {
    let inside = |chunk: &ColumnChunkMetaData| {
        let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        let (start, length) = (u64::try_from(start), u64::try_from(chunk.compressed_size()));
        let end = start.ok().zip(length.ok()).and_then(|(start, length)| start.checked_add(length));
        end.is_some_and(|end| end <= size)
    };
    let mut chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    match chunks.find(|chunk| !inside(chunk)) {
        None => Ok(()),
        Some(chunk) => {
            Err(broken(object, format!("column {} lies outside the file", chunk.column_path())))
        }
    }
}

/// A decoder of the wanted columns, once the file's own account of them is found bearable.
fn decoder(
    object: &Path,
    metadata: Arc<ParquetMetaData>,
    names: &[&str],
) -> Result<ParquetPushDecoder, Error> {
    let descriptor = metadata.file_metadata().schema_descr_ptr();
    // A column of ours is a root and a leaf; a name with a dot is one name, not a path.
    let place = |name: &str| {
        let own = |leaf: usize| descriptor.column(leaf).path().parts() == [name];
        (0..descriptor.num_columns())
            .find(|leaf| own(*leaf))
            .ok_or_else(|| Error::NoColumn { path: object.to_string(), column: name.to_owned() })
    };
    let wanted = names.iter().copied().chain([column::EVENT_TIME]);
    let leaves = wanted.map(place).collect::<Result<Vec<usize>, Error>>()?;
    let rows = metadata.file_metadata().num_rows();
    if !(0..=MAX_ROWS).contains(&rows) {
        return Err(broken(object, format!("{rows} rows, at most {MAX_ROWS}")));
    }
    let sizes = metadata.row_groups().iter().flat_map(|group| {
        leaves.iter().filter_map(|leaf| group.columns().get(*leaf)).map(|c| c.uncompressed_size())
    });
    let bytes =
        sizes.fold(0u64, |sum, size| sum.saturating_add(u64::try_from(size).unwrap_or(u64::MAX)));
    if bytes > MAX_COLUMN_BYTES {
        return Err(broken(object, format!("{bytes} bytes decompressed, over {MAX_COLUMN_BYTES}")));
    }
    guarded(object, || {
        ParquetPushDecoderBuilder::try_new_decoder(metadata)?
            .with_projection(ProjectionMask::leaves(&descriptor, leaves))
            .with_batch_size(BATCH_ROWS)
            .build()
    })
}

async fn fetch(
    store: &dyn ObjectStore,
    object: &Path,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>, Error> {
    store.get_ranges(object, ranges).await.map_err(|source| failed(object, source))
}

/// Runs the decoder over bytes of unknown making: should it panic, that is the file's fault.
fn guarded<T>(object: &Path, f: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => result.map_err(|error| broken(object, error.to_string())),
        Err(_) => Err(broken(object, "the decoder panicked over it".to_owned())),
    }
}

/// Whether the two share an instant; an empty range shares none.
fn overlap(a: &Range<i64>, b: &Range<i64>) -> bool {
    a.start.max(b.start) < a.end.min(b.end)
}

fn failed(object: &Path, source: object_store::Error) -> Error {
    Error::Store { path: object.to_string(), source }
}

fn broken(object: &Path, why: String) -> Error {
    Error::File { path: object.to_string(), why }
}

fn too_many(endpoint: &str) -> Error {
    Error::TooManyFiles { endpoint: endpoint.to_owned(), limit: MAX_FILES }
}
