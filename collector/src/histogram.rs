//! How long the store takes to accept a file.
//!
//! Observed by `sink`, shown by the server as `skeg_sink_duration_seconds`.

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(test)]
mod tests;

/// Buckets with an upper bound: 1 ms, doubling, to 32.768 s. One more has none.
const BUCKETS: usize = 16;

/// A histogram at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramSnapshot {
    /// Upper bounds of the buckets, inclusive, seconds, ascending.
    pub bounds_seconds: Vec<f64>,
    /// Observations in each bucket, not cumulative; one more than bounds, the last is unbounded.
    pub counts: Vec<u64>,
    /// Sum of all observations, seconds.
    pub sum_seconds: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; BUCKETS + 1],
    sum_us: AtomicU64,
}

// === impl HistogramSnapshot ===

impl HistogramSnapshot {
    /// Number of observations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

// === impl Histogram ===

impl Histogram {
    pub(crate) fn observe_us(&self, us: u64) {
        let bucket = (0..BUCKETS).find(|bucket| us <= bound_us(*bucket)).unwrap_or(BUCKETS);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            bounds_seconds: (0..BUCKETS).map(|bucket| bound_us(bucket) as f64 / 1e6).collect(),
            counts: self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            sum_seconds: self.sum_us.load(Ordering::Relaxed) as f64 / 1e6,
        }
    }
}

fn bound_us(bucket: usize) -> u64 {
    1_000 << bucket
}
