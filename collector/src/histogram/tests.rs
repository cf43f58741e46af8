//! Every duration falls in one bucket, at its bound inclusive.

use super::*;

#[test]
fn bounds_are_inclusive() {
    let histogram = Histogram::default();
    [0, 1000, 1001, 2000, 32_768_000, 32_768_001, u64::from(u32::MAX)]
        .into_iter()
        .for_each(|us| histogram.observe_us(us));
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.bounds_seconds.first(), Some(&0.001));
    assert_eq!(snapshot.bounds_seconds.last(), Some(&32.768));
    let mut want = vec![0; 17];
    (want[0], want[1], want[15], want[16]) = (2, 2, 1, 2);
    assert_eq!(snapshot.counts, want);
    assert_eq!(snapshot.count(), 7);
    let sum_us = 4001u64 + 2 * 32_768_000 + 1 + u64::from(u32::MAX);
    assert_eq!(snapshot.sum_seconds, sum_us as f64 / 1e6);
}
