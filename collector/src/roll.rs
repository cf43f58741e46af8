//! When a batch of files is made: at its rows, its bytes or its age, whichever comes first; and
//! when an hour is over, as a file has rows of one UTC hour.

use std::time::Duration;

use crate::error::Error;

/// When a file is closed and published: at whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roll {
    /// Rows in a batch. A request's are never split, so the last may run over.
    pub rows: usize,
    /// Bytes of the rows in the spool: uncompressed, so files come out smaller.
    pub bytes: usize,
    /// Since the first row that is in no batch.
    pub age: Duration,
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
}
