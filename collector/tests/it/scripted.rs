//! An object store that wraps another and does to each put what a test says: fail, hang, panic,
//! lose the answer; and tells the test of every put.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens to one put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// As if not wrapped.
    Pass,
    /// An error, nothing stored.
    Fail,
    /// An error, though the object was stored.
    LoseAnswer,
    /// Never an answer, nothing stored.
    Hang,
    /// Never an answer, though the object was stored.
    StoreAndHang,
    /// Blocks the thread until the test drops the gate.
    Block,
    /// A bug in the store.
    Panic,
}

/// The wrapped store.
pub(crate) struct Scripted {
    inner: Arc<dyn ObjectStore>,
    script: Box<dyn Fn(usize) -> Act + Send + Sync>,
    puts: AtomicUsize,
    seen: Mutex<mpsc::Sender<Path>>,
    gate: Mutex<mpsc::Receiver<()>>,
}

/// The test's end of a scripted store.
pub(crate) struct Watch {
    seen: mpsc::Receiver<Path>,
    /// Dropped, it lets blocked puts go.
    pub(crate) gate: mpsc::Sender<()>,
}

impl Scripted {
    /// `script` says what happens to put number 0, 1, ..., retries counted.
    pub(crate) fn over(
        inner: Arc<dyn ObjectStore>,
        script: impl Fn(usize) -> Act + Send + Sync + 'static,
    ) -> (Arc<Scripted>, Watch) {
        let (send, seen) = mpsc::channel();
        let (gate, gated) = mpsc::channel();
        let store = Scripted {
            inner,
            script: Box::new(script),
            puts: AtomicUsize::new(0),
            seen: Mutex::new(send),
            gate: Mutex::new(gated),
        };
        (Arc::new(store), Watch { seen, gate })
    }
}

impl Watch {
    /// Waits until the store has been asked for the next put, and says which.
    pub(crate) fn next_put(&self) -> Path {
        self.seen.recv_timeout(Duration::from_secs(30)).expect("a put within 30 s")
    }

    /// Puts seen and not yet waited for.
    pub(crate) fn more_puts(&self) -> usize {
        self.seen.try_iter().count()
    }
}

#[async_trait::async_trait]
impl ObjectStore for Scripted {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        // Accounts are put as they are.
        if location.as_ref().starts_with("accounts/") {
            return self.inner.put_opts(location, payload, opts).await;
        }
        let number = self.puts.fetch_add(1, Ordering::SeqCst);
        let act = (self.script)(number);
        // The test may have stopped watching.
        let _ = self.seen.lock().expect("not poisoned").send(location.clone());
        let failed = || object_store::Error::Generic { store: "scripted", source: "no".into() };
        match act {
            Act::Pass => {}
            Act::Fail => return Err(failed()),
            Act::LoseAnswer => {
                self.inner.put_opts(location, payload, opts).await?;
                return Err(failed());
            }
            Act::StoreAndHang => {
                self.inner.put_opts(location, payload, opts).await?;
                std::future::pending::<()>().await;
                return Err(failed());
            }
            Act::Hang => std::future::pending::<()>().await,
            Act::Block => {
                let gate = self.gate.lock().expect("not poisoned");
                // Ends by the sender being dropped.
                let _ = gate.recv();
            }
            Act::Panic => panic!("a scripted panic"),
        }
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}
