//! The bounds on what one client may take: of a connection, of a request, of what its body says.
//!
//! Made by `config` from the flags; held against requests by `http`.

use std::time::Duration;

/// Bounds on one connection and one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, bytes.
    pub body_bytes: usize,
    /// Most bytes of bodies that one worker holds at once; at least `body_bytes`.
    pub bodies_bytes_per_worker: usize,
    /// Longest time for a TLS handshake.
    pub handshake_timeout: Duration,
    /// Longest time an open connection waits for its next request.
    pub idle_timeout: Duration,
    /// Longest time from the first byte of a request's head to its last.
    pub header_timeout: Duration,
    /// Largest head of a request, bytes.
    pub header_bytes: usize,
    /// Most header lines of a request.
    pub headers: usize,
    /// Longest time to read a request's body.
    pub body_timeout: Duration,
    /// Longest time that a client takes nothing of its reply.
    pub write_timeout: Duration,
    /// What one request may hold.
    pub request: RequestLimits,
    /// Most open connections of one worker; more wait in the kernel's queue.
    pub connections_per_worker: usize,
}

/// Bounds on what one request's body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Deepest nesting of arrays and objects in JSON.
    pub depth: u32,
    /// Most rows: the size of a tensor's first dimension.
    pub rows: usize,
    /// Most elements of all tensors.
    pub elements: usize,
}

// === impl Limits ===

impl Default for Limits {
    /// What the flags say to one worker when nothing is typed.
    fn default() -> Self {
        Self {
            body_bytes: 64 << 20,
            bodies_bytes_per_worker: 512 << 20,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            header_timeout: Duration::from_secs(20),
            header_bytes: 64 << 10,
            headers: 100,
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            request: RequestLimits::default(),
            connections_per_worker: 16_384,
        }
    }
}

// === impl RequestLimits ===

impl Default for RequestLimits {
    /// What the flags say when nothing is typed.
    fn default() -> Self {
        Self { depth: 100, rows: 1 << 20, elements: 1 << 24 }
    }
}
