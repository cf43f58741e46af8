//! The way into a deployment: how many requests it takes on, and what becomes of the others.
//!
//! Called by `score` before a request is decoded. A request is admitted, waits its turn in a
//! bounded queue, or is refused at once; nobody waits without a bound.
//!
//! A model that runs inline is never busy when a request is looked at: its thread is the one that
//! looks. What waits there are requests on other connections, which nothing has read. So its limit
//! is held against one turn of the worker's loop (`turns`): of the requests that were ready at the
//! same time, the first ones are scored and the others refused, which costs almost nothing. A
//! request of more rows than a thread that reads sockets has time for goes through a gate to the
//! pool after all.

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
        /// What becomes of those that would hold the thread up; none when it runs all.
        large: Option<Large>,
    },
    /// A thread of the pool runs it.
    Pool(Gate),
}

/// Requests of many rows, of a model that runs inline.
#[derive(Debug)]
pub struct Large {
    /// Rows that still run inline.
    inline_rows: usize,
    /// The way to the pool for those of more.
    gate: Gate,
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

/// A request inside a gate, with its place or waiting for one; leaves when dropped.
#[derive(Debug)]
pub struct Ticket {
    place: Option<OwnedSemaphorePermit>,
    places: Arc<Semaphore>,
    inside: Inside,
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
    /// Requests of more than `inline_rows` go to the pool, if that is given.
    pub fn inline(
        (max_concurrent, queue): (u32, u32),
        workers: usize,
        inline_rows: Option<usize>,
    ) -> Self {
        let workers = u32::try_from(workers).unwrap_or(u32::MAX).max(1);
        let large = |inline_rows| Large { inline_rows, gate: Gate::new(max_concurrent, queue) };
        Self::Inline {
            per_turn: max_concurrent.saturating_add(queue).div_ceil(workers),
            large: inline_rows.map(large),
        }
    }

    /// On the pool.
    pub fn pool(max_concurrent: u32, queue: u32) -> Self {
        Self::Pool(Gate::new(max_concurrent, queue))
    }

    /// The gate that requests of so many rows, already admitted inline, must go through.
    #[inline]
    pub fn gate_of_large(&self, rows: usize) -> Option<&Gate> {
        match self {
            Self::Inline { large: Some(large), .. } if rows > large.inline_rows => {
                Some(&large.gate)
            }
            _ => None,
        }
    }

    /// The gate to the pool, if any request goes there.
    pub fn gate(&self) -> Option<&Gate> {
        match self {
            Self::Inline { large, .. } => large.as_ref().map(|large| &large.gate),
            Self::Pool(gate) => Some(gate),
        }
    }

    /// Whether both admit alike.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Inline { per_turn, large },
                Self::Inline { per_turn: other_turn, large: other_large },
            ) => {
                let rows = |large: &Option<Large>| large.as_ref().map(|large| large.inline_rows);
                let gates = (self.gate(), other.gate());
                let same_gates = matches!(gates, (Some(one), Some(other)) if one.same(other));
                per_turn == other_turn
                    && rows(large) == rows(other_large)
                    && (large.is_none() || same_gates)
            }
            (Self::Pool(one), Self::Pool(other)) => one.same(other),
            _ => false,
        }
    }
}

// === impl Gate ===

impl Gate {
    fn new(max_concurrent: u32, queue: u32) -> Self {
        let places = Arc::new(Semaphore::new(max_concurrent as usize));
        Self { max_concurrent, queue, places, inside: Arc::default() }
    }

    fn same(&self, other: &Self) -> bool {
        (self.max_concurrent, self.queue) == (other.max_concurrent, other.queue)
    }

    /// Takes a request inside: with a place, or to wait for one.
    ///
    /// # Errors
    /// [`Error::Busy`] when all places to wait in are taken.
    pub fn ticket(&self) -> Result<Ticket, Error> {
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        let inside = Inside(Arc::clone(&self.inside));
        if before >= self.max_concurrent.saturating_add(self.queue) {
            return Err(Error::Busy);
        }
        let places = Arc::clone(&self.places);
        let place = Arc::clone(&places).try_acquire_owned().ok();
        Ok(Ticket { place, places, inside })
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

// === impl Ticket ===

impl Ticket {
    /// The request's place, at once or before `deadline`.
    ///
    /// # Errors
    /// [`Error::Timeout`] at the deadline.
    pub async fn place(self, deadline: Instant) -> Result<Permit, Error> {
        let Self { place, places, inside } = self;
        if let Some(place) = place {
            return Ok(Permit(place, inside));
        }
        match tokio::time::timeout_at(deadline.into(), places.acquire_owned()).await {
            Ok(Ok(place)) => Ok(Permit(place, inside)),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Error::Timeout),
        }
    }
}

// === impl Inside ===

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
