//! The bounded buffer between the scoring threads and the sink, in records and in bytes.
//!
//! The appender takes room and sends; the sink gives the room back. Full is an answer, never a
//! wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::counts::{Dropped, Lane, Stake};
use crate::row::Record;

#[cfg(test)]
mod tests;

/// One record in the buffer.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) record: Record,
    pub(crate) stake: Stake,
    pub(crate) bytes: usize,
}

/// Bytes held by the buffer.
#[derive(Debug)]
pub(crate) struct Budget {
    used: CachePadded<AtomicUsize>,
    limit: usize,
}

/// The appenders' end.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    queue: mpsc::Sender<Queued>,
    budget: Arc<Budget>,
}

/// A buffer for this many records and bytes: the appenders' end and the sink's.
pub(crate) fn buffer(records: usize, bytes: usize) -> (Intake, mpsc::Receiver<Queued>) {
    let (queue, received) = mpsc::channel(records);
    (Intake { queue, budget: Arc::new(Budget::new(bytes)) }, received)
}

// === impl Intake ===

impl Intake {
    /// The bytes held, which the sink gives back.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Takes room for `record` and sends it, or says why not. Never waits.
    pub(crate) fn take(&self, lane: &Arc<Lane>, record: Record) -> Result<(), Dropped> {
        let bytes = record.bytes();
        if !self.budget.take(bytes) {
            return Err(Dropped::BufferFull);
        }
        let permit = self.queue.try_reserve().map_err(|refused| {
            self.budget.release(bytes);
            match refused {
                TrySendError::Full(()) => Dropped::BufferFull,
                TrySendError::Closed(()) => Dropped::Closed,
            }
        })?;
        // Counted before it is sent, so that the sink never settles a row not yet counted.
        let stake = Stake::buffered(lane, record.rows as u64);
        permit.send(Queued { record, stake, bytes });
        Ok(())
    }
}

// === impl Budget ===

impl Budget {
    pub(crate) fn new(limit: usize) -> Budget {
        Budget { used: CachePadded::default(), limit }
    }

    /// Adds first and looks then: one step, no loop. Two that meet at the limit may both be
    /// refused.
    fn take(&self, bytes: usize) -> bool {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.checked_add(bytes).is_some_and(|sum| sum <= self.limit);
        if !fits {
            self.release(bytes);
        }
        fits
    }

    pub(crate) fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
