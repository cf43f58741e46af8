//! What was refused or cut off at the door, by reason: requests and connections.
//!
//! Cells like those of a series: one row for each worker, and a last one for the main thread, which
//! serves the admin port.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use super::add;

#[cfg(test)]
mod tests;

/// Why a request or a connection was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Refusal {
    /// No more connections may be open: the next wait in the kernel's queue.
    Connections,
    /// The TLS handshake broke a rule, or the client's certificate does not hold.
    Handshake,
    /// The TLS handshake took too long.
    HandshakeTimeout,
    /// No request came on an open connection.
    IdleTimeout,
    /// A request's head began and did not end in time.
    HeaderTimeout,
    /// A request's head has too many bytes or lines.
    HeaderTooLarge,
    /// What came is not HTTP.
    Malformed,
    /// No key or token, or one that does not hold.
    Unauthorized,
    /// The keys that tokens are signed with are not known yet.
    NoSigningKeys,
    /// The body is over its limit.
    BodyTooLarge,
    /// The body did not end in time.
    BodyTimeout,
    /// The memory for bodies was full.
    BodyMemory,
    /// JSON nested too deeply.
    TooDeep,
    /// More rows than one request may have.
    TooManyRows,
    /// More elements than one request may have.
    TooManyElements,
    /// The client did not read its reply.
    WriteTimeout,
}

/// Every reason, in the order of the cells, and the label's value.
const REASONS: [(Refusal, &str); 16] = [
    (Refusal::Connections, "connections"),
    (Refusal::Handshake, "handshake"),
    (Refusal::HandshakeTimeout, "handshake_timeout"),
    (Refusal::IdleTimeout, "idle_timeout"),
    (Refusal::HeaderTimeout, "header_timeout"),
    (Refusal::HeaderTooLarge, "header_too_large"),
    (Refusal::Malformed, "malformed"),
    (Refusal::Unauthorized, "unauthorized"),
    (Refusal::NoSigningKeys, "no_signing_keys"),
    (Refusal::BodyTooLarge, "body_too_large"),
    (Refusal::BodyTimeout, "body_timeout"),
    (Refusal::BodyMemory, "body_memory"),
    (Refusal::TooDeep, "too_deep"),
    (Refusal::TooManyRows, "too_many_rows"),
    (Refusal::TooManyElements, "too_many_elements"),
    (Refusal::WriteTimeout, "write_timeout"),
];

/// Counts by reason.
#[derive(Debug)]
pub struct Refused(Box<[CachePadded<[AtomicU64; REASONS.len()]>]>);

// === impl Refused ===

impl Refused {
    /// Cells for this many worker threads and the main thread.
    pub fn new(workers: usize) -> Self {
        Self((0..=workers).map(|_| CachePadded::default()).collect())
    }

    /// Counts one; called by worker number `worker` alone.
    pub fn count(&self, worker: usize, refusal: Refusal) {
        add(&self.0[worker][refusal as usize], 1);
    }

    /// Counts one on the admin port; called by the main thread alone.
    pub fn count_admin(&self, refusal: Refusal) {
        self.count(self.0.len() - 1, refusal);
    }

    /// Reason and count, all of them, so that a rate exists from the first scrape.
    pub fn totals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REASONS.iter().map(|(refusal, name)| {
            let place = *refusal as usize;
            (*name, self.0.iter().map(|cells| cells[place].load(Ordering::Relaxed)).sum())
        })
    }
}
