//! Counters and histograms of the scoring path, and the registry a scrape reads them from.
//!
//! Each worker thread writes only its own cells, on cache lines of their own, with plain loads and
//! stores; a scrape adds the workers up. Handles are resolved when a deployment is built, never per
//! request. `metrics::exposition` renders them with the `prometheus` crate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::error::{STATUSES, status_cell};
use crate::protocol::Protocol;
use alerted::Alerted;
use batched::Batched;
use histogram::{Histogram, Snapshot};
use labelled::Labelled;
use mirrored::Mirrored;
use refused::Refused;

pub mod alerted;
pub mod batched;
pub mod exposition;
pub mod histogram;
pub mod labelled;
pub mod mirrored;
pub mod refused;

/// What a series is about; an empty text means "none was chosen".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The endpoint.
    pub endpoint: String,
    /// The deployment.
    pub deployment: String,
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
}

/// The numbers of one deployment, or of the requests that reached none.
#[derive(Debug)]
pub struct Series {
    labels: Labels,
    /// What became of the copies of others' requests.
    pub mirrored: Mirrored,
    /// How its requests were batched.
    pub batched: Batched,
    /// Labels that came for it, where it is an endpoint's own.
    pub labelled: Labelled,
    /// One per worker.
    cells: Box<[CachePadded<Cells>]>,
}

/// One worker's numbers of one series; only that worker writes them.
#[derive(Debug, Default)]
struct Cells {
    /// Requests answered, by their protocol and the position of their status in `STATUSES`.
    requests: [[AtomicU64; STATUSES.len()]; Protocol::ALL.len()],
    duration: Histogram,
    inference: Histogram,
    /// Of `duration`, that of scored requests, and of those that were taken on and failed,
    /// nanoseconds.
    scored_ns: AtomicU64,
    failed_ns: AtomicU64,
    /// Of scored requests: waiting, reading and writing, nanoseconds, and their rows.
    queue_ns: AtomicU64,
    input_ns: AtomicU64,
    output_ns: AtomicU64,
    rows: AtomicU64,
    /// When the last scored one came, microseconds since 1970 UTC.
    last_us: AtomicU64,
}

/// What a series has counted, over all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests scored.
    pub scored: u64,
    /// Requests that were taken on and not scored.
    pub failed: u64,
    /// From head to encoded reply of scored requests, nanoseconds.
    pub scored_ns: u64,
    /// The same of those that failed.
    pub failed_ns: u64,
    /// Waiting for a place and a thread, of scored requests, nanoseconds.
    pub queue_ns: u64,
    /// From bytes to inputs.
    pub input_ns: u64,
    /// In the model.
    pub inference_ns: u64,
    /// From outputs to bytes.
    pub output_ns: u64,
    /// Rows of scored requests.
    pub rows: u64,
    /// When the last scored request came, microseconds since 1970 UTC; 0 for never.
    pub last_us: u64,
}

/// Every series ever made: a deployment that is gone keeps its counters until the process ends.
#[derive(Debug)]
pub struct Metrics {
    workers: usize,
    series: Mutex<Vec<Arc<Series>>>,
    /// Requests being read, scored or answered, by worker.
    inflight: Box<[CachePadded<AtomicU64>]>,
    /// Requests that named no known endpoint.
    pub nowhere: Arc<Series>,
    /// Requests and connections that were refused at the door.
    pub refused: Refused,
    /// What became of alerts.
    pub alerts: Arc<Alerted>,
}

/// Where the time of a scored request went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting for a place and for a thread.
    pub queue: Duration,
    /// From bytes to the model's inputs.
    pub input: Duration,
    /// In the model.
    pub inference: Duration,
    /// From the model's outputs to bytes.
    pub output: Duration,
}

