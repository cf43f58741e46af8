//! The way back: list the rows files of a window, and read some columns of one.
//!
//! Used by `drift`, `verify` and `export`; with `path`, `schema` and `encode` the only code that
//! knows the layout. Files are untrusted: `file` reads one. Objects that are no rows files are
//! passed over.

use std::ops::Range;

use arrow_array::RecordBatch;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use crate::error::Error;
use crate::path::{HourPath, ROOT, RowsPath, Tree, day_us, endpoint_prefix};
use crate::schema::column;

pub(crate) mod accounts;
pub(crate) mod file;

/// Most files that one listing gives.
pub const MAX_FILES: usize = 100_000;

/// Files read at once.
pub(crate) const AT_ONCE: usize = 16;

/// A file in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsFile {
    /// Where it lies.
    pub path: RowsPath,
    /// Bytes.
    pub size: u64,
    /// When it was put, by the store's clock, unix microseconds.
    pub put_us: i64,
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
    let root = endpoint_prefix(ROOT, endpoint)?;
    let found = listed(store, endpoint, root, 4, &window, |object| {
        let path = RowsPath::parse(object.location.as_ref()).ok()?;
        let put_us = object.last_modified.timestamp_micros();
        overlap(&path.hour_us(), &window).then_some(RowsFile { path, size: object.size, put_us })
    });
    let mut found = found.await?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The files of an endpoint in `tree`, of all hours that share an instant with `window`, unix
/// microseconds, half-open; in the order of their paths.
///
/// # Errors
/// As [`files`].
pub async fn hours(
    store: &dyn ObjectStore,
    tree: Tree,
    endpoint: &str,
    window: &Range<i64>,
) -> Result<Vec<HourPath>, Error> {
    let root = endpoint_prefix(tree.root(), endpoint)?;
    let mut found = listed(store, endpoint, root, 1, window, |object| {
        let path = HourPath::parse(tree, object.location.as_ref()).ok()?;
        overlap(&path.hour_us(), window).then_some(path)
    })
    .await?;
    found.sort();
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
    let footer = file::Footer::read(store, &path.object()).await?;
    let wanted: Vec<&str> = names.iter().copied().chain([column::EVENT_TIME]).collect();
    footer.batches(&wanted)?.all(store).await
}

/// What `take` takes of the objects below those `date=` folders, `levels` below `root`, that have
/// a part in `days`; at most [`MAX_FILES`].
pub(crate) async fn listed<T>(
    store: &dyn ObjectStore,
    endpoint: &str,
    root: Path,
    levels: usize,
    days: &Range<i64>,
    take: impl Fn(&ObjectMeta) -> Option<T>,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    // endpoint= / deployment= / model= / version= / date=: one level a step, so that days outside
    // the window are never listed.
    let mut prefixes = vec![root];
    for _ in 0..levels {
        let mut below = Vec::new();
        for prefix in &prefixes {
            let listed = store.list_with_delimiter(Some(prefix)).await;
            below.extend(listed.map_err(|source| file::failed(prefix, source))?.common_prefixes);
            if below.len() > MAX_FILES {
                return Err(too_many(endpoint));
            }
        }
        prefixes = below;
    }
    prefixes.retain(|prefix| day_us(prefix).is_some_and(|day| overlap(&day, days)));
    for prefix in &prefixes {
        let mut objects = store.list(Some(prefix));
        while let Some(object) =
            objects.try_next().await.map_err(|source| file::failed(prefix, source))?
        {
            found.extend(take(&object));
            if found.len() > MAX_FILES {
                return Err(too_many(endpoint));
            }
        }
    }
    Ok(found)
}

/// Whether the two share an instant; an empty range shares none.
fn overlap(a: &Range<i64>, b: &Range<i64>) -> bool {
    a.start.max(b.start) < a.end.min(b.end)
}

fn too_many(endpoint: &str) -> Error {
    Error::TooManyFiles { endpoint: endpoint.to_owned(), limit: MAX_FILES }
}
