//! Batches are as full as they may be, nobody waits longer than the delay, and nobody is left.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Call, Lane, Stackable};
use crate::spec::Batching;

const DELAY: Duration = Duration::from_micros(100);

/// A name, so many rows of such a width, and whether its client is still there.
#[derive(Clone, Debug, PartialEq)]
struct Request(u32, usize, usize, bool);

impl Stackable for Request {
    fn rows(&self) -> usize {
        self.1
    }

    fn is_wanted(&self) -> bool {
        self.3
    }

    fn stacks_with(&self, other: &Self) -> bool {
        self.2 == other.2
    }
}

fn lane(max_rows: u32, max_delay: Duration) -> Lane<Request> {
    Lane::new(Batching { max_rows, max_delay }).unwrap()
}

fn row(name: u32) -> Request {
    Request(name, 1, 1, true)
}

fn names(batch: &[Request]) -> Vec<u32> {
    batch.iter().map(|request| request.0).collect()
}

#[test]
fn nothing_is_batched_unless_asked_for() {
    assert!(Lane::<Request>::new(Batching::NONE).is_none());
    assert!(Lane::<Request>::new(Batching { max_rows: 1, max_delay: DELAY }).is_none());
}

#[test]
fn without_a_delay_what_came_while_nobody_was_free_makes_a_batch() {
    let (lane, now) = (lane(3, Duration::ZERO), Instant::now());
    assert_eq!(lane.push(row(0), now), Call::Now);
    // The one that was called will see them.
    for name in 1..5 {
        assert_eq!(lane.push(row(name), now), Call::No);
    }
    let (batch, call) = lane.take(now);
    assert_eq!((names(&batch), call), (vec![0, 1, 2], Call::Now));
    let (batch, call) = lane.take(now);
    assert_eq!((names(&batch), call), (vec![3, 4], Call::No));
    assert_eq!(lane.push(row(5), now), Call::Now);
}

#[test]
fn with_a_delay_a_thread_is_called_when_the_batch_is_full_or_the_first_has_waited() {
    let (lane, start) = (lane(3, DELAY), Instant::now());
    assert_eq!(lane.push(row(0), start), Call::At(start + DELAY));
    let soon = start + DELAY / 2;
    assert_eq!(lane.push(row(1), soon), Call::No);
    assert_eq!(lane.is_due(soon), Call::No);
    assert_eq!(lane.push(row(2), soon), Call::Now);
    // One is on its way.
    assert_eq!(lane.is_due(start + DELAY), Call::No);
    assert_eq!(lane.push(row(3), soon), Call::No);
    // The next one's time counts from when it came.
    let (batch, call) = lane.take(soon);
    assert_eq!((names(&batch), call), (vec![0, 1, 2], Call::At(soon + DELAY)));
    assert_eq!(lane.is_due(start + DELAY), Call::No);
    assert_eq!(lane.is_due(soon + DELAY), Call::Now);
    assert_eq!(names(&lane.take(soon + DELAY).0), [3]);
    assert_eq!(lane.is_due(soon + DELAY * 9), Call::No);
}

#[test]
fn what_does_not_fit_waits_and_what_is_larger_than_a_batch_runs_alone() {
    let (lane, now) = (lane(4, Duration::ZERO), Instant::now());
    let requests = [
        Request(0, 2, 1, true),
        Request(1, 3, 1, true),
        Request(2, 1, 9, true),
        Request(3, 1, 1, false),
        Request(4, 2, 1, true),
        Request(5, 99, 1, true),
    ];
    for request in requests {
        lane.push(request, now);
    }
    assert_eq!(names(&lane.take(now).0), [0, 4]);
    assert_eq!(names(&lane.take(now).0), [1]);
    assert_eq!(names(&lane.take(now).0), [2]);
    let (batch, call) = lane.take(now);
    assert_eq!((names(&batch), call), (vec![5], Call::No));
    assert_eq!(lane.take(now), (Vec::new(), Call::No));
}

proptest! {
    /// A clock, an alarm, a thread: as the pool has them.
    #[test]
    fn every_request_is_run_once_and_in_time(
        requests in prop::collection::vec((0_u64..300, 1_usize..6, 0_usize..2), 1..60),
        max_rows in 2_u32..8,
        delay in prop_oneof![Just(0_u64), 1_u64..200],
    ) {
        let (lane, start) = (lane(max_rows, Duration::from_micros(delay)), Instant::now());
        let at = |us: u64| start + Duration::from_micros(us);
        let (mut came, mut ran, mut time) = (Vec::new(), Vec::new(), 0);
        let mut alarms = Vec::new();
        for (name, (pause, rows, width)) in requests.into_iter().enumerate() {
            let next = time + pause;
            while time <= next {
                let mut calls = vec![Call::No];
                if time == next {
                    let name = u32::try_from(name).unwrap();
                    came.push(time);
                    calls.push(lane.push(Request(name, rows, width, true), at(time)));
                }
                if alarms.contains(&at(time)) {
                    calls.push(lane.is_due(at(time)));
                }
                while let Some(call) = calls.pop() {
                    match call {
                        Call::No => {}
                        Call::At(alarm) => alarms.push(alarm),
                        Call::Now => {
                            let (batch, rest) = lane.take(at(time));
                            let rows: usize = batch.iter().map(Stackable::rows).sum();
                            prop_assert!(batch.len() == 1 || rows <= max_rows as usize);
                            ran.extend(batch.into_iter().map(|request| (request.0, time)));
                            calls.push(rest);
                        }
                    }
                }
                time += 1;
            }
        }
        for (name, ran) in &ran {
            prop_assert!(ran - came[*name as usize] <= delay, "{name}");
        }
        let mut names: Vec<u32> = ran.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), ran.len());
        let left = alarms.iter().filter(|alarm| **alarm >= at(time)).count();
        prop_assert!(ran.len() == came.len() || left > 0, "nobody will come for those left");
    }
}
