//! How many bytes all copies may have together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(test)]
mod tests;

/// Bytes that are still free.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

/// A copy's bytes, given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    bytes: usize,
    budget: Arc<Budget>,
}

// === impl Budget ===

impl Budget {
    /// All of `bytes` free.
    pub(super) fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Budget for so many bytes, if they are free.
    pub(super) fn hold(self: &Arc<Self>, bytes: usize) -> Option<Held> {
        let less = |free: usize| free.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok()?;
        Some(Held { bytes, budget: Arc::clone(self) })
    }
}

// === impl Held ===

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}
