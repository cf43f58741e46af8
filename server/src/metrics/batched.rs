//! How many requests and rows one deployment's runs had, where it batches; read at each scrape.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one deployment's batches. Written by the pool's threads, once a run.
#[derive(Debug, Default)]
pub struct Batched {
    runs: AtomicU64,
    requests: AtomicU64,
    rows: AtomicU64,
}

// === impl Batched ===

impl Batched {
    /// Counts one run of the model over `rows` of `requests`.
    pub fn ran(&self, requests: usize, rows: usize) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(requests as u64, Ordering::Relaxed);
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Runs, and the requests and the rows in them; `None` while there was none.
    pub fn read(&self) -> Option<[u64; 3]> {
        let counted =
            [&self.runs, &self.requests, &self.rows].map(|cell| cell.load(Ordering::Relaxed));
        (counted[0] > 0).then_some(counted)
    }
}
