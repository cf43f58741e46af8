//! Times several ways of doing the same, taking turns, so that a noisy machine disturbs them all.
//!
//! A pass of a runner is all its calls once, over thousands of different rows: one row scored again
//! and again teaches the branch predictor the way through every tree. The runners make a pass each,
//! then all another one, each time beginning with another; the first round is not counted. A runner
//! whose passes are short makes several at a time: what the others left of its caches then matters
//! less. What is measured is the processor's time for this process, all its threads: on a shared
//! core, long passes lose their turn to other processes more often than short ones.

use std::time::Duration;

use benches::summary::median;
use rustix::time::{ClockId, clock_gettime};

/// One way of doing it.
pub(super) struct Runner<'a> {
    /// Makes all the calls of a pass.
    pass: Box<dyn FnMut() + 'a>,
    /// Passes that are timed as one.
    repeats: u32,
}

/// How it went: nanoseconds of a pass, by round and by the runner's place.
pub(super) struct Rounds(Vec<Vec<f64>>);

/// What is raced.
pub(super) struct Race<'a> {
    runners: Vec<Runner<'a>>,
}

// === impl Race ===

impl<'a> Race<'a> {
    pub(super) fn new() -> Race<'a> {
        Race { runners: Vec::new() }
    }

    /// Adds the runner of `place`, the next one, whose passes do `call` for each of `turns`. The
    /// loop is compiled around the call: nothing is called through a pointer between two of them.
    pub(super) fn add<T>(
        &mut self,
        place: usize,
        turns: &'a [T],
        mut call: impl FnMut(&'a T) + 'a,
    ) {
        assert_eq!(place, self.runners.len(), "places are taken in their order");
        let pass = Box::new(move || turns.iter().for_each(&mut call));
        self.runners.push(Runner { pass, repeats: 1 });
    }

    /// Runs it, `rounds` times at least `least` for each runner.
    pub(super) fn run(mut self, rounds: usize, least: Duration) -> Rounds {
        let count = self.runners.len();
        let mut all = Vec::with_capacity(rounds);
        for round in 0..=rounds {
            let mut taken = vec![0.0; count];
            for place in (round..round + count).map(|turn| turn % count) {
                taken[place] = self.runners[place].run();
            }
            if round > 0 {
                all.push(taken);
                continue;
            }
            for (runner, taken) in self.runners.iter_mut().zip(taken) {
                runner.repeats = (least.as_nanos() as f64 / taken).ceil().clamp(1.0, 99.0) as u32;
            }
        }
        Rounds(all)
    }
}

// === impl Rounds ===

impl Rounds {
    /// The median of what `figure` makes of the runners' times in a round. Quotients and
    /// differences are made here, not of medians: a neighbour that comes and goes slows a whole
    /// round down.
    pub(super) fn median(&self, figure: impl Fn(&[f64]) -> f64) -> f64 {
        median(self.0.iter().map(|round| figure(round)))
    }
}

// === impl Runner ===

impl Runner<'_> {
    /// Nanoseconds of a pass.
    fn run(&mut self) -> f64 {
        let start = processor_time();
        (0..self.repeats).for_each(|_| (self.pass)());
        (processor_time() - start) / f64::from(self.repeats)
    }
}

/// Nanoseconds that processors have spent on this process.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
