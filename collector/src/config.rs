//! What a collector is told at its start, checked whole.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::azureml;
use crate::error::Error;
use crate::path::check_writer;
use crate::roll::Roll;

/// Least and most bytes of a segment.
pub(crate) const SEGMENTS: RangeInclusive<usize> = 1 << 16..=1 << 23;

/// Segments that each writing thread finds ready, beside the one it writes to.
pub(crate) const READY: usize = 2;

/// Settings of a collector.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of this replica in file names, such as the pod's: 1 to 64 of `[A-Za-z0-9._-]`.
    pub replica: String,
    /// Which life of the replica: the same, without a dash, and new at every start.
    pub boot: String,
    /// When files are closed.
    pub roll: Roll,
    /// Threads that append.
    pub writers: usize,
    /// Where rows are until the store has them.
    pub spool: Spooling,
    /// ARM id of the Azure ML workspace whose monitors read the rows: they are stored a second
    /// time, in files of JSON lines. JSON is several times as long as rows are in the spool, and a
    /// batch is in memory as a whole, so files are closed at an eighth of [`Roll::bytes`] then.
    pub azureml: Option<String>,
}

/// Where rows are until the store has them.
#[derive(Clone, Debug)]
pub struct Spooling {
    /// A folder on a local disk, made if it is missing; lives of several replicas may share it.
    /// Without one rows are in memory, and a killed process loses those that the store has not.
    pub folder: Option<PathBuf>,
    /// What tells the store from any other, without a secret: what another process has left for
    /// another store is not put to this one.
    pub store: String,
    /// Most bytes of all segments, of earlier lives too.
    pub bytes: usize,
    /// Rows that the store has not taken for so long are given up.
    pub age: Duration,
}

// === impl Spooling ===

impl Spooling {
    /// In memory, up to so many bytes, for an hour.
    pub fn in_memory(bytes: usize) -> Self {
        Self { folder: None, store: String::new(), bytes, age: Duration::from_hours(1) }
    }
}

// === impl Config ===

impl Config {
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_writer(&self.replica, &self.boot)?;
        self.roll.check()?;
        let refuse = |name, why| Err(Error::Config { name, why });
        if !(1..=1024).contains(&self.writers) {
            return refuse("writers", "must be 1 to 1024");
        }
        if self.spool.bytes < self.writers * (READY + 1) * SEGMENTS.start() {
            return refuse("spool.bytes", "must be at least 192 KiB for each writing thread");
        }
        if self.spool.age < Duration::from_secs(1)
            || self.spool.age > Duration::from_hours(24 * 366)
        {
            return refuse("spool.age", "must be 1 s to 366 days");
        }
        Ok(())
    }

    /// When files are closed.
    pub(crate) fn roll(&self) -> Roll {
        let times = if self.azureml.is_some() { azureml::TIMES } else { 1 };
        Roll { bytes: (self.roll.bytes / times).max(1), ..self.roll }
    }

    /// Bytes of a segment: as many as let each thread have several, within bounds.
    pub(crate) fn segment_bytes(&self) -> usize {
        let share = self.spool.bytes / (self.writers.max(1) * (READY + 2));
        (share / 4096 * 4096).clamp(*SEGMENTS.start(), *SEGMENTS.end())
    }
}
