//! Places are given in order of arrival, given back, and never more than there are.

use std::time::{Duration, Instant};

use super::{Admission, Gate, Permit};
use crate::error::Error;

/// A place, at once or before `deadline`.
async fn enter(gate: &Gate, deadline: Instant) -> Result<Permit, Error> {
    gate.ticket()?.place(deadline).await
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
    let gate = Gate::new(2, 1);
    run(async {
        let first = enter(&gate, far()).await.unwrap();
        let _second = enter(&gate, far()).await.unwrap();
        let mut third = Box::pin(enter(&gate, far()));
        assert!(futures_util::poll!(third.as_mut()).is_pending());
        assert_eq!((gate.admitted(), gate.waiting()), (2, 1));
        for _ in 0..10 {
            assert!(matches!(enter(&gate, far()).await, Err(Error::Busy)));
        }
        drop(first);
        let _third = third.await.unwrap();
        assert_eq!((gate.admitted(), gate.waiting()), (2, 0));
    });
    assert_eq!((gate.admitted(), gate.waiting()), (0, 0));
}

#[test]
fn who_waits_too_long_or_goes_away_gives_the_place_back() {
    let gate = Gate::new(1, 1);
    run(async {
        let _held = enter(&gate, far()).await.unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(matches!(enter(&gate, soon).await, Err(Error::Timeout)));
        assert_eq!(gate.waiting(), 0);
        let mut gone = Box::pin(enter(&gate, far()));
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
        match Admission::inline((max_concurrent, queue), workers, None) {
            Admission::Inline { per_turn, .. } => assert_eq!(per_turn, wanted),
            Admission::Pool(_) => unreachable!(),
        }
    }
}

#[test]
fn requests_of_many_rows_go_through_a_gate() {
    let admission = Admission::inline((1, 0), 1, Some(10));
    assert!(admission.gate_of_large(10).is_none());
    let gate = admission.gate_of_large(11).unwrap();
    let _ticket = gate.ticket().unwrap();
    assert!(matches!(gate.ticket(), Err(Error::Busy)));
    assert!(Admission::inline((1, 0), 1, None).gate_of_large(usize::MAX).is_none());
    // A pool's own gate has been passed already.
    assert!(Admission::pool(1, 0).gate_of_large(usize::MAX).is_none());
}

#[test]
fn who_admits_alike_may_stay() {
    let one = |rows| Admission::inline((4, 8), 2, rows);
    assert!(one(None).same(&one(None)) && one(Some(3)).same(&one(Some(3))));
    assert!(!one(Some(3)).same(&one(Some(4))) && !one(None).same(&one(Some(3))));
    assert!(!one(None).same(&Admission::pool(4, 8)));
    assert!(!Admission::pool(4, 9).same(&Admission::pool(4, 8)));
}
