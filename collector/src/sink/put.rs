//! One file -> the store: a create-only put, tried again until the store has it.
//!
//! Spawned by `sink` for each file. The store may be away for as long as the rows are kept:
//! attempts are bounded in time, and the pauses between them grow up to a bound and are drawn (full
//! jitter), so that replicas do not come all at once. A put whose answer was lost meets its own
//! file on the next attempt, and so does one that an earlier life of the process has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use parquet::file::metadata::ParquetMetaDataReader;
use tokio::time::{sleep, timeout};

use crate::azureml;
use crate::encode;
use crate::histogram::Histogram;

#[cfg(test)]
mod tests;

/// Bounds on attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// For one attempt.
    pub(crate) timeout: Duration,
    /// Most before the second attempt; doubled before each later one.
    pub(crate) pause: Duration,
    /// Most before any.
    pub(crate) longest: Duration,
}

/// How puts went.
#[derive(Debug, Default)]
pub(crate) struct Puts {
    /// How long each file took, all attempts together.
    pub(crate) took: Histogram,
    pub(crate) files: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Attempts that failed and were followed by another.
    pub(crate) retries: AtomicU64,
    /// Files that were given up.
    pub(crate) lost: AtomicU64,
}

/// Puts files; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    store: Arc<dyn ObjectStore>,
    clock: fn() -> i64,
    puts: Arc<Puts>,
    retry: Retry,
}

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The store has it.
    Written,
    /// The store will never take it.
    Refused(String),
    /// Its rows are too old to be kept; what the store said last.
    Expired(String),
}

/// Why an attempt failed.
#[derive(Debug)]
enum Fault {
    /// Another may end otherwise.
    Passing(object_store::Error),
    /// No other would.
    Lasting(object_store::Error),
}

const RETRY: Retry = Retry {
    timeout: Duration::from_secs(30),
    pause: Duration::from_millis(200),
    longest: Duration::from_secs(15),
};

/// Failures of one file that are told of; the later ones are alike.
const TOLD: u32 = 3;

// === impl Publisher ===

impl Publisher {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        clock: fn() -> i64,
        puts: Arc<Puts>,
    ) -> Publisher {
        Publisher { store, clock, puts, retry: RETRY }
    }

    /// The same with other bounds on attempts.
    pub(crate) fn with_retry(self, retry: Retry) -> Publisher {
        Publisher { retry, ..self }
    }

    /// Unix microseconds.
    pub(crate) fn now_us(&self) -> i64 {
        (self.clock)()
    }

    /// Puts the file of a batch, for as long as its rows are kept.
    pub(crate) async fn publish(
        &self,
        path: &Path,
        bytes: Bytes,
        batch: &str,
        expires_us: i64,
    ) -> Outcome {
        let (begun_us, size) = (self.now_us(), bytes.len() as u64);
        let outcome = self.put(path, bytes, batch, expires_us).await;
        let took_us = self.now_us().saturating_sub(begun_us);
        self.puts.took.observe_us(took_us.try_into().unwrap_or(0));
        if matches!(outcome, Outcome::Written) {
            self.puts.files.fetch_add(1, Ordering::Relaxed);
            self.puts.bytes.fetch_add(size, Ordering::Relaxed);
        } else {
            self.puts.lost.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    async fn put(&self, path: &Path, bytes: Bytes, batch: &str, expires_us: i64) -> Outcome {
        let (mut pause, mut failures) = (self.retry.pause, 0_u32);
        loop {
            let put = timeout(self.retry.timeout, self.attempt(path, bytes.clone(), batch)).await;
            let error =
                match put.unwrap_or_else(|_| Err(Fault::Passing(no_answer(self.retry.timeout)))) {
                    Ok(()) => return Outcome::Written,
                    Err(Fault::Passing(error)) => error,
                    Err(Fault::Lasting(error)) => return Outcome::Refused(error.to_string()),
                };
            if self.now_us() >= expires_us {
                return Outcome::Expired(error.to_string());
            }
            failures = failures.saturating_add(1);
            self.puts.retries.fetch_add(1, Ordering::Relaxed);
            match failures {
                ..TOLD => tracing::warn!(%path, %error, "the store does not take rows"),
                TOLD => {
                    tracing::warn!(%path, %error, "the store does not take rows; no more is said")
                }
                _ => tracing::debug!(%path, failures, %error, "the store does not take rows"),
            }
            sleep(pause.mul_f64(fastrand::f64())).await;
            pause = pause.saturating_mul(2).min(self.retry.longest);
        }
    }

    async fn attempt(&self, path: &Path, bytes: Bytes, batch: &str) -> Result<(), Fault> {
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let payload = PutPayload::from_bytes(bytes.clone());
        match self.store.put_opts(path, payload, create).await {
            Ok(_) => Ok(()),
            Err(exists @ object_store::Error::AlreadyExists { .. }) => {
                // Another version of the program may have made the same rows another file. Only a
                // file that was read is known to be another's: a store that is being made or
                // deleted says "conflict" to everything.
                let found = self.store.get(path).await.map_err(Fault::Passing)?;
                let found = found.bytes().await.map_err(Fault::Passing)?;
                let is_ours = found == bytes
                    || batch_of(&found).as_deref() == Some(batch)
                    || azureml::is_same(&found, &bytes);
                if is_ours { Ok(()) } else { Err(Fault::Lasting(exists)) }
            }
            Err(error) => Err(Fault::of(error)),
        }
    }
}

// === impl Fault ===

impl Fault {
    /// Whether another attempt could end otherwise.
    fn of(error: object_store::Error) -> Self {
        use object_store::Error::{InvalidPath, NotImplemented, NotSupported};
        match error {
            InvalidPath { .. } | NotImplemented { .. } | NotSupported { .. } => {
                Self::Lasting(error)
            }
            _ => Self::Passing(error),
        }
    }
}

/// Which batch a file is of.
fn batch_of(file: &Bytes) -> Option<String> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file).ok()?;
    let notes = metadata.file_metadata().key_value_metadata()?;
    notes.iter().find(|note| note.key == encode::BATCH)?.value.clone()
}

fn no_answer(limit: Duration) -> object_store::Error {
    object_store::Error::Generic { store: "sink", source: format!("no answer in {limit:?}").into() }
}
