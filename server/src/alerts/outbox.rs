//! Messages that are to be delivered, as objects of the store: written before any delivery.
//!
//! Below `alerts/v1/` lie three folders. `outbox/{key}-{webhook}.json` is a message that waits,
//! made create-only and changed by compare-and-swap. `sent/...` says of one that was taken that it
//! was: while it lies there the same key is not sent again. `failed/...` is one that was given up,
//! or what lay in the outbox and is no message. Both are swept some time later. Nothing in them is
//! secret: a webhook is named by endpoint and id, and what it is stands in the spec.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::event::{BYTES_MAX, Event};

#[cfg(test)]
mod tests;

/// Value of the key `format`.
const FORMAT: &str = "skeg-alert/1";
/// Largest object that is read: an event and what is known of its tries.
const ENTRY_BYTES_MAX: u64 = BYTES_MAX as u64 + 8192;
/// Most messages that wait.
pub(super) const PENDING_MAX: usize = 1000;
/// Longest account of an error that is kept, characters.
const WORDS_CHARS_MAX: usize = 500;
/// How long a message that was sent is remembered.
const SENT_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// How long one that was given up is kept.
const FAILED_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Most objects that one sweep takes away.
const SWEPT_MAX: usize = 500;

const OUTBOX: &str = "alerts/v1/outbox";
const SENT: &str = "alerts/v1/sent";
const FAILED: &str = "alerts/v1/failed";

/// The objects.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    store: Arc<dyn ObjectStore>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    format: String,
    /// The event's.
    pub(super) key: String,
    /// The webhook's id.
    pub(super) webhook: String,
    /// The webhook's form, as it was called when this was written.
    pub(super) form: String,
    /// When it was put here, unix microseconds.
    pub(super) pushed_us: i64,
    /// Tries so far, one that has begun included.
    pub(super) tries: u32,
    /// No try before that, unix microseconds.
    pub(super) next_us: i64,
    /// Why the last one failed.
    pub(super) error: Option<String>,
    pub(super) event: Event,
}

/// That a message was taken.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    format: &'static str,
    key: &'a str,
    webhook: &'a str,
    form: &'a str,
    endpoint: &'a str,
    at_us: i64,
    tries: u32,
    status: u16,
}

/// An object of the outbox, not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) path: Path,
    pub(super) version: UpdateVersion,
    size: u64,
}

// === impl Entry ===

impl Entry {
    /// The message of `event` to a webhook.
    pub(super) fn new(event: &Event, webhook: String, form: &str, now_us: i64) -> Self {
        Self {
            format: FORMAT.to_owned(),
            key: event.key(),
            webhook,
            form: form.to_owned(),
            pushed_us: now_us,
            tries: 0,
            next_us: now_us,
            error: None,
            event: event.clone(),
        }
    }

    /// Notes why a try failed.
    pub(super) fn failed(&mut self, why: &str) {
        let visible = why.chars().map(|c| if c.is_control() { ' ' } else { c });
        self.error = Some(visible.take(WORDS_CHARS_MAX).collect());
    }

    /// The name of its object, whichever folder it is in.
    fn name(&self) -> String {
        format!("{}-{}.json", self.key, self.webhook)
    }

    fn at(&self, folder: &str) -> Path {
        Path::from(format!("{folder}/{}", self.name()))
    }

    /// Reads what lies at `path`.
    fn read(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let entry: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if entry.format != FORMAT {
            return Err(format!("its format is not {FORMAT}"));
        }
        entry.event.check()?;
        if entry.key != entry.event.key() || path.filename() != Some(&entry.name()) {
            return Err("its name is not that of its event and webhook".to_owned());
        }
        Ok(entry)
    }
}

// === impl Outbox ===

impl Outbox {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Puts a message in unless it is there, was sent or was given up; whether it did.
    pub(super) async fn create(&self, entry: &Entry) -> Result<bool, String> {
        if self.is_settled(entry).await? {
            return Ok(false);
        }
        Ok(self.put(&entry.at(OUTBOX), &json(entry)?, PutMode::Create).await?.is_some())
    }

    /// Whether a message was sent or given up.
    pub(super) async fn is_settled(&self, entry: &Entry) -> Result<bool, String> {
        for folder in [SENT, FAILED] {
            let path = entry.at(folder);
            match self.store.head(&path).await {
                Ok(_) => return Ok(true),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(says(&path, &error)),
            }
        }
        Ok(false)
    }

    /// All that waits, up to twice [`PENDING_MAX`]: replicas count before each puts one more.
    pub(super) async fn list(&self) -> Result<Vec<Listed>, String> {
        let folder = Path::from(OUTBOX);
        let mut listing = self.store.list(Some(&folder)).take(2 * PENDING_MAX);
        let mut all = Vec::new();
        while let Some(meta) = listing.next().await {
            let meta = meta.map_err(|error| says(&folder, &error))?;
            let version = UpdateVersion { e_tag: meta.e_tag, version: meta.version };
            all.push(Listed { path: meta.location, version, size: meta.size });
        }
        Ok(all)
    }

