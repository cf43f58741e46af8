//! The collector's two handles: [`Collector`], which starts and ends it, and [`Appender`], by which
//! the scoring threads hand over rows.
//!
//! `append` never waits and never fails its caller: the buffer is bounded in records and in bytes,
//! and what does not fit is dropped and counted. It takes no lock and makes no system call but the
//! channel's wake-up of a sleeping sink.

use std::fmt;
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use object_store::ObjectStore;
use tokio::sync::oneshot;

use crate::buffer::{Intake, buffer};
use crate::config::Config;
use crate::counts::{Books, Counted, Dropped, Lane, Ledger};
use crate::error::Error;
use crate::histogram::{Histogram, HistogramSnapshot};
use crate::path::hour_of;
use crate::row::Record;
use crate::sampling::Sampling;
use crate::schema::RowSchema;
use crate::sink::{Publisher, Sink};

/// What `finish` waits beyond its budget for the sink to count what the budget cut off.
const SETTLE: Duration = Duration::from_millis(500);

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
    sampling: Sampling,
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
        let (intake, records) = buffer(config.buffer_records, config.buffer_bytes);
        let (stop, stopped) = oneshot::channel();
        let (ends, ended) = std_mpsc::channel();
        let puts = Arc::new(Histogram::default());
        let publisher = Publisher::new(store, clock, Arc::clone(&puts));
        let sink = Sink::new(config, publisher, records, Arc::clone(intake.budget()));
        let thread = std::thread::Builder::new()
            .name("skeg-sink".to_owned())
            .spawn(move || {
                let _ends = ends;
                sink.run(runtime, stopped);
            })
            .map_err(Error::Start)?;
        let running = Mutex::new(Some(Running { thread, stop, ended }));
        Ok(Collector { intake, books: Arc::default(), puts, running })
    }

    /// An appender of rows of `schema`.
    pub fn appender(&self, schema: Arc<RowSchema>) -> Appender {
        let counts = self.books.of(&schema.source().endpoint);
        let (lane, intake) = (Arc::new(Lane { schema, counts }), self.intake.clone());
        Appender { lane, intake, sampling: Sampling::default() }
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

// === impl Appender ===

impl Appender {
    /// The same appender, which keeps the rows of a share of the requests.
    pub fn with_sampling(self, sampling: Sampling) -> Self {
        Self { sampling, ..self }
    }

    /// Hands over a scored request's rows. Never waits, never fails: a record that does not fit the
    /// buffer or the schema, or comes after `finish`, is dropped and counted. No rows, no effect.
    pub fn append(&self, record: Record) {
        let rows = record.rows as u64;
        if rows == 0 {
            return;
        }
        self.lane.counts.offered(rows);
        if !self.sampling.keeps(&record.request_id) {
            return self.lane.counts.sampled_out(rows);
        }
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
