//! A latency histogram with one writer: geometric buckets from 10 us, factor 1.5.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// Finite buckets: 10 us to 14.6 s.
pub const BUCKETS: usize = 36;

/// Upper bounds, inclusive, in nanoseconds.
static BOUNDS_NS: LazyLock<[u64; BUCKETS]> =
    LazyLock::new(|| std::array::from_fn(|i| (10_000.0 * 1.5f64.powi(i as i32)).round() as u64));

/// Counts of durations; `observe` may be called by one thread only.
#[derive(Debug)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS + 1],
    sum_ns: AtomicU64,
}

/// A histogram as read, or the sum of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Observations in each bucket, the last one unbounded; not cumulative.
    pub counts: [u64; BUCKETS + 1],
    /// Sum of the observations, nanoseconds.
    pub sum_ns: u64,
}

/// The finite buckets' upper bounds in seconds.
pub fn bounds_seconds() -> impl Iterator<Item = f64> {
    BOUNDS_NS.iter().map(|ns| *ns as f64 / 1e9)
}

// === impl Histogram ===

impl Histogram {
    /// Counts one duration.
    #[inline]
    pub fn observe(&self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < ns);
        super::add(&self.counts[bucket], 1);
        super::add(&self.sum_ns, ns);
    }

    /// Adds what was counted so far to `sum`.
    pub fn add_to(&self, sum: &mut Snapshot) {
        for (total, count) in sum.counts.iter_mut().zip(&self.counts) {
            *total += count.load(Ordering::Relaxed);
        }
        sum.sum_ns = sum.sum_ns.wrapping_add(self.sum_ns.load(Ordering::Relaxed));
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| AtomicU64::new(0)), sum_ns: AtomicU64::new(0) }
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { counts: [0; BUCKETS + 1], sum_ns: 0 }
    }
}
