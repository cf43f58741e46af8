//! Places are given in order of arrival, given back, and never more than there are.

use std::time::{Duration, Instant};

use super::{Admission, Gate};
use crate::error::Error;

fn gate(max_concurrent: u32, queue: u32) -> Gate {
    match Admission::pool(max_concurrent, queue) {
        Admission::Pool(gate) => gate,
        Admission::Inline { .. } => unreachable!(),
    }
}

fn run<T>(body: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(body)
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

#[test]
fn the_admitted_the_waiting_and_the_refused() {
    let gate = gate(2, 1);
    run(async {
        let first = gate.enter(far()).await.unwrap();
        let _second = gate.enter(far()).await.unwrap();
        let mut third = Box::pin(gate.enter(far()));
        assert!(futures_util::poll!(third.as_mut()).is_pending());
        assert_eq!((gate.admitted(), gate.waiting()), (2, 1));
        for _ in 0..10 {
            assert!(matches!(gate.enter(far()).await, Err(Error::Busy)));
        }
        drop(first);
        let _third = third.await.unwrap();
        assert_eq!((gate.admitted(), gate.waiting()), (2, 0));
    });
    assert_eq!((gate.admitted(), gate.waiting()), (0, 0));
}

#[test]
fn who_waits_too_long_or_goes_away_gives_the_place_back() {
    let gate = gate(1, 1);
    run(async {
        let _held = gate.enter(far()).await.unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(matches!(gate.enter(soon).await, Err(Error::Timeout)));
        assert_eq!(gate.waiting(), 0);
        let mut gone = Box::pin(gate.enter(far()));
        assert!(futures_util::poll!(gone.as_mut()).is_pending());
        drop(gone);
        assert_eq!((gate.admitted(), gate.waiting()), (1, 0));
    });
}

#[test]
fn a_worker_takes_its_share_of_what_is_ready() {
    for (max_concurrent, queue, workers, wanted) in
        [(64, 128, 2, 96), (1, 0, 8, 1), (u32::MAX, 9, 1, u32::MAX)]
    {
        match Admission::inline(max_concurrent, queue, workers) {
            Admission::Inline { per_turn } => assert_eq!(per_turn, wanted),
            Admission::Pool(_) => unreachable!(),
        }
    }
}
