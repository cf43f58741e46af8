//! The byte budget: exact at its limit, and free again after. What the handles promise of
//! themselves.

use super::*;
use crate::{Appender, Collector};

#[test]
fn up_to_the_limit_and_not_beyond() {
    let budget = Budget::new(100);
    assert!(budget.take(60));
    assert!(!budget.take(41));
    assert!(budget.take(40));
    assert!(!budget.take(1));
    assert!(budget.take(0));
    budget.release(60);
    assert!(!budget.take(61));
    assert!(budget.take(60));
}

#[test]
fn no_overflow() {
    let budget = Budget::new(usize::MAX);
    assert!(budget.take(usize::MAX));
    assert!(!budget.take(usize::MAX));
    budget.release(usize::MAX);
    assert!(budget.take(1));
}

#[test]
fn handles_go_to_any_thread() {
    fn shared<T: Send + Sync>() {}
    fn cloned<T: Clone>() {}
    shared::<Collector>();
    shared::<Appender>();
    cloned::<Appender>();
}
