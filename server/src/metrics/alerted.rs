//! What became of alerts, by endpoint and form; read at each scrape.
//!
//! Written by the task that delivers them, a handful of times a day: one lock will do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What can become of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Outcome {
    /// The receiver has taken the alert.
    Sent,
    /// It has not; the alert is tried again, or given up.
    Failed,
    /// The alert is not tried any more.
    GivenUp,
}

/// Every outcome, in the order of the cells, and the label's value.
const OUTCOMES: [(Outcome, &str); 3] =
    [(Outcome::Sent, "sent"), (Outcome::Failed, "failed"), (Outcome::GivenUp, "given_up")];

/// The counters.
#[derive(Debug, Default)]
pub struct Alerted {
    /// By endpoint and form.
    outcomes: Mutex<BTreeMap<(String, String), [u64; OUTCOMES.len()]>>,
    pending: AtomicU64,
}

/// One counter at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The endpoint.
    pub endpoint: String,
    /// The form of the alert, as a spec has it.
    pub form: String,
    /// `sent`, `failed`, `given_up`.
    pub outcome: &'static str,
    /// How many.
    pub count: u64,
}

// === impl Alerted ===

impl Alerted {
    /// Makes the counters of an endpoint's form of alert known, so that a rate exists from the
    /// first scrape.
    pub fn expect(&self, endpoint: &str, form: &str) {
        let mut all = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((endpoint.to_owned(), form.to_owned())).or_default();
    }

    /// Counts one.
    pub fn count(&self, endpoint: &str, form: &str, outcome: Outcome) {
        let mut all = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let cells = all.entry((endpoint.to_owned(), form.to_owned())).or_default();
        cells[outcome as usize] += 1;
    }

    /// Notes how many wait, as far as this process delivers them.
    pub fn set_pending(&self, alerts: usize) {
        self.pending.store(alerts as u64, Ordering::Relaxed);
    }

    /// How many wait.
    pub fn pending(&self) -> u64 {
        self.pending.load(Ordering::Relaxed)
    }

    /// What has been counted.
    pub fn read(&self) -> Vec<Counted> {
        let all = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |((endpoint, form), cells): (&(String, String), &[u64; 3])| {
            let counted = OUTCOMES.map(|(outcome, name)| Counted {
                endpoint: endpoint.clone(),
                form: form.clone(),
                outcome: name,
                count: cells[outcome as usize],
            });
            counted.to_vec()
        };
        all.iter().flat_map(of).collect()
    }
}