/// Whether a request with that answer was none that a model could score.
fn is_refusal(status: u16) -> bool {
    matches!(status, 400 | 404 | 413 | 415 | 431)
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Adds to a cell that only this thread writes: a load and a store, no locked instruction.
#[inline]
fn add(cell: &AtomicU64, n: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

// === impl Series ===

impl Series {
    fn new(labels: Labels, workers: usize) -> Self {
        let (mirrored, batched) = (Mirrored::default(), Batched::default());
        let labelled = Labelled::default();
        let cells = (0..workers).map(|_| CachePadded::default()).collect();
        Self { labels, mirrored, batched, labelled, cells }
    }

    /// Counts one answered request; called by worker number `worker` alone.
    #[inline]
    pub fn answered(&self, worker: usize, protocol: Protocol, status: u16, duration: Duration) {
        let cells = &self.cells[worker];
        add(&cells.requests[protocol as usize][status_cell(status)], 1);
        cells.duration.observe(duration);
        if status == 200 {
            add(&cells.scored_ns, ns(duration));
        } else if !is_refusal(status) {
            add(&cells.failed_ns, ns(duration));
        }
    }

    /// Notes the rows of a scored request that came at `unix_us`, and where its time went; called
    /// by worker number `worker` alone.
    #[inline]
    pub fn scored(&self, worker: usize, unix_us: i64, rows: usize, spent: Spent) {
        let cells = &self.cells[worker];
        cells.inference.observe(spent.inference);
        add(&cells.queue_ns, ns(spent.queue));
        add(&cells.input_ns, ns(spent.input));
        add(&cells.output_ns, ns(spent.output));
        add(&cells.rows, rows as u64);
        cells.last_us.store(unix_us.unsigned_abs(), Ordering::Relaxed);
    }

    /// All that was counted so far.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let mut inference = Snapshot::default();
        for cells in &self.cells {
            let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
            for of_protocol in &cells.requests {
                for (status, count) in STATUSES.iter().zip(of_protocol) {
                    match status {
                        200 => totals.scored += read(count),
                        _ if is_refusal(*status) => {}
                        _ => totals.failed += read(count),
                    }
                }
            }
            cells.inference.add_to(&mut inference);
            totals.scored_ns += read(&cells.scored_ns);
            totals.failed_ns += read(&cells.failed_ns);
            totals.queue_ns += read(&cells.queue_ns);
            totals.input_ns += read(&cells.input_ns);
            totals.output_ns += read(&cells.output_ns);
            totals.rows += read(&cells.rows);
            totals.last_us = totals.last_us.max(read(&cells.last_us));
        }
        totals.inference_ns = inference.sum_ns;
        totals
    }

    /// What it is about.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }
}

// === impl Metrics ===

impl Metrics {
    /// Cells for this many worker threads, numbered from 0.
    pub fn new(workers: usize) -> Self {
        let nowhere = Arc::new(Series::new(Labels::default(), workers));
        Self {
            workers,
            series: Mutex::new(vec![Arc::clone(&nowhere)]),
            inflight: (0..workers).map(|_| CachePadded::default()).collect(),
            nowhere,
            refused: Refused::new(workers),
            alerts: Arc::default(),
        }
    }

    /// The series with these labels, made at the first call.
    pub fn series(&self, labels: Labels) -> Arc<Series> {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|series| series.labels == labels) {
            return Arc::clone(known);
        }
        let series = Arc::new(Series::new(labels, self.workers));
        all.push(Arc::clone(&series));
        series
    }

    /// Notes that worker number `worker` took a request in hand.
    #[inline]
    pub fn begun(&self, worker: usize) {
        add(&self.inflight[worker], 1);
    }

    /// Notes that it let go of one.
    #[inline]
    pub fn ended(&self, worker: usize) {
        add(&self.inflight[worker], u64::MAX);
    }

    /// Requests in hand on all workers.
    pub fn inflight(&self) -> u64 {
        self.inflight.iter().map(|cell| cell.load(Ordering::Relaxed)).sum()
    }
}
