//! The same key falls to the same deployment: weighted rendezvous hashing.
//!
//! Every deployment gets a number of its own for a key, and the smallest wins. A key's numbers do
//! not depend on who else is there, so when weights change a key moves only to a deployment whose
//! weight grew, or away from one whose weight shrank; no fewer could move. Nothing but names and
//! weights goes in: all replicas agree. The method is that of Schindelhauer and Schomaker,
//! "Weighted Distributed Hash Tables" (SPAA 2005), the logarithmic one.

use twox_hash::XxHash64;

use super::Weight;

#[cfg(test)]
mod tests;

/// Which deployment a key falls to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendezvous {
    seats: Box<[Seat]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Seat {
    /// Of the deployment's name.
    hash: u64,
    /// Above 0.
    weight: f64,
    index: usize,
}

// === impl Rendezvous ===

impl Rendezvous {
    /// Over deployments, numbered as they come; one without weight gets no key.
    pub fn new<'a>(deployments: impl Iterator<Item = (&'a str, Weight)>) -> Self {
        let seat = |(index, (name, weight)): (usize, (&str, Weight))| {
            let (hash, weight) = (XxHash64::oneshot(0, name.as_bytes()), weight.ratio());
            (weight > 0.0).then_some(Seat { hash, weight, index })
        };
        Self { seats: deployments.enumerate().filter_map(seat).collect() }
    }

    /// The deployment of `key`; `None` when there is none with a weight.
    pub fn pick(&self, key: &[u8]) -> Option<usize> {
        let smaller = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0);
        let arrivals = self.seats.iter().map(|seat| (arrival(seat, key), seat.index));
        arrivals.min_by(smaller).map(|(_, index)| index)
    }
}

/// An exponentially distributed time with the seat's weight as its rate: the first to arrive wins
/// with a chance in proportion to its weight.
fn arrival(seat: &Seat, key: &[u8]) -> f64 {
    let hash = XxHash64::oneshot(seat.hash, key);
    // The middle of one of 2^53 steps: never 0, never 1.
    let uniform = ((hash >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -uniform.ln() / seat.weight
}
