//! The collector's two handles: [`Collector`], which starts and ends it, and [`Appender`], by which
//! the scoring threads hand over rows.
//!
//! `append` never waits and never fails its caller: the buffer is bounded in records and in bytes,
//! and what does not fit is dropped and counted. It takes no lock and makes no system call but the
//! channel's wake-up of a sleeping sink.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_utils::CachePadded;
use object_store::ObjectStore;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::counts::{Books, Counted, Dropped, Lane, Ledger, Stake};
use crate::error::Error;
use crate::histogram::{Histogram, HistogramSnapshot};
use crate::path::{check_writer, hour_of};
use crate::roll::Roll;
use crate::row::Record;
use crate::schema::RowSchema;
use crate::sink::{Publisher, Sink};

#[cfg(test)]
mod tests;

/// Most records a buffer may be set to hold.
const MAX_BUFFER_RECORDS: usize = 1 << 24;

/// What `finish` waits beyond its budget for the sink to count what the budget cut off.
const SETTLE: Duration = Duration::from_millis(500);

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

/// A running collector: a thread that takes rows and writes files.
///
/// Dropping it without [`finish`](Collector::finish) is as finishing with no time: what is pending
/// is lost, and counted where nobody looks any more.
pub struct Collector {
    intake: Intake,
    books: Arc<Books>,
    puts: Arc<Histogram>,
    running: Mutex<Option<Running>>,
}

/// Hands over the rows of one schema. Cheap to clone; one for each deployment is enough.
#[derive(Clone)]
pub struct Appender {
    lane: Arc<Lane>,
    intake: Intake,
}

/// Rows of all endpoints since the start, as `finish` leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// In published files.
    pub written: u64,
    /// Neither written nor counted as lost: only when the sink's thread hangs past the budget.
    pub pending: u64,
    /// Taken but not published.
    pub lost: u64,
}

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

#[derive(Clone, Debug)]
struct Intake {
    queue: mpsc::Sender<Queued>,
    budget: Arc<Budget>,
}

#[derive(Debug)]
struct Running {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<Duration>,
    /// Closed when the thread ends.
    ended: std_mpsc::Receiver<()>,
}

// === impl Collector ===

impl Collector {
    /// Starts the thread "skeg-sink", which writes to `store`. `clock` gives unix microseconds.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Boot`] or [`Error::Config`] for settings out of range,
    /// [`Error::Start`] when the system refuses a thread.
    pub fn start(
        config: Config,
        store: Arc<dyn ObjectStore>,
        clock: fn() -> i64,
    ) -> Result<Collector, Error> {
        config.check()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name("skeg-sink-io")
            .max_blocking_threads(8)
            .build()
            .map_err(Error::Start)?;
        let (queue, records) = mpsc::channel(config.buffer_records);
        let (stop, stopped) = oneshot::channel();
        let (ends, ended) = std_mpsc::channel();
        let budget = Arc::new(Budget::new(config.buffer_bytes));
        let puts = Arc::new(Histogram::default());
        let publisher = Publisher::new(store, clock, Arc::clone(&puts));
        let sink = Sink::new(config, publisher, records, Arc::clone(&budget));
        let thread = std::thread::Builder::new()
            .name("skeg-sink".to_owned())
            .spawn(move || {
                let _ends = ends;
                sink.run(runtime, stopped);
            })
            .map_err(Error::Start)?;
        let intake = Intake { queue, budget };
        let running = Mutex::new(Some(Running { thread, stop, ended }));
        Ok(Collector { intake, books: Arc::default(), puts, running })
    }

    /// An appender of rows of `schema`.
    pub fn appender(&self, schema: Arc<RowSchema>) -> Appender {
        let counts = self.books.of(&schema.source().endpoint);
        Appender { lane: Arc::new(Lane { schema, counts }), intake: self.intake.clone() }
    }

    /// Every counter of every endpoint. Pending rows are no counter, as they go down:
    /// [`Collector::ledgers`] has them.
    pub fn counters(&self) -> Vec<Counted> {
        self.books.counted()
    }

    /// The accounts of every endpoint, by name.
    pub fn ledgers(&self) -> Vec<(String, Ledger)> {
        self.books.ledgers()
    }

    /// How long the store took to settle each file, all attempts together.
    pub fn put_seconds(&self) -> HistogramSnapshot {
        self.puts.snapshot()
    }

    /// Takes no more rows, writes what is left, and ends the thread. What does not fit in `budget`
    /// is counted as lost. Blocks for at most `budget` and half a second; not for an async task.
    ///
    /// Called again, it only returns the accounts.
    pub fn finish(&self, budget: Duration) -> Finished {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { thread, stop, ended }) = running {
            // Fails only if the sink is gone already, with everything counted.
            let _ = stop.send(budget);
            match ended.recv_timeout(budget.saturating_add(SETTLE)) {
                Err(std_mpsc::RecvTimeoutError::Timeout) => {
                    tracing::error!(?budget, "the thread that writes rows hangs; left behind");
                }
                _ => {
                    // The sink catches its own panics.
                    let _ = thread.join();
                }
            }
        }
        let total = self.books.total();
        Finished { written: total.written, pending: total.pending(), lost: total.lost() }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("books", &self.books).finish_non_exhaustive()
    }
}

// === impl Config ===

impl Config {
    fn check(&self) -> Result<(), Error> {
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

// === impl Appender ===

impl Appender {
    /// Hands over a scored request's rows. Never waits, never fails: a record that does not fit the
    /// buffer or the schema, or comes after `finish`, is dropped and counted. No rows, no effect.
    pub fn append(&self, record: Record) {
        let rows = record.rows as u64;
        if rows == 0 {
            return;
        }
        self.lane.counts.offered(rows);
        if !self.lane.schema.fits(&record) || hour_of(record.time_us).is_none() {
            return self.lane.counts.dropped(Dropped::Shape, rows);
        }
        if let Err(why) = self.intake.take(&self.lane, record) {
            self.lane.counts.dropped(why, rows);
        }
    }
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Appender").field(&self.lane.schema.label()).finish()
    }
}

// === impl Intake ===

impl Intake {
    fn take(&self, lane: &Arc<Lane>, record: Record) -> Result<(), Dropped> {
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
