//! The five things the registry asks of a store, with the crate's errors.
//!
//! Called by `registry` only. Says "absent" and "there already" as values, not as errors.

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{GetResult, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};

use crate::error::Error;

/// Opens an object without reading it, so that its size can be looked at first.
pub(super) async fn get(store: &dyn ObjectStore, path: &Path) -> Result<Option<GetResult>, Error> {
    match store.get(path).await {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(failed(path, source)),
    }
}

/// Reads an opened object whole.
pub(super) async fn bytes(found: GetResult, path: &Path) -> Result<Bytes, Error> {
    found.bytes().await.map_err(|source| failed(path, source))
}

/// Writes an object where there is none; false when there is one, which is left as it is.
pub(super) async fn create(
    store: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
) -> Result<bool, Error> {
    let options = PutOptions::from(PutMode::Create);
    match store.put_opts(path, bytes.into(), options).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
        Err(source) => Err(failed(path, source)),
    }
}

/// Writes over an object; false when it is not the one that was seen, and is left as it is.
pub(super) async fn replace(
    store: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
    seen: UpdateVersion,
) -> Result<bool, Error> {
    use object_store::Error::{AlreadyExists, NotFound, Precondition};
    let options = PutOptions::from(PutMode::Update(seen));
    match store.put_opts(path, bytes.into(), options).await {
        Ok(_) => Ok(true),
        // Azure says 409 for a change that is going on, and 412 for one that has happened.
        Err(Precondition { .. } | AlreadyExists { .. } | NotFound { .. }) => Ok(false),
        Err(source) => Err(failed(path, source)),
    }
}

/// All objects below a folder.
pub(super) async fn list(store: &dyn ObjectStore, folder: &Path) -> Result<Vec<Path>, Error> {
    let paths = store.list(Some(folder)).map_ok(|meta| meta.location).try_collect().await;
    paths.map_err(|source| failed(folder, source))
}

fn failed(path: &Path, source: object_store::Error) -> Error {
    Error::Store { path: path.to_string(), source }
}
