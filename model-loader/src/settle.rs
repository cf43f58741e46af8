//! How long one run of a model takes once it is warm.
//!
//! Called when a deployment is loaded, off the scoring threads: the time says on which threads the
//! model belongs, and the first client does not pay for cold caches and first allocations.

use std::time::{Duration, Instant};

use crate::{Error, Model, Tensor};

/// Runs that make one reading.
const RUNS: usize = 16;
/// Readings within this ratio of each other are the same.
const SAME: f64 = 1.1;

// === impl Model ===

impl Model {
    /// Runs the model on `inputs`, or on made-up rows, again and again until its time settles or
    /// `budget` is spent; gives the median time of one of the last runs. A model that needs more
    /// than the budget is run once.
    ///
    /// # Errors
    /// Those of [`Session::run`](crate::Session::run); a model that refuses made-up rows because
    /// they are none it can run on counts as one that takes no time.
    pub fn settle(
        &self,
        inputs: Option<&[Tensor]>,
        budget: Duration,
        now: fn() -> Instant,
    ) -> Result<Duration, Error> {
        let Some(mut run) = self.runs(inputs)? else {
            return Ok(Duration::ZERO);
        };
        let end = now() + budget;
        let mut before = f64::INFINITY;
        loop {
            let mut times = Vec::with_capacity(RUNS);
            while times.len() < RUNS && (times.is_empty() || now() < end) {
                let begun = now();
                run()?;
                times.push(now() - begun);
            }
            times.sort_unstable();
            let median = times[times.len() / 2];
            let seconds = median.as_secs_f64();
            let settled = seconds <= before * SAME && before <= seconds * SAME;
            if settled || now() >= end {
                return Ok(median);
            }
            before = seconds;
        }
    }
}
