//! The accounts: how far each row of an endpoint came.
//!
//! Always `offered = sampled_out + dropped + buffered` and `buffered = written + pending + lost`,
//! in rows. `handle` counts the first line, `sink` the second. Rows taken into the buffer are held
//! by a [`Stake`], which counts them when it is settled or, should the code holding it unwind or be
//! cancelled, when it is dropped: no path through the sink can forget a row.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_utils::CachePadded;

use crate::schema::RowSchema;

#[cfg(test)]
mod tests;

/// One counter, as the metrics show it. All of them only ever grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The endpoint whose rows are counted.
    pub endpoint: String,
    /// "offered", "sampled_out", "dropped", "buffered", "written" or "lost".
    pub stage: &'static str,
    /// Why, for "dropped" (buffer_full, closed, shape) and "lost" (put, encode, shutdown); else
    /// empty.
    pub reason: &'static str,
    /// Rows.
    pub rows: u64,
}

/// An endpoint's accounts at one moment, in rows. Rows on their way between two counters at that
/// moment may be missing from the later one, never from the earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Given to `append`.
    pub offered: u64,
    /// Left out by the sampling rate.
    pub sampled_out: u64,
    /// Refused: the buffer was full.
    pub dropped_buffer_full: u64,
    /// Refused: the collector was finishing, or had.
    pub dropped_closed: u64,
    /// Refused: the values did not fit the schema, or the time was outside years 1970 to 9998.
    pub dropped_shape: u64,
    /// Taken into the buffer.
    pub buffered: u64,
    /// In a published file.
    pub written: u64,
    /// The store would not take their file. It may still have arrived, if only the answer was lost.
    pub lost_put: u64,
    /// Parquet or Arrow refused them, or the sink panicked over them.
    pub lost_encode: u64,
    /// Not published within the budget of `finish`.
    pub lost_shutdown: u64,
}

/// Why rows in the sink's hands did not reach a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    Put,
    Encode,
    Shutdown,
}

/// Why `append` refused rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    BufferFull,
    Closed,
    Shape,
}

/// The live counters of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Written by the scoring threads.
    front: CachePadded<Front>,
    /// Written by the sink.
    back: CachePadded<Back>,
}

#[derive(Debug, Default)]
struct Front {
    offered: AtomicU64,
    sampled_out: AtomicU64,
    buffer_full: AtomicU64,
    closed: AtomicU64,
    shape: AtomicU64,
    buffered: AtomicU64,
}

#[derive(Debug, Default)]
struct Back {
    written: AtomicU64,
    put: AtomicU64,
    encode: AtomicU64,
    shutdown: AtomicU64,
}

/// All endpoints' counters. An endpoint that is gone keeps its counters: they must not shrink.
#[derive(Debug, Default)]
pub(crate) struct Books {
    endpoints: Mutex<BTreeMap<String, Arc<Counts>>>,
}

/// Where an appender's rows go and who counts them: resolved once, shared by all its clones.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) schema: Arc<RowSchema>,
    pub(crate) counts: Arc<Counts>,
}

/// Rows that are pending, and the duty to say what became of them.
#[derive(Debug)]
pub(crate) struct Stake {
    lane: Arc<Lane>,
    rows: u64,
    /// What a panic at this stage of the walk costs them.
    at_risk: Lost,
}

// === impl Ledger ===

impl Ledger {
    /// Refused rows, for any reason.
    pub fn dropped(&self) -> u64 {
        self.dropped_buffer_full + self.dropped_closed + self.dropped_shape
    }

    /// Rows taken but not published, for any reason.
    pub fn lost(&self) -> u64 {
        self.lost_put + self.lost_encode + self.lost_shutdown
    }

    /// Rows taken and not yet settled: in the buffer, in an open file, or on their way to the
    /// store.
    pub fn pending(&self) -> u64 {
        self.buffered.saturating_sub(self.written + self.lost())
    }

    /// Whether the conservation law holds; exact while no row is on its way.
    pub fn holds(&self) -> bool {
        self.offered == self.sampled_out + self.dropped() + self.buffered
            && self.buffered == self.written + self.pending() + self.lost()
    }

    pub(crate) fn stages(&self) -> [(&'static str, &'static str, u64); 10] {
        [
            ("offered", "", self.offered),
            ("sampled_out", "", self.sampled_out),
            ("dropped", "buffer_full", self.dropped_buffer_full),
            ("dropped", "closed", self.dropped_closed),
            ("dropped", "shape", self.dropped_shape),
            ("buffered", "", self.buffered),
            ("written", "", self.written),
            ("lost", "put", self.lost_put),
            ("lost", "encode", self.lost_encode),
            ("lost", "shutdown", self.lost_shutdown),
        ]
    }

