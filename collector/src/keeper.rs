//! The thread that makes segments before they are needed, so that no scoring thread has to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::config::{Config, READY};
use crate::error::Error;
use crate::spool::house::House;
use crate::spool::segment::Tail;
use crate::thread::{Background, SETTLE};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// After a segment could not be made, how long until another is tried.
const PAUSE: Duration = Duration::from_secs(2);

/// The thread; it ends when this is dropped, and is not waited for.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// Dropped, it stops the thread.
    stop: Sender<()>,
    thread: Background,
}

/// What the thread does.
struct Stock {
    house: Arc<House>,
    segment_bytes: usize,
    /// Most bytes of all segments.
    most: usize,
    /// Bytes that earlier lives still take.
    left_bytes: Arc<AtomicUsize>,
    writers: Vec<Sender<Tail>>,
}

// === impl Keeper ===

impl Keeper {
    /// Makes the first segment of each writing thread, so that a disk without room is known at
    /// once, and starts the thread that makes the others. `left_bytes` of the spool are earlier
    /// lives'.
    ///
    /// # Errors
    /// [`Error::Spool`] when there is no room, [`Error::Start`] when the system refuses a thread.
    pub(crate) fn start(
        house: Arc<House>,
        config: &Config,
        left_bytes: Arc<AtomicUsize>,
    ) -> Result<(Self, Vec<Receiver<Tail>>), Error> {
        let segment_bytes = config.segment_bytes();
        let (writers, ready): (Vec<_>, _) = (0..config.writers).map(|_| bounded(READY)).unzip();
        let most = config.spool.bytes;
        let stock = Stock { house, segment_bytes, most, left_bytes, writers };
        stock.open()?;
        let (stop, stopped) = bounded(0);
        let run =
            move || while stopped.recv_timeout(stock.fill()) == Err(RecvTimeoutError::Timeout) {};
        let thread = Background::start("skeg-spool", run)?;
        Ok((Self { stop, thread }, ready))
    }

    /// Ends the thread.
    pub(crate) fn stop(self) {
        drop(self.stop);
        self.thread.join(SETTLE);
    }
}

// === impl Stock ===

impl Stock {
    /// Makes the first segment of each thread. While what was left takes the room, or the disk is
    /// full of it, there is none: rows are dropped until the store has taken some.
    fn open(&self) -> Result<(), Error> {
        let left = self.left_bytes.load(Ordering::Relaxed);
        for writer in 0..self.writers.len() {
            if !self.is_room() {
                tracing::warn!(left, "the spool is full of rows of earlier lives");
                return Ok(());
            }
            match self.add(writer) {
                Err(error) if left > 0 => {
                    tracing::warn!(left, %error, "the spool has no room yet");
                    return Ok(());
                }
                added => added?,
            }
        }
        Ok(())
    }

    fn is_room(&self) -> bool {
        let used = self.house.bytes() + self.left_bytes.load(Ordering::Relaxed);
        used.saturating_add(self.segment_bytes) <= self.most
    }

    /// Makes what is missing, and says when to look again.
    fn fill(&self) -> Duration {
        for _ in 0..READY {
            for (writer, ready) in self.writers.iter().enumerate() {
                if ready.is_full() || !self.is_room() {
                    continue;
                }
                if let Err(error) = self.add(writer) {
                    tracing::error!(%error, "the spool has no room; rows may be dropped");
                    return PAUSE;
                }
            }
        }
        LOOK
    }

    fn add(&self, writer: usize) -> Result<(), Error> {
        let tail = self.house.segment(writer, self.segment_bytes)?;
        // Never full: only this thread adds.
        let _ = self.writers[writer].try_send(tail);
        Ok(())
    }
}
