//! What became of the copies to one deployment, counted; read at each scrape.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the histogram of score differences.
pub const BOUNDS: [f64; 10] = [0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.25, 0.5];

/// The counters of one deployment's copies. Not on the scoring path: shared cells will do.
#[derive(Debug, Default)]
pub struct Mirrored {
    rows: AtomicU64,
    disagreeing: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    /// One more than there are bounds: the last is unbounded.
    differences: [AtomicU64; BOUNDS.len() + 1],
    /// The sum of the finite ones, the bits of an `f64`; written by the mirror's thread alone.
    sum: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// Rows compared.
    pub rows: u64,
    /// Rows of which a label differs.
    pub disagreeing: u64,
    /// Copies that the model failed on.
    pub failed: u64,
    /// Copies that found the queue full or their deployment gone.
    pub dropped: u64,
    /// Rows by the largest difference of their scores.
    pub differences: [u64; BOUNDS.len() + 1],
    /// The sum of the finite ones.
    pub sum: f64,
}

// === impl Mirrored ===

impl Mirrored {
    /// Counts `rows` compared, of which `disagreeing` differ in a label, and of each row of a model
    /// with scores the largest difference of those. Called by one thread alone.
    pub fn compared(&self, rows: u64, disagreeing: u64, scores: &[f64]) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.disagreeing.fetch_add(disagreeing, Ordering::Relaxed);
        for score in scores {
            let bucket = BOUNDS.iter().position(|bound| score <= bound).unwrap_or(BOUNDS.len());
            self.differences[bucket].fetch_add(1, Ordering::Relaxed);
        }
        let finite: f64 = scores.iter().filter(|score| score.is_finite()).sum();
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed)) + finite;
        self.sum.store(sum.to_bits(), Ordering::Relaxed);
    }

    /// Counts a copy that the model failed on.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a copy that was not run.
    pub fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// What has been counted; `None` while there was no copy.
    pub fn read(&self) -> Option<Counted> {
        let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let counted = Counted {
            rows: load(&self.rows),
            disagreeing: load(&self.disagreeing),
            failed: load(&self.failed),
            dropped: load(&self.dropped),
            differences: self.differences.each_ref().map(load),
            sum: f64::from_bits(load(&self.sum)),
        };
        (counted.rows + counted.failed + counted.dropped > 0).then_some(counted)
    }
}