    /// The message that was listed and its version, which may be a later one; none when it is gone
    /// by now, or is no message and has been put aside.
    ///
    /// # Errors
    /// A sentence, when the store fails.
    pub(super) async fn read(
        &self,
        listed: &Listed,
    ) -> Result<Option<(Entry, UpdateVersion)>, String> {
        let Listed { path, size, .. } = listed;
        if *size > ENTRY_BYTES_MAX {
            return self.put_aside(path, "it is too large").await;
        }
        let got = match self.store.get(path).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(says(path, &error)),
        };
        if got.meta.size > ENTRY_BYTES_MAX {
            return self.put_aside(path, "it is too large").await;
        }
        let (e_tag, version) = (got.meta.e_tag.clone(), got.meta.version.clone());
        let bytes = got.bytes().await.map_err(|error| says(path, &error))?;
        match Entry::read(path, &bytes) {
            Ok(entry) => Ok(Some((entry, UpdateVersion { e_tag, version }))),
            Err(why) => self.put_aside(path, &why).await,
        }
    }

    /// Moves what is no message out of the way; not to where a message of that name would lie,
    /// which may still come.
    async fn put_aside<T>(&self, path: &Path, why: &str) -> Result<Option<T>, String> {
        let name = path.filename().unwrap_or_default();
        let to = Path::from(format!("{FAILED}/unreadable-{name}"));
        tracing::error!(%path, why, %to, "is no alert, and put aside");
        match self.store.rename(path, &to).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(says(path, &error)),
        }
    }

    /// Changes a message from the version that is known; the new version, none when another
    /// replica was quicker.
    pub(super) async fn swap(
        &self,
        entry: &Entry,
        version: UpdateVersion,
    ) -> Result<Option<UpdateVersion>, String> {
        self.put(&entry.at(OUTBOX), &json(entry)?, PutMode::Update(version)).await
    }

    /// Remembers that a message was taken with this status, and takes it out of the outbox.
    pub(super) async fn sent(&self, entry: &Entry, status: u16, at_us: i64) -> Result<(), String> {
        let Entry { key, webhook, form, tries, event, .. } = entry;
        let (format, tries) = ("skeg-alert-sent/1", *tries);
        let endpoint = &event.endpoint;
        let record = Sent { format, key, webhook, form, endpoint, at_us, tries, status };
        let json = serde_json::to_vec(&record).map_err(|error| error.to_string())?;
        self.put(&entry.at(SENT), &json, PutMode::Create).await?;
        self.remove(entry).await
    }

    /// Keeps a message as one that was given up, and takes it out of the outbox.
    pub(super) async fn give_up(&self, entry: &Entry) -> Result<(), String> {
        self.put(&entry.at(FAILED), &json(entry)?, PutMode::Create).await?;
        self.remove(entry).await
    }

    /// Takes a message out of the outbox.
    pub(super) async fn remove(&self, entry: &Entry) -> Result<(), String> {
        let path = entry.at(OUTBOX);
        match self.store.delete(&path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(says(&path, &error)),
        }
    }

    /// Takes away what was sent or given up long ago.
    pub(super) async fn sweep(&self, now_us: i64) -> Result<(), String> {
        for (folder, kept) in [(SENT, SENT_KEPT), (FAILED, FAILED_KEPT)] {
            let folder = Path::from(folder);
            let before_us = now_us.saturating_sub_unsigned(kept.as_micros() as u64);
            let mut listing = self.store.list(Some(&folder));
            let mut old = Vec::new();
            while let Some(meta) = listing.next().await {
                let meta = meta.map_err(|error| says(&folder, &error))?;
                if meta.last_modified.timestamp_micros() < before_us && old.len() < SWEPT_MAX {
                    old.push(meta.location);
                }
            }
            for path in old {
                match self.store.delete(&path).await {
                    Ok(()) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(says(&path, &error)),
                }
            }
        }
        Ok(())
    }

    /// The version that the object now is; none when it is not what `mode` wants.
    async fn put(
        &self,
        path: &Path,
        json: &[u8],
        mode: PutMode,
    ) -> Result<Option<UpdateVersion>, String> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(path, json.to_vec().into(), options).await {
            Ok(put) => Ok(Some(UpdateVersion { e_tag: put.e_tag, version: put.version })),
            Err(
                Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. },
            ) => Ok(None),
            Err(error) => Err(says(path, &error)),
        }
    }
}

fn json(entry: &Entry) -> Result<Vec<u8>, String> {
    serde_json::to_vec(entry).map_err(|error| error.to_string())
}

fn says(path: &Path, error: &dyn fmt::Display) -> String {
    format!("{path}: {error}")
}
