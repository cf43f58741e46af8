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
use batched::Batched;
use histogram::Histogram;
use mirrored::Mirrored;
use refused::Refused;

pub mod batched;
pub mod exposition;
pub mod histogram;
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
    /// One per worker.
    cells: Box<[CachePadded<Cells>]>,
}

/// One worker's numbers of one series; only that worker writes them.
#[derive(Debug, Default)]
struct Cells {
    /// Requests answered, by the position of their status in `STATUSES`.
    requests: [AtomicU64; STATUSES.len()],
    duration: Histogram,
    inference: Histogram,
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
        let cells = (0..workers).map(|_| CachePadded::default()).collect();
        Self { labels, mirrored, batched, cells }
    }

    /// Counts one answered request; called by worker number `worker` alone.
    #[inline]
    pub fn answered(&self, worker: usize, status: u16, duration: Duration) {
        let cells = &self.cells[worker];
        add(&cells.requests[status_cell(status)], 1);
        cells.duration.observe(duration);
    }

    /// Notes the time one request spent in its model; called by worker number `worker` alone.
    #[inline]
    pub fn inferred(&self, worker: usize, inference: Duration) {
        self.cells[worker].inference.observe(inference);
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
