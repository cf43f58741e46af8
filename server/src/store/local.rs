//! A folder on the local disk as an object store that can also compare and swap.
//!
//! Opened by `url`. The library's local store has no conditional replacement, so every change of an
//! object that is there is made here under one lock file: the ETag is compared and the new object
//! moved over the old one while no other process of ours changes anything. The system frees the
//! lock when its holder dies, and a reader sees the old object or the new one, whole. Creating
//! needs no lock (`create`). Uploads in parts are the library's own and are not locked.

mod create;
mod replace;

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, Result, UpdateVersion,
};
use tokio::runtime::Handle;

#[cfg(test)]
mod tests;

/// The lock file, in the store's folder. `#` and digits at its end keep it out of listings, as
/// `LocalFileSystem` does with its own half-written files.
const LOCK: &str = ".skeg-lock#0";
/// A change takes milliseconds; who waits this often for others gives up.
const ATTEMPTS: u32 = 10_000;
const PAUSE: Duration = Duration::from_millis(1);
const STORE: &str = "file";

/// A folder. Its files are durable when a call that wrote them returns.
#[derive(Clone, Debug)]
pub(super) struct LocalStore {
    disk: LocalFileSystem,
    root: Arc<PathBuf>,
    lock: Arc<PathBuf>,
}

// === impl LocalStore ===

impl LocalStore {
    /// # Errors
    /// When the folder is not there.
    pub(super) fn new(folder: &std::path::Path) -> Result<Self> {
        // A row file that was counted as written must survive the machine.
        let disk = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        let folder = folder.canonicalize().map_err(|source| Error::Generic {
            store: STORE,
            source: format!("{}: {source}", folder.display()).into(),
        })?;
        let lock = Arc::new(folder.join(LOCK));
        Ok(Self { disk, root: Arc::new(folder), lock })
    }

    /// Does `work` on a thread that may block, alone among all changes of this store. Goes on to
    /// its end, and holds the lock so long, when the caller does not wait for it.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&LocalFileSystem, &Handle) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (disk, lock, runtime) = (self.disk.clone(), Arc::clone(&self.lock), Handle::current());
        let done = tokio::task::spawn_blocking(move || {
            let _held = hold(&lock)?;
            work(&disk, &runtime)
        });
        done.await?
    }

    /// Replaces an object if it is still the version that the caller has seen.
    async fn update(
        &self,
        location: &Path,
        payload: PutPayload,
        seen: UpdateVersion,
    ) -> Result<PutResult> {
        let location = location.clone();
        self.alone(move |disk, runtime| {
            let stale = |what: String| Error::Precondition {
                path: location.to_string(),
                source: what.into(),
            };
            let there = match runtime.block_on(disk.head(&location)) {
                Ok(meta) => meta.e_tag,
                Err(Error::NotFound { .. }) => return Err(stale("it is not there".to_owned())),
                Err(error) => return Err(error),
            };
            if there.is_none() || there != seen.e_tag {
                return Err(stale("it has changed".to_owned()));
            }
            replace::replace(&disk.path_to_filesystem(&location)?, &payload)
                .map_err(|source| failed(&location, source))?;
            put_result(disk, runtime, &location)
        })
        .await
    }

    /// Puts an object if there is none.
    async fn create(&self, location: &Path, payload: PutPayload) -> Result<PutResult> {
        let (disk, root, to) = (self.disk.clone(), Arc::clone(&self.root), location.clone());
        let made = tokio::task::spawn_blocking(move || {
            let file = disk.path_to_filesystem(&to)?;
            create::create(&root, &file, &payload).map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    Error::AlreadyExists { path: to.to_string(), source: source.into() }
                }
                _ => failed(&to, source),
            })
        });
        made.await??;
        // Not on the thread above: this takes one of its own, and when as many files are made at
        // once as there are such threads, all would wait for each other.
        let meta = self.disk.head(location).await?;
        Ok(PutResult { e_tag: meta.e_tag, version: None, extensions: Default::default() })
    }

    /// Puts an object whether there is one or not.
    async fn overwrite(&self, location: &Path, payload: PutPayload) -> Result<PutResult> {
        let location = location.clone();
        self.alone(move |disk, runtime| {
            let file = disk.path_to_filesystem(&location)?;
            if !file.exists() {
                return runtime.block_on(disk.put(&location, payload));
            }
            replace::replace(&file, &payload).map_err(|source| failed(&location, source))?;
            put_result(disk, runtime, &location)
        })
        .await
    }
}

/// Waits for the lock and holds it until the result is dropped.
#[expect(clippy::disallowed_methods, reason = "flock signals nothing and has no time limit")]
fn hold(lock: &std::path::Path) -> Result<File> {
    let at = |source: std::io::Error| Error::Generic {
        store: STORE,
        source: format!("lock {}: {source}", lock.display()).into(),
    };
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(lock);
    let file = opened.map_err(at)?;
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(at(error)),
        }
    }
    Err(at(std::io::Error::other("another process holds it and does not let go")))
}

fn put_result(disk: &LocalFileSystem, runtime: &Handle, location: &Path) -> Result<PutResult> {
    let meta = runtime.block_on(disk.head(location))?;
    Ok(PutResult { e_tag: meta.e_tag, version: None, extensions: Default::default() })
}

fn failed(location: &Path, source: std::io::Error) -> Error {
    Error::Generic { store: STORE, source: format!("{location}: {source}").into() }
}

impl fmt::Display for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.disk, f)
    }
}

#[async_trait::async_trait]
impl ObjectStore for LocalStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        // What the library refuses (attributes), it says itself.
        if !options.attributes.is_empty() {
            return self.disk.put_opts(location, payload, options).await;
        }
        match options.mode {
            PutMode::Update(seen) => self.update(location, payload, seen).await,
            PutMode::Overwrite => self.overwrite(location, payload).await,
            PutMode::Create => self.create(location, payload).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.disk.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.disk.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.disk.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |location: Result<Path>| {
            let store = store.clone();
            async move {
                let location = location?;
                let work = move |disk: &LocalFileSystem, runtime: &Handle| {
                    runtime.block_on(disk.delete(&location)).map(|()| location)
                };
                store.alone(work).await
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        let copy = move |disk: &LocalFileSystem, runtime: &Handle| {
            runtime.block_on(disk.copy_opts(&from, &to, options))
        };
        self.alone(copy).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        let rename = move |disk: &LocalFileSystem, runtime: &Handle| {
            runtime.block_on(disk.rename_opts(&from, &to, options))
        };
        self.alone(rename).await
    }
}
