//! One file -> the store: a create-only put with bounded retries, and the file's rows settled.
//!
//! Spawned by `sink` for each closed file. A put whose answer was lost meets its own file on the
//! next attempt: the same size under a name that no other process uses counts as written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use tokio::time::{sleep, timeout};

use crate::counts::{Lost, Stake};
use crate::histogram::Histogram;
use crate::path::RowsPath;

#[cfg(test)]
mod tests;

/// Bounds on what one file may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    /// For one attempt.
    pub(crate) timeout: Duration,
    /// Before the second attempt; doubled before each later one.
    pub(crate) pause: Duration,
}

/// Puts files; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    store: Arc<dyn ObjectStore>,
    clock: fn() -> i64,
    puts: Arc<Histogram>,
    retry: Retry,
}

const RETRY: Retry =
    Retry { attempts: 5, timeout: Duration::from_secs(30), pause: Duration::from_millis(100) };

// === impl Publisher ===

impl Publisher {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        clock: fn() -> i64,
        puts: Arc<Histogram>,
    ) -> Publisher {
        Publisher { store, clock, puts, retry: RETRY }
    }

    /// Unix microseconds.
    pub(crate) fn now_us(&self) -> i64 {
        (self.clock)()
    }

    /// Puts the file, and counts its rows as written or lost.
    pub(crate) async fn publish(self, path: RowsPath, bytes: Bytes, stake: Stake) {
        let begun_us = self.now_us();
        let outcome = self.put(&path.object(), bytes).await;
        let took_us = self.now_us().saturating_sub(begun_us);
        self.puts.observe_us(took_us.try_into().unwrap_or(0));
        match outcome {
            Ok(()) => stake.written(),
            Err(error) => {
                tracing::error!(%path, rows = stake.rows(), %error, "rows lost: not stored");
                stake.lost(Lost::Put);
            }
        }
    }

    async fn put(&self, path: &Path, bytes: Bytes) -> object_store::Result<()> {
        let mut pause = self.retry.pause;
        let mut attempt = 1;
        loop {
            let put = timeout(self.retry.timeout, self.attempt(path, bytes.clone())).await;
            match put.unwrap_or_else(|_| Err(no_answer(self.retry.timeout))) {
                Err(error) if attempt < self.retry.attempts && passing(&error) => {
                    tracing::debug!(%path, attempt, %error, "put failed, trying again");
                }
                settled => return settled,
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }

    async fn attempt(&self, path: &Path, bytes: Bytes) -> object_store::Result<()> {
        let size = bytes.len() as u64;
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(path, PutPayload::from_bytes(bytes), create).await {
            Ok(_) => Ok(()),
            Err(exists @ object_store::Error::AlreadyExists { .. }) => {
                let found = self.store.head(path).await?;
                if found.size == size { Ok(()) } else { Err(exists) }
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether another attempt could end otherwise.
fn passing(error: &object_store::Error) -> bool {
    use object_store::Error::{AlreadyExists, InvalidPath, NotImplemented, NotSupported};
    !matches!(
        error,
        AlreadyExists { .. } | InvalidPath { .. } | NotImplemented { .. } | NotSupported { .. }
    )
}

fn no_answer(limit: Duration) -> object_store::Error {
    object_store::Error::Generic { store: "sink", source: format!("no answer in {limit:?}").into() }
}
