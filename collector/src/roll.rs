//! When to close a file: pure rules over what is open.
//!
//! Asked by `sink` after each round of records and on its tick. A file has rows of one schema and
//! one UTC hour. It is closed when it has its rows, its bytes or its age, or when its hour is well
//! over; and, oldest first, when too many files or too many bytes are open together.

use std::time::Duration;

use crate::error::Error;
use crate::path::HOUR_US;

#[cfg(test)]
mod tests;

/// Most files open at once; one more closes the oldest.
pub(crate) const MAX_OPEN_FILES: usize = 64;

/// All open files together hold at most this many times `Roll::bytes`.
const MAX_OPEN_SHARE: usize = 4;

/// How long a file may still take rows of an hour that is over, microseconds.
const HOUR_GRACE_US: i64 = 5_000_000;

/// When a file is closed and published: at whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roll {
    /// Rows in one file. A record is never split, so the last may run over.
    pub rows: usize,
    /// Bytes of the rows in memory: uncompressed, so files come out smaller. All open files
    /// together hold at most four times this.
    pub bytes: usize,
    /// Since the file's first row.
    pub age: Duration,
}

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) rows: u64,
    pub(crate) bytes: usize,
    /// When the first row came to the sink, unix microseconds.
    pub(crate) opened_us: i64,
    /// The hour of the rows, counted from the epoch.
    pub(crate) hour: i64,
}

// === impl Roll ===

impl Roll {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, why| Err(Error::Config { name, why });
        if self.rows == 0 || self.rows > u32::MAX as usize {
            return refuse("roll.rows", "must be 1 to 4294967295");
        }
        if self.bytes == 0 || self.bytes > 1 << 30 {
            return refuse("roll.bytes", "must be 1 to 1073741824");
        }
        if self.age < Duration::from_millis(1) || self.age > Duration::from_hours(24) {
            return refuse("roll.age", "must be 1 ms to 24 h");
        }
        Ok(())
    }

    /// Whether a file is to be closed now. A clock that went back closes it too: else its age could
    /// stay below the limit for as long as the step was.
    pub(crate) fn closes(&self, open: &Open, now_us: i64) -> bool {
        let age_us = i64::try_from(self.age.as_micros()).unwrap_or(i64::MAX);
        let hour_end_us = open.hour.saturating_add(1).saturating_mul(HOUR_US);
        let over_us = now_us.saturating_sub(hour_end_us.max(open.opened_us));
        open.rows >= self.rows as u64
            || open.bytes >= self.bytes
            || now_us < open.opened_us
            || now_us.saturating_sub(open.opened_us) >= age_us
            || over_us >= HOUR_GRACE_US.min(age_us)
    }

    /// Whether all open files together are too much, so that the oldest must go.
    pub(crate) fn crowded(&self, files: usize, bytes: usize) -> bool {
        files > MAX_OPEN_FILES || bytes > self.bytes.saturating_mul(MAX_OPEN_SHARE)
    }
}
