//! Values worked out by hand.

use super::{median, percentile};

#[test]
fn percentiles_are_of_the_nearest_rank() {
    let sorted: Vec<u64> = (1..=200).collect();
    let got = [0.0, 0.5, 0.99, 0.999, 1.0].map(|share| percentile(&sorted, share));
    assert_eq!(got, [1, 100, 198, 200, 200]);
    assert_eq!(percentile(&[7], 0.99), 7);
    assert_eq!(percentile(&[], 0.5), 0);
}

#[test]
fn medians_of_odd_and_even_counts() {
    assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
    assert!(median([]).is_nan());
}
