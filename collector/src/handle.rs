//! The collector's handles: [`Collector`], which starts and ends it, [`Writer`], by which one
//! thread hands over rows, and [`Appender`], which says whose rows they are.
//!
//! `append` never waits and never fails its caller: a row is stored in the spool's memory, or
//! dropped and counted. It takes no lock, allocates nothing and makes no system call.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::ObjectStore;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::counts::{Books, Counted, Ledger};
use crate::error::Error;
use crate::histogram::HistogramSnapshot;
use crate::keeper::Keeper;
use crate::sampling::Sampling;
use crate::schema::RowSchema;
use crate::sink::{Publisher, Puts, Rules, Sink};
use crate::spool::estate::Estate;
use crate::spool::house::House;
use crate::spool::lanes::Lane;
use crate::thread::{Background, SETTLE, runtime};
use crate::writer::Writer;

/// A running collector: a thread that makes room in the spool and one that writes files.
///
/// Dropping it without [`finish`](Collector::finish) is as finishing with no time: what is pending
/// stays in the spool.
pub struct Collector {
    house: Arc<House>,
    books: Arc<Books>,
    puts: Arc<Puts>,
    writers: Mutex<Vec<Option<Writer>>>,
    is_closed: Arc<AtomicBool>,
    running: Mutex<Option<Running>>,
}

/// Whose rows are handed over, and how many of them are kept. Cheap to clone; one for each
/// deployment is enough.
#[derive(Clone)]
pub struct Appender {
    pub(crate) lane: Arc<Lane>,
    pub(crate) sampling: Sampling,
}

/// Rows of all endpoints since the start, as `finish` leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// In published files.
    pub written: u64,
    /// In the spool: the next start puts them.
    pub pending: u64,
    /// Taken, and neither.
    pub lost: u64,
}

#[derive(Debug)]
struct Running {
    keeper: Keeper,
    sink: Background,
    stop: oneshot::Sender<Duration>,
}

// === impl Collector ===

impl Collector {
    /// Starts the threads "skeg-spool" and "skeg-sink"; the latter writes to `store`, what earlier
    /// lives have left in the spool first. `clock` gives unix microseconds.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Boot`] or [`Error::Config`] for settings out of range,
    /// [`Error::Spool`] when there is no room for a spool, [`Error::Start`] when the system refuses
    /// a thread.
    pub fn start(
        config: Config,
        store: Arc<dyn ObjectStore>,
        clock: fn() -> i64,
    ) -> Result<Collector, Error> {
        config.check()?;
        let (folder, at) = (config.spool.folder.as_deref(), config.spool.store.as_str());
        let mut estate = folder.map(|folder| Estate::open(folder, at)).transpose()?;
        let found = estate.as_mut().map(Estate::left).transpose()?.unwrap_or_default();
        let life = (config.replica.as_str(), config.boot.as_str());
        let (house, ink) = House::new(folder, life, at, config.writers)?;
        let (house, books) = (Arc::new(house), Arc::<Books>::default());
        let left_bytes: usize = found.iter().map(House::bytes).sum();
        let left_bytes = Arc::new(AtomicUsize::new(left_bytes));
        let is_closed = Arc::<AtomicBool>::default();
        let (keeper, ready) = Keeper::start(Arc::clone(&house), &config, Arc::clone(&left_bytes))?;
        let closed = || Arc::clone(&is_closed);
        let writers = ink.into_iter().zip(ready).map(|(ink, ready)| {
            Some(Writer::new(ink, ready, config.segment_bytes(), closed(), Arc::clone(&books)))
        });
        let writers = Mutex::new(writers.collect());
        let runtime = runtime("skeg-sink-io")?;
        let (stop, stopped) = oneshot::channel();
        let puts = Arc::<Puts>::default();
        let publisher = Publisher::new(store, clock, Arc::clone(&puts));
        let age_us = i64::try_from(config.spool.age.as_micros()).unwrap_or(i64::MAX);
        let (roll, spool_bytes) = (config.roll(), config.spool.bytes);
        let rules = Rules { roll, spool_bytes, age_us, azureml: config.azureml };
        let sink = Sink::new(
            rules,
            publisher,
            Arc::clone(&books),
            Arc::clone(&house),
            (estate, found, left_bytes),
        );
        let sink = Background::start("skeg-sink", move || sink.run(runtime, stopped))?;
        let running = Mutex::new(Some(Running { keeper, sink, stop }));
        Ok(Collector { house, books, puts, writers, is_closed, running })
    }

    /// The writing end of thread number `index`; `None` when it was taken before, or there are not
    /// so many.
    pub fn writer(&self, index: usize) -> Option<Writer> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.get_mut(index)?.take()
    }

    /// An appender of rows of `schema`, which keeps the rows of a share of the requests.
    ///
    /// # Errors
    /// [`Error::Spool`] when the spool cannot be written to.
    pub fn appender(&self, schema: Arc<RowSchema>, sampling: Sampling) -> Result<Appender, Error> {
        let lane = self.house.lanes.of(schema, sampling.weight())?;
        Ok(Appender { lane, sampling })
    }

    /// Every counter of every endpoint. Pending rows are no counter, as they go down:
    /// [`Collector::ledgers`] has them.
    pub fn counters(&self) -> Vec<Counted> {
        self.books.counted(&self.house)
    }

    /// The accounts of every endpoint, by name.
    pub fn ledgers(&self) -> Vec<(String, Ledger)> {
        self.books.ledgers(&self.house).into_iter().collect()
    }

    /// Bytes of this life's segments in the spool.
    pub fn spool_bytes(&self) -> usize {
        self.house.bytes()
    }

    /// How long the store took to settle each file, all attempts together.
    pub fn put_seconds(&self) -> HistogramSnapshot {
        self.puts.took.snapshot()
    }

    /// Files and bytes that the store has taken, attempts that failed and were repeated, and files
    /// that were given up.
    pub fn puts(&self) -> [u64; 4] {
        let Puts { files, bytes, retries, lost, .. } = &*self.puts;
        [files, bytes, retries, lost].map(|count| count.load(Ordering::Relaxed))
    }

    /// Takes no more rows, writes what is left, and ends the threads. What does not fit in `budget`
    /// stays in the spool. Blocks for at most `budget` and a second; not for an async task.
    ///
    /// Called again, it only returns the accounts.
    pub fn finish(&self, budget: Duration) -> Finished {
        self.is_closed.store(true, Ordering::Release);
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { keeper, sink, stop }) = running {
            // The sink may delete the folder in which it makes segments.
            keeper.stop();
            // Fails only if the sink is gone already.
            let _ = stop.send(budget);
            sink.join(budget.saturating_add(SETTLE));
        }
        let total = self.books.total(&self.house);
        Finished { written: total.written, pending: total.pending(), lost: total.lost() }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("books", &self.books).finish_non_exhaustive()
    }
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Appender").field(&self.lane.schema.label()).finish()
    }
}