    pub(crate) fn add(&mut self, other: &Ledger) {
        self.offered += other.offered;
        self.sampled_out += other.sampled_out;
        self.dropped_buffer_full += other.dropped_buffer_full;
        self.dropped_closed += other.dropped_closed;
        self.dropped_shape += other.dropped_shape;
        self.buffered += other.buffered;
        self.written += other.written;
        self.lost_put += other.lost_put;
        self.lost_encode += other.lost_encode;
        self.lost_shutdown += other.lost_shutdown;
    }
}

// === impl Counts ===

impl Counts {
    /// `append` left rows out by the sampling rate.
    pub(crate) fn sampled_out(&self, rows: u64) {
        self.front.sampled_out.fetch_add(rows, Ordering::Release);
    }

    pub(crate) fn offered(&self, rows: u64) {
        self.front.offered.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self, why: Dropped, rows: u64) {
        let counter = match why {
            Dropped::BufferFull => &self.front.buffer_full,
            Dropped::Closed => &self.front.closed,
            Dropped::Shape => &self.front.shape,
        };
        counter.fetch_add(rows, Ordering::Release);
    }

    /// Later counters are read first, so that no row shows as written but not yet buffered.
    pub(crate) fn ledger(&self) -> Ledger {
        let later = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        let (front, back) = (&self.front, &self.back);
        let written = later(&back.written);
        let (lost_put, lost_encode) = (later(&back.put), later(&back.encode));
        let lost_shutdown = later(&back.shutdown);
        let buffered = later(&front.buffered);
        let dropped_buffer_full = later(&front.buffer_full);
        let (dropped_closed, dropped_shape) = (later(&front.closed), later(&front.shape));
        let sampled_out = later(&front.sampled_out);
        let offered = later(&front.offered);
        Ledger {
            offered,
            sampled_out,
            dropped_buffer_full,
            dropped_closed,
            dropped_shape,
            buffered,
            written,
            lost_put,
            lost_encode,
            lost_shutdown,
        }
    }

    fn lost(&self, why: Lost, rows: u64) {
        let counter = match why {
            Lost::Put => &self.back.put,
            Lost::Encode => &self.back.encode,
            Lost::Shutdown => &self.back.shutdown,
        };
        counter.fetch_add(rows, Ordering::Release);
    }
}

// === impl Books ===

impl Books {
    /// The counters of an endpoint, made when first asked for.
    pub(crate) fn of(&self, endpoint: &str) -> Arc<Counts> {
        let mut endpoints = self.lock();
        Arc::clone(endpoints.entry(endpoint.to_owned()).or_default())
    }

    pub(crate) fn ledgers(&self) -> Vec<(String, Ledger)> {
        self.lock().iter().map(|(name, counts)| (name.clone(), counts.ledger())).collect()
    }

    pub(crate) fn counted(&self) -> Vec<Counted> {
        let of_endpoint = |(endpoint, ledger): (String, Ledger)| {
            let one = move |(stage, reason, rows)| Counted {
                endpoint: endpoint.clone(),
                stage,
                reason,
                rows,
            };
            ledger.stages().map(one)
        };
        self.ledgers().into_iter().flat_map(of_endpoint).collect()
    }

    pub(crate) fn total(&self) -> Ledger {
        let mut total = Ledger::default();
        self.ledgers().iter().for_each(|(_, ledger)| total.add(ledger));
        total
    }

    /// A panic elsewhere leaves the map whole: nothing is changed in steps.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Counts>>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Stake ===

impl Stake {
    /// Counts the rows as buffered; the stake counts what becomes of them.
    pub(crate) fn buffered(lane: &Arc<Lane>, rows: u64) -> Stake {
        lane.counts.front.buffered.fetch_add(rows, Ordering::Release);
        Stake { lane: Arc::clone(lane), rows, at_risk: Lost::Encode }
    }

    pub(crate) fn schema(&self) -> &Arc<RowSchema> {
        &self.lane.schema
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes over the rows of a stake of the same endpoint.
    pub(crate) fn absorb(&mut self, mut other: Stake) {
        debug_assert!(Arc::ptr_eq(&self.lane.counts, &other.lane.counts), "stakes of one endpoint");
        self.rows += std::mem::take(&mut other.rows);
    }

    /// The rows are encoded; from here a panic costs them in the put.
    pub(crate) fn encoded(mut self) -> Stake {
        self.at_risk = Lost::Put;
        self
    }

    pub(crate) fn written(mut self) {
        let rows = std::mem::take(&mut self.rows);
        self.lane.counts.back.written.fetch_add(rows, Ordering::Release);
    }

    pub(crate) fn lost(mut self, why: Lost) {
        let rows = std::mem::take(&mut self.rows);
        self.lane.counts.lost(why, rows);
    }

    /// The endpoint's accounts now.
    pub(crate) fn ledger(&self) -> Ledger {
        self.lane.counts.ledger()
    }
}

impl Drop for Stake {
    /// Only a panic or a cut-off shutdown drops a stake unsettled.
    fn drop(&mut self) {
        let why = if std::thread::panicking() { self.at_risk } else { Lost::Shutdown };
        self.lane.counts.lost(why, self.rows);
    }
}
