//! Requests of one deployment that wait to be run together, and when to stop waiting.
//!
//! A thread of the pool is called for a lane when its rows fill a batch, when its oldest request
//! has waited for `max_delay`, or, without a delay, at once: then those that come while all threads
//! are busy make the next batch. How many wait is bounded by the deployment's gate.
//!
//! The lock is held for a push or for the taking of one batch; only requests on the pool, of
//! deployments that batch, take it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::job::Job;
use crate::spec::Batching;

#[cfg(test)]
mod tests;

/// A deployment's requests that wait to be run together.
#[derive(Debug)]
pub struct Lane<J = Job> {
    batching: Batching,
    waiting: Mutex<Waiting<J>>,
}

#[derive(Debug)]
struct Waiting<J> {
    /// With the time that each came.
    jobs: VecDeque<(Instant, J)>,
    rows: usize,
    /// A thread is on its way.
    called: bool,
}

/// When a thread should look at a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// One will anyway.
    No,
    /// As soon as one is free.
    Now,
    /// Then, if nobody has by then.
    At(Instant),
}

/// What stands in a lane.
pub trait Stackable {
    /// Its rows.
    fn rows(&self) -> usize;
    /// Whether it is still worth running.
    fn is_wanted(&self) -> bool;
    /// Whether both can be run as one.
    fn stacks_with(&self, other: &Self) -> bool;
}

// === impl Lane ===

impl<J> Lane<J> {
    /// An empty one, if `batching` batches anything.
    pub fn new(batching: Batching) -> Option<Self> {
        let waiting = Waiting { jobs: VecDeque::new(), rows: 0, called: false };
        batching.is_on().then(|| Self { batching, waiting: Mutex::new(waiting) })
    }

    /// How it batches.
    pub fn batching(&self) -> Batching {
        self.batching
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Stackable> Lane<J> {
    /// Puts a job that came at `now` at the end.
    pub(super) fn push(&self, job: J, now: Instant) -> Call {
        let mut waiting = self.lock();
        let first = waiting.jobs.is_empty();
        waiting.rows += job.rows();
        waiting.jobs.push_back((now, job));
        // Of several, the first one has asked for a time already.
        self.call(&mut waiting, now, first)
    }

    /// Whether a thread is to be called at `now`, a time that was asked for.
    pub(super) fn is_due(&self, now: Instant) -> Call {
        self.call(&mut self.lock(), now, false)
    }

    /// The oldest job and those behind it that can be run with it, and what to do about the others.
    pub(super) fn take(&self, now: Instant) -> (Vec<J>, Call) {
        let mut waiting = self.lock();
        let most = self.batching.max_rows as usize;
        let mut batch: Vec<J> = Vec::new();
        let (mut rows, mut left) = (0, VecDeque::new());
        while let Some((came, job)) = waiting.jobs.pop_front() {
            if rows >= most {
                left.push_back((came, job));
                left.append(&mut waiting.jobs);
                break;
            }
            if !job.is_wanted() {
                continue;
            }
            let fits = batch
                .first()
                .is_none_or(|first| rows + job.rows() <= most && first.stacks_with(&job));
            if fits {
                rows += job.rows();
                batch.push(job);
            } else {
                left.push_back((came, job));
            }
        }
        waiting.rows = left.iter().map(|(_, job)| job.rows()).sum();
        waiting.jobs = left;
        waiting.called = false;
        let call = self.call(&mut waiting, now, true);
        (batch, call)
    }

    /// What the lane as it stands asks for; a time only if it `has_new_first` job.
    fn call(&self, waiting: &mut Waiting<J>, now: Instant, has_new_first: bool) -> Call {
        let Some((came, _)) = waiting.jobs.front() else { return Call::No };
        if waiting.called {
            return Call::No;
        }
        let due = *came + self.batching.max_delay;
        if waiting.rows >= self.batching.max_rows as usize || due <= now {
            waiting.called = true;
            return Call::Now;
        }
        if has_new_first { Call::At(due) } else { Call::No }
    }
}

// === impl Job ===

impl Stackable for Job {
    fn rows(&self) -> usize {
        self.inputs.rows()
    }

    fn is_wanted(&self) -> bool {
        Job::is_wanted(self)
    }

    fn stacks_with(&self, other: &Self) -> bool {
        self.inputs.stacks_with(&other.inputs)
    }
}
