//! Jensen-Shannon distance against SciPy 1.17.1 and its own laws.

use proptest::prelude::*;

use super::{Base, distance, distance_of_shares};
use crate::distance::tests::{bins, close, turned};

#[test]
fn shares_as_scipy_has_them() {
    let shares = [(0.25, 0.10), (0.25, 0.20), (0.25, 0.30), (0.25, 0.40)];
    close(distance_of_shares(&shares, Base::E), 0.166_929_965_725_979_62, 1e-15);
    close(distance_of_shares(&shares, Base::Two), 0.200_503_322_531_428_14, 1e-15);
}

#[test]
fn an_empty_bin_as_scipy_has_it() {
    let bins = bins(&[500, 300, 200, 0], &[200, 150, 100, 50]);
    close(distance(&bins, Base::Two).unwrap(), 0.232_412_936_543_558_1, 1e-15);
    close(distance(&bins, Base::E).unwrap(), 0.193_496_462_012_040_68, 1e-15);
}

#[test]
fn samples_without_a_bin_in_common_are_as_far_as_can_be() {
    let bins = bins(&[7, 0], &[0, 3]);
    close(distance(&bins, Base::E).unwrap(), 0.832_554_611_157_697_7, 1e-15);
    close(distance(&bins, Base::Two).unwrap(), 1.0, 1e-15);
}

#[test]
fn a_side_without_rows_has_none() {
    assert_eq!(distance(&[], Base::Two), None);
    assert_eq!(distance(&bins(&[1], &[0]), Base::Two), None);
}

proptest! {
    #[test]
    fn it_is_symmetric_from_0_to_1_and_0_for_the_same(
        pairs in prop::collection::vec((0u64..1 << 40, 0u64..1 << 40), 1..40),
    ) {
        let (a, b): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let bins = bins(&a, &b);
        let same = crate::distance::tests::bins(&a, &a);
        if let Some(there) = distance(&bins, Base::Two) {
            let back = distance(&turned(&bins), Base::Two).unwrap();
            prop_assert!((0.0..=1.0 + 1e-12).contains(&there), "{there}");
            prop_assert!((there - back).abs() <= 1e-12, "{there} {back}");
            let nats = distance(&bins, Base::E).unwrap();
            prop_assert!((nats - there * 2f64.ln().sqrt()).abs() <= 1e-12);
        }
        prop_assert!(distance(&same, Base::Two).is_none_or(|far| far == 0.0));
    }
}
