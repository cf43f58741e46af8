//! A lease in the store: which one of all replicas does what is to be done once.
//!
//! The object `leases/{name}.json` says who holds it, until when, and how often it has changed
//! hands. It is only ever replaced by compare-and-swap on its ETag, so that of two that want it one
//! gets it (ADR 0018). Taken by whoever runs a task of all replicas: analysis, alerts.
//!
//! What is assumed. The clocks of two replicas differ by less than half the lease's time: a holder
//! stops believing a quarter of it before the expiry, another takes over a quarter after. The clock
//! that is handed in never jumps forward by as much; one that is a start plus `Instant`s does not.
//! Holders have names of their own, one for each life of a process. All replicas use one time for
//! one name. Where a clock is wrong all the same there may be two holders for a while, never a
//! wrong object: what is done under a lease must bear being done twice.
//!
//! An object that is no lease is said, and taken over when nobody has changed it for a whole
//! lease's time: it must not stop all replicas for good.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model_loader::Name;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Value of the key `format`.
const FORMAT: &str = "skeg-lease/1";
/// Largest object that is read as a lease, bytes.
const BYTES_MAX: u64 = 4096;

/// One process's end of a lease.
pub struct Lease {
    store: Arc<dyn ObjectStore>,
    path: Path,
    holder: String,
    ttl_us: i64,
    mine: Option<Mine>,
    seen: Option<Seen>,
}

/// What this process knows of the lease that it holds.
#[derive(Clone, Debug)]
struct Mine {
    version: UpdateVersion,
    expires_us: i64,
    epoch: u64,
}

/// An object that is not ours, and since when it has been as it is.
#[derive(Clone, Debug)]
struct Seen {
    version: UpdateVersion,
    since_us: i64,
}

/// The object.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    format: String,
    /// Nobody, once it was let go.
    holder: Option<String>,
    /// RFC 3339.
    expires_at: String,
    /// One more at each change of hands.
    epoch: u64,
}

/// What lies in the store.
enum Found {
    Nothing,
    Lease {
        record: Record,
        end_us: i64,
        version: UpdateVersion,
    },
    /// Something else, and why it is no lease.
    Garbage(String, UpdateVersion),
}

// === impl Lease ===

impl Lease {
    /// The lease `name` for `holder`, who may be told from any other process and any other life of
    /// this one; each time that it is taken or renewed it holds for `ttl`.
    pub fn new(store: Arc<dyn ObjectStore>, name: &Name, holder: String, ttl: Duration) -> Self {
        let path = Path::from(format!("leases/{name}.json"));
        let ttl_us = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
        Self { store, path, holder, ttl_us, mine: None, seen: None }
    }

    /// Takes the lease, or renews it once a third of its time is over; whether it is held at
    /// `now_us`, unix microseconds. Asks the store only when it must: to be called every second or
    /// so, and at least thrice in the lease's time.
    ///
    /// # Errors
    /// A sentence that names the object, when the store fails or what lies there is no lease. What
    /// was held before is still held for as long as [`Self::is_held`] says so.
    pub async fn hold(&mut self, now_us: i64) -> Result<bool, String> {
        let Some(mine) = self.mine.clone() else { return self.take(now_us).await };
        let left_us = mine.expires_us.saturating_sub(now_us);
        if left_us > self.ttl_us / 3 * 2 && left_us <= self.ttl_us {
            return Ok(true);
        }
        if self.put(now_us, mine.epoch, Some(mine.version)).await? {
            return Ok(true);
        }
        // Somebody was quicker, or a renewal of ours arrived whose answer was lost.
        self.mine = None;
        self.take(now_us).await
    }

    /// Whether the lease may be believed at `now_us`, without a look at the store: until a quarter
    /// of its time before it expires.
    pub fn is_held(&self, now_us: i64) -> bool {
        let until = |mine: &Mine| mine.expires_us.saturating_sub(self.margin_us());
        self.mine.as_ref().is_some_and(|mine| now_us < until(mine))
    }

    /// How often the lease had changed hands when it was taken; greater for a later holder.
    pub fn epoch(&self) -> Option<u64> {
        self.mine.as_ref().map(|mine| mine.epoch)
    }

    /// Lets go of the lease, so that another need not wait for its expiry.
    ///
    /// # Errors
    /// A sentence, when the store fails; the lease is not held any more all the same.
    pub async fn release(&mut self) -> Result<(), String> {
        let Some(mine) = self.mine.take() else { return Ok(()) };
        let expires_at = time(mine.expires_us);
        let epoch = mine.epoch;
        let record = Record { format: FORMAT.to_owned(), holder: None, expires_at, epoch };
        // When it is another's by now, that is as well.
        self.swap(&record, PutMode::Update(mine.version)).await.map(drop)
    }

