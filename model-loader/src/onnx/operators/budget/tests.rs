//! Budgets refuse before anything is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Budget, STEPS_MAX_LOADING, bytes};
use crate::onnx::operators::testing::{t, texts};

fn loading() -> Budget {
    Budget::loading(0, STEPS_MAX_LOADING, Arc::default())
}

#[test]
fn extents_of_zero_hide_no_others() {
    for budget in [Budget::default(), loading(), Budget::made_up()] {
        assert_eq!(budget.elements(&[3, 0, 5]).unwrap(), 0);
        assert!(budget.elements(&[1 << 40, 0]).is_err());
        assert!(budget.elements(&[0, 1 << 33, 1 << 33]).is_err());
        assert_eq!(budget.elements(&[3, 5]).unwrap(), 15);
    }
}

#[test]
fn strings_count_with_their_bytes() {
    assert_eq!(bytes(&t(&[2], &[1_i64, 2])), 16);
    assert_eq!(bytes(&texts(&[2], &["", "abc"])), 2 * size_of::<String>() as u64 + 3);
    let budget = loading();
    budget.texts(1 << 27).unwrap();
    assert!(budget.texts(1 << 29).is_err());
}

#[test]
fn turns_and_steps_end() {
    let budget = loading();
    let turns = (0..1 << 21).take_while(|_| budget.turn().is_ok()).count();
    assert_eq!(turns, 1 << 20);
    assert!(budget.steps(1).is_err());
    let cancelled = Arc::new(AtomicBool::new(false));
    let budget = Budget::loading(0, STEPS_MAX_LOADING, Arc::clone(&cancelled));
    budget.turn().unwrap();
    cancelled.store(true, Ordering::Relaxed);
    assert!(budget.turn().unwrap_err().to_string().contains("given up"));
}

#[test]
fn what_a_turn_gives_up_is_given_back() {
    let budget = loading();
    let kept = t(&[4], &[0_f32; 4]);
    for _ in 0..100 {
        let mark = budget.mark();
        budget.elements(&[1 << 24]).unwrap();
        budget.release(mark, [&kept].into_iter()).unwrap();
    }
}
