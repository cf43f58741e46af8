//! One Parquet file of the store, as untrusted as any: its footer, and its rows in batches.
//!
//! Sizes are checked before anything is allocated; bytes that are no Parquet are an error, and so
//! is a panic of the decoder over them. Only the bytes of the columns asked for are fetched.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Fields;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_schema};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::error::Error;

/// Rows in one batch.
const BATCH_ROWS: usize = 8192;

/// Largest file read, bytes.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// Most that the columns asked for may hold once decompressed, bytes.
const MAX_COLUMN_BYTES: u64 = 1 << 30;

/// Largest footer, bytes.
const MAX_FOOTER_BYTES: u64 = 64 << 20;

/// Most rows in a file.
const MAX_ROWS: i64 = 1 << 28;

/// A file's footer, found bearable.
#[derive(Clone, Debug)]
pub(crate) struct Footer {
    object: Path,
    metadata: Arc<ParquetMetaData>,
}

/// The rows of some columns of a file, a batch at a time.
#[derive(Debug)]
pub(crate) struct Batches {
    object: Path,
    decoder: ParquetPushDecoder,
    /// Rows and bytes that may still come.
    rows: i64,
    bytes: u64,
}

// === impl Footer ===

impl Footer {
    /// Fetches the footer of an object, whose size is asked for.
    ///
    /// # Errors
    /// [`Error::Store`], or [`Error::File`] for what is no Parquet or breaks a limit.
    pub(crate) async fn read(store: &dyn ObjectStore, object: &Path) -> Result<Self, Error> {
        let size = store.head(object).await.map_err(|source| failed(object, source))?.size;
        if size > MAX_FILE_BYTES {
            return Err(broken(object, format!("{size} bytes, at most {MAX_FILE_BYTES}")));
        }
        let metadata = metadata(store, object, size).await?;
        check_ranges(object, &metadata, size)?;
        let rows = metadata.file_metadata().num_rows();
        if !(0..=MAX_ROWS).contains(&rows) {
            return Err(broken(object, format!("{rows} rows, at most {MAX_ROWS}")));
        }
        Ok(Self { object: object.clone(), metadata })
    }

    /// How many rows the file has.
    pub(crate) fn rows(&self) -> i64 {
        self.metadata.file_metadata().num_rows()
    }

    /// What the footer has under a key.
    pub(crate) fn note(&self, key: &str) -> Option<&str> {
        let notes = self.metadata.file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.as_deref()
    }

    /// The columns: as the file says, not as whoever wrote it noted for Arrow.
    ///
    /// # Errors
    /// [`Error::File`] for a schema that Arrow does not know.
    pub(crate) fn fields(&self) -> Result<Fields, Error> {
        let descriptor = self.metadata.file_metadata().schema_descr();
        guarded(&self.object, || Ok(parquet_to_arrow_schema(descriptor, None)?.fields))
    }

    /// The rows of the columns `names`, which come in the file's order.
    ///
    /// # Errors
    /// [`Error::NoColumn`], or [`Error::File`] for columns over the limit.
    pub(crate) fn batches(self, names: &[&str]) -> Result<Batches, Error> {
        self.batches_within(names, MAX_COLUMN_BYTES)
    }

    /// As [`Footer::batches`], for who holds one batch at a time: at most `most` bytes
    /// decompressed.
    ///
    /// # Errors
    /// As of [`Footer::batches`].
    pub(crate) fn batches_within(self, names: &[&str], most: u64) -> Result<Batches, Error> {
        let Self { object, metadata } = self;
        let descriptor = metadata.file_metadata().schema_descr_ptr();
        // A column of ours is a root and a leaf; a name with a dot is one name, not a path.
        let place = |name: &&str| {
            let own = |leaf: usize| descriptor.column(leaf).path().parts() == [*name];
            (0..descriptor.num_columns()).find(|leaf| own(*leaf)).ok_or_else(|| Error::NoColumn {
                path: object.to_string(),
                column: (*name).to_owned(),
            })
        };
        let leaves = names.iter().map(place).collect::<Result<Vec<usize>, Error>>()?;
        let sizes = metadata.row_groups().iter().flat_map(|group| {
            let chunks = leaves.iter().filter_map(|leaf| group.columns().get(*leaf));
            chunks.map(ColumnChunkMetaData::uncompressed_size)
        });
        let bytes = sizes
            .fold(0u64, |sum, size| sum.saturating_add(u64::try_from(size).unwrap_or(u64::MAX)));
        if bytes > most {
            let what = format!("{bytes} bytes decompressed, over {most}");
            return Err(broken(&object, what));
        }
        let rows = metadata.file_metadata().num_rows();
        let decoder = guarded(&object, || {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            ParquetPushDecoderBuilder::try_new_decoder_with_options(metadata, options)?
                .with_projection(ProjectionMask::leaves(&descriptor, leaves))
                .with_batch_size(BATCH_ROWS)
                .build()
        })?;
        Ok(Batches { object, decoder, rows, bytes: most })
    }
}

// === impl Batches ===

impl Batches {
    /// At most 8192 rows more; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::File`].
    pub(crate) async fn next(
        &mut self,
        store: &dyn ObjectStore,
    ) -> Result<Option<RecordBatch>, Error> {
        let Self { object, decoder, rows, bytes } = self;
        loop {
            match guarded(object, || decoder.try_decode())? {
                DecodeResult::NeedsData(ranges) => {
                    let bytes = fetch(store, object, &ranges).await?;
                    guarded(object, || decoder.push_ranges(ranges, bytes))?;
                }
                DecodeResult::Data(batch) => {
                    // What the footer says was found bearable; the pages may say otherwise.
                    *rows -= i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
                    let left = bytes.checked_sub(batch.get_array_memory_size() as u64);
                    let (true, Some(left)) = (*rows >= 0, left) else {
                        let what = "more rows or bytes than its footer says, or over the limit";
                        return Err(broken(object, what.to_owned()));
                    };
                    *bytes = left;
                    return Ok(Some(batch));
                }
                DecodeResult::Finished => return Ok(None),
            }
        }
    }

    /// All that are left.
    ///
    /// # Errors
    /// As of [`Batches::next`].
    pub(crate) async fn all(mut self, store: &dyn ObjectStore) -> Result<Vec<RecordBatch>, Error> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next(store).await? {
            batches.push(batch);
        }
        Ok(batches)
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
                let wanted = ranges.iter().map(|range| range.end.saturating_sub(range.start));
                if wanted.sum::<u64>() > MAX_FOOTER_BYTES {
                    return Err(broken(object, format!("a footer over {MAX_FOOTER_BYTES} bytes")));
                }
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

pub(crate) fn failed(object: &Path, source: object_store::Error) -> Error {
    Error::Store { path: object.to_string(), source }
}

pub(crate) fn broken(object: &Path, why: String) -> Error {
    Error::File { path: object.to_string(), why }
}
