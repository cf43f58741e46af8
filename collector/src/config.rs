//! What a collector is told at its start, checked whole.

use crate::error::Error;
use crate::path::check_writer;
use crate::roll::Roll;

/// Most records a buffer may be set to hold.
const MAX_BUFFER_RECORDS: usize = 1 << 24;

/// Settings of a collector.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of this replica in file names, such as the pod's: 1 to 64 of `[A-Za-z0-9._-]`.
    pub replica: String,
    /// Which life of the replica: the same, without a dash, and new at every start.
    pub boot: String,
    /// When files are closed.
    pub roll: Roll,
    /// Most records waiting between the scoring threads and the sink.
    pub buffer_records: usize,
    /// Most bytes those records may hold.
    pub buffer_bytes: usize,
}

// === impl Config ===

impl Config {
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_writer(&self.replica, &self.boot)?;
        self.roll.check()?;
        if !(1..=MAX_BUFFER_RECORDS).contains(&self.buffer_records) {
            return Err(Error::Config { name: "buffer_records", why: "must be 1 to 16777216" });
        }
        if self.buffer_bytes == 0 {
            return Err(Error::Config { name: "buffer_bytes", why: "must be at least 1" });
        }
        Ok(())
    }
}
