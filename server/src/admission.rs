//! The way into a deployment: how many requests it takes on, and what becomes of the others.
//!
//! Called by `score` before a request is decoded. A request is admitted, waits its turn in a
//! bounded queue, or is refused at once; nobody waits without a bound.
//!
//! A model that runs inline is never busy when a request is looked at: its thread is the one that
//! looks. What waits there are requests on other connections, which nothing has read. So its limit
//! is held against one turn of the worker's loop (`turns`): of the requests that were ready at the
//! same time, the first ones are scored and the others refused, which costs almost nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

#[cfg(test)]
mod tests;

/// On which threads a deployment runs, and how many requests it takes on.
#[derive(Debug)]
pub enum Admission {
    /// The thread that read the request runs it.
    Inline {
        /// Requests that a worker takes of those ready at the same time.
        per_turn: u32,
    },
    /// A thread of the pool runs it.
    Pool(Gate),
}

/// Admits a number of requests at once, and lets a number wait.
#[derive(Debug)]
pub struct Gate {
    max_concurrent: u32,
    queue: u32,
    places: Arc<Semaphore>,
    /// Requests that have a place or wait for one.
    inside: Arc<AtomicU32>,
}

/// One of a gate's places, given back when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held for their drops")]
pub struct Permit(OwnedSemaphorePermit, Inside);

/// Counted as inside, until dropped.
#[derive(Debug)]
struct Inside(Arc<AtomicU32>);

// === impl Admission ===

impl Admission {
    /// Inline on one of `workers` threads, whose share of both numbers is rounded up.
    pub fn inline(max_concurrent: u32, queue: u32, workers: usize) -> Self {
        let workers = u32::try_from(workers).unwrap_or(u32::MAX).max(1);
        Self::Inline { per_turn: max_concurrent.saturating_add(queue).div_ceil(workers) }
    }

    /// On the pool.
    pub fn pool(max_concurrent: u32, queue: u32) -> Self {
        let places = Arc::new(Semaphore::new(max_concurrent as usize));
        Self::Pool(Gate { max_concurrent, queue, places, inside: Arc::default() })
    }

    /// Whether both admit alike.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inline { per_turn: one }, Self::Inline { per_turn: other }) => one == other,
            (Self::Pool(one), Self::Pool(other)) => one.same(other),
            _ => false,
        }
    }
}

// === impl Gate ===

impl Gate {
    fn same(&self, other: &Self) -> bool {
        (self.max_concurrent, self.queue) == (other.max_concurrent, other.queue)
    }

    /// A place, at once or before `deadline`.
    ///
    /// # Errors
    /// [`Error::Busy`] when all places to wait in are taken, [`Error::Timeout`] at the deadline.
    pub async fn enter(&self, deadline: Instant) -> Result<Permit, Error> {
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        let inside = Inside(Arc::clone(&self.inside));
        if before >= self.max_concurrent.saturating_add(self.queue) {
            return Err(Error::Busy);
        }
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Permit(place, inside));
        }
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout_at(deadline.into(), place).await {
            Ok(Ok(place)) => Ok(Permit(place, inside)),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Error::Timeout),
        }
    }

    /// Requests that wait for a place.
    pub fn waiting(&self) -> u32 {
        self.inside.load(Ordering::Relaxed).saturating_sub(self.admitted()).min(self.queue)
    }

    /// Requests that have one.
    pub fn admitted(&self) -> u32 {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(0);
        self.max_concurrent.saturating_sub(free)
    }
}

// === impl Inside ===

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
