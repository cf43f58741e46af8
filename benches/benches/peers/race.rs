//! Times several ways of doing the same, taking turns, so that a noisy machine disturbs them all.
//!
//! A pass of a runner is all its calls once, over thousands of different rows: one row scored again
//! and again teaches the branch predictor the way through every tree. The runners make a pass each,
//! then all another one, each time beginning with another; the first round is not counted. A runner
//! whose passes are short makes several at a time: what the others left of its caches then matters
//! less.

use std::time::{Duration, Instant};

use benches::summary::median;

/// One way of doing it.
pub(super) struct Runner<'a> {
    /// Makes all the calls of a pass.
    pass: Box<dyn FnMut() + 'a>,
    /// Passes that are timed as one.
    repeats: u32,
    /// Of one pass each.
    nanoseconds: Vec<f64>,
}

/// What is raced.
pub(super) struct Race<'a> {
    runners: Vec<Runner<'a>>,
}

// === impl Race ===

impl<'a> Race<'a> {
    pub(super) fn new() -> Race<'a> {
        Race { runners: Vec::new() }
    }

    /// Adds a runner whose passes do `call` for each of `turns`, and gives its place. The loop is
    /// compiled around the call: nothing is called through a pointer between two of them.
    pub(super) fn add<T>(&mut self, turns: &'a [T], mut call: impl FnMut(&'a T) + 'a) -> usize {
        let pass = Box::new(move || turns.iter().for_each(&mut call));
        self.runners.push(Runner { pass, repeats: 1, nanoseconds: Vec::new() });
        self.runners.len() - 1
    }

    /// Runs it, `rounds` times at least `least` for each runner; gives each runner's median pass in
    /// nanoseconds.
    pub(super) fn run(mut self, rounds: usize, least: Duration) -> Vec<f64> {
        let count = self.runners.len();
        for round in 0..=rounds {
            for place in 0..count {
                let runner = &mut self.runners[(round + place) % count];
                let taken = runner.run();
                if round > 0 {
                    runner.nanoseconds.push(taken);
                } else {
                    runner.repeats =
                        (least.as_nanos() as f64 / taken).ceil().clamp(1.0, 99.0) as u32;
                }
            }
        }
        self.runners.into_iter().map(|runner| median(runner.nanoseconds)).collect()
    }
}

// === impl Runner ===

impl Runner<'_> {
    /// Nanoseconds of a pass.
    fn run(&mut self) -> f64 {
        let start = Instant::now();
        (0..self.repeats).for_each(|_| (self.pass)());
        start.elapsed().as_nanos() as f64 / f64::from(self.repeats)
    }
}
