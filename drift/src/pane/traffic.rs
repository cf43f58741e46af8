//! Requests of a pane: how many, how they ended, how long they took.

/// Upper ends of the bins of latencies, microseconds; the last bin has none.
pub const LATENCY_EDGES_US: [u32; 21] = [
    20, 50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 20_000,
    50_000, 100_000, 200_000, 500_000, 1_000_000, 5_000_000,
];

/// Counters of requests; they add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that came to the deployment.
    pub requests: u64,
    /// Of them, refused for what they hold (400 to 499).
    pub client_errors: u64,
    /// Of them, not answered for a fault of ours (500 to 599).
    pub server_errors: u64,
    /// By the time from head to answer, whatever the answer.
    pub latency: [u64; LATENCY_EDGES_US.len() + 1],
}

// === impl Traffic ===

impl Traffic {
    /// Counts one request.
    pub fn count(&mut self, status: u16, latency_us: u64) {
        self.requests += 1;
        match status {
            400..=499 => self.client_errors += 1,
            500..=599 => self.server_errors += 1,
            _ => {}
        }
        let bin = LATENCY_EDGES_US.partition_point(|edge| u64::from(*edge) < latency_us);
        self.latency[bin] += 1;
    }

    /// Adds what `other` has counted.
    pub fn merge(&mut self, other: &Traffic) {
        self.requests = self.requests.saturating_add(other.requests);
        self.client_errors = self.client_errors.saturating_add(other.client_errors);
        self.server_errors = self.server_errors.saturating_add(other.server_errors);
        for (count, more) in self.latency.iter_mut().zip(&other.latency) {
            *count = count.saturating_add(*more);
        }
    }

    /// The latency that a share `q` of the requests stays below or at, microseconds: the upper end
    /// of its bin. None without requests, or when it lies beyond the last edge.
    pub fn latency_quantile_us(&self, q: f64) -> Option<u32> {
        let wanted = (q * self.requests as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        let bin = self.latency.iter().position(|count| {
            below += count;
            below >= wanted
        })?;
        LATENCY_EDGES_US.get(bin).copied()
    }
}
