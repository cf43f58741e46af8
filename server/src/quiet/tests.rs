//! What panics is caught, and the thread is as loud as before.

use super::{CATCHING, caught};

#[test]
fn a_panic_is_caught_and_the_next_one_is_said() {
    assert_eq!(caught(|| 7), Some(7));
    // Nothing is installed here: the test's own hook says it.
    assert_eq!(caught(|| -> u8 { panic!("caught, as it should be") }), None);
    assert!(!CATCHING.get());
    assert_eq!(
        caught(|| (CATCHING.get(), caught(|| CATCHING.get()), CATCHING.get())),
        Some((true, Some(true), true))
    );
}