    fn margin_us(&self) -> i64 {
        self.ttl_us / 4
    }

    /// Takes the lease if it is free.
    async fn take(&mut self, now_us: i64) -> Result<bool, String> {
        let (garbage, version, epoch) = match self.look().await? {
            Found::Nothing => {
                self.seen = None;
                return self.put(now_us, 1, None).await;
            }
            Found::Lease { record, end_us, version } => {
                let of_mine = record.holder.as_ref() == Some(&self.holder);
                let next = if of_mine { record.epoch } else { record.epoch.saturating_add(1) };
                let is_over = now_us > end_us.saturating_add(self.margin_us());
                if record.holder.is_none() || of_mine || is_over {
                    return self.put(now_us, next, Some(version)).await;
                }
                (None, version, next)
            }
            Found::Garbage(why, version) => (Some(why), version, 1),
        };
        let unchanged = self.seen.take().filter(|seen| seen.version == version);
        let since_us = unchanged.map_or(now_us, |seen| seen.since_us);
        if now_us.saturating_sub(since_us) > self.ttl_us {
            return self.put(now_us, epoch, Some(version)).await;
        }
        self.seen = Some(Seen { version, since_us });
        garbage.map_or(Ok(false), |why| {
            let path = &self.path;
            Err(format!("{path}: is no lease, and taken over if nobody mends it: {why}"))
        })
    }

    async fn look(&self) -> Result<Found, String> {
        let says = |error: &dyn fmt::Display| format!("{}: {error}", self.path);
        let got = match self.store.get(&self.path).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(Found::Nothing),
            Err(error) => return Err(says(&error)),
        };
        let (e_tag, version) = (got.meta.e_tag.clone(), got.meta.version.clone());
        if e_tag.is_none() {
            return Err(says(&"the store has no ETags, so there are no leases in it"));
        }
        let version = UpdateVersion { e_tag, version };
        if got.meta.size > BYTES_MAX {
            return Ok(Found::Garbage(format!("has more than {BYTES_MAX} bytes"), version));
        }
        let bytes = got.bytes().await.map_err(|error| says(&error))?;
        Ok(match read(&bytes) {
            Ok((record, end_us)) => Found::Lease { record, end_us, version },
            Err(why) => Found::Garbage(why, version),
        })
    }

    /// Makes the lease ours in the place of `version`, of nothing where there is none; whether
    /// nobody was quicker, and it may be believed now.
    async fn put(
        &mut self,
        now_us: i64,
        epoch: u64,
        version: Option<UpdateVersion>,
    ) -> Result<bool, String> {
        let expires_us = now_us.saturating_add(self.ttl_us);
        let (expires_at, holder) = (time(expires_us), Some(self.holder.clone()));
        let record = Record { format: FORMAT.to_owned(), holder, expires_at, epoch };
        let mode = version.map_or(PutMode::Create, PutMode::Update);
        let swapped = self.swap(&record, mode).await?;
        self.mine = swapped.map(|version| Mine { version, expires_us, epoch });
        Ok(self.is_held(now_us))
    }

    /// The version that `record` now is; none when the object is not what `mode` wants.
    async fn swap(&self, record: &Record, mode: PutMode) -> Result<Option<UpdateVersion>, String> {
        let says = |error: &dyn fmt::Display| format!("{}: {error}", self.path);
        let json = serde_json::to_vec(record).map_err(|error| says(&error))?;
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(&self.path, json.into(), options).await {
            Ok(put) => Ok(Some(UpdateVersion { e_tag: put.e_tag, version: put.version })),
            Err(
                Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. },
            ) => Ok(None),
            Err(error) => Err(says(&error)),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, holder, mine, .. } = self;
        f.debug_struct("Lease")
            .field("path", path)
            .field("holder", holder)
            .field("mine", mine)
            .finish_non_exhaustive()
    }
}

/// The lease that `bytes` are, and the end of it, unix microseconds.
fn read(bytes: &[u8]) -> Result<(Record, i64), String> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if record.format != FORMAT {
        return Err(format!("its format is not {FORMAT}"));
    }
    let end = record.expires_at.parse::<Timestamp>();
    let end = end.map_err(|_| "its expires_at is no time in RFC 3339".to_owned())?;
    Ok((record, end.as_microsecond()))
}

/// Unix microseconds as a time; the last there is for what is past it.
fn time(unix_us: i64) -> String {
    Timestamp::from_microsecond(unix_us).unwrap_or(Timestamp::MAX).to_string()
}
