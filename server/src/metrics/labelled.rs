//! How many labels came for one endpoint and are stored, and how many bodies of them are not.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one endpoint's labels. Written by the scoring threads, once a body.
#[derive(Debug, Default)]
pub struct Labelled {
    stored: AtomicU64,
    refused: AtomicU64,
}

// === impl Labelled ===

impl Labelled {
    /// Counts a body with so many labels that the store has taken.
    pub fn stored(&self, labels: usize) {
        self.stored.fetch_add(labels as u64, Ordering::Relaxed);
    }

    /// Counts a body that was not taken, for whatever reason.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Labels stored, and bodies refused.
    pub fn read(&self) -> [u64; 2] {
        [&self.stored, &self.refused].map(|cell| cell.load(Ordering::Relaxed))
    }
}
