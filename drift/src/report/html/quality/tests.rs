//! When a share of bad values counts as risen.

use super::rises;

#[test]
fn a_share_rises_by_more_than_chance() {
    let rises = |base: f64, n, now: f64, m| rises(Some(base), n, Some(now), m);
    // z by hand: pooled 0.06, error 0.00336, z = 5.95.
    assert!(rises(0.05, 10_000, 0.07, 10_000));
    // pooled 0.051, error 0.01575 at 200 live rows, z = 0.67.
    assert!(!rises(0.05, 10_000, 0.0605, 200));
    // One in 500 where there was none, z = 4.47; none and all of both; fewer than before.
    assert!(rises(0.0, 10_000, 0.002, 500));
    assert!(!rises(0.0, 10_000, 0.0, 500) && !rises(1.0, 10_000, 1.0, 500));
    assert!(!rises(0.2, 10_000, 0.1, 10_000));
}

#[test]
fn nothing_rises_without_rows() {
    assert!(!rises(None, 0, Some(1.0), 10) && !rises(Some(0.0), 10, None, 0));
    assert!(!rises(Some(0.0), 0, Some(1.0), 10));
    assert!(!rises(Some(f64::NAN), 10, Some(1.0), 10));
}
