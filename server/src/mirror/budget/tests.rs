//! Budget is given while there is some, and given back.

use super::*;

#[test]
fn no_more_than_there_is() {
    let budget = Arc::new(Budget::new(10));
    let six = budget.hold(6).unwrap();
    assert!(budget.hold(5).is_none());
    let four = budget.hold(4).unwrap();
    assert!(budget.hold(1).is_none() && budget.hold(0).is_some());
    drop(six);
    assert!(budget.hold(6).is_some());
    drop(four);
    assert!(budget.hold(10).is_some() && budget.hold(usize::MAX).is_none());
}
