//! Hellinger distance against a value by NumPy 2.4.6 and its own laws.

use proptest::prelude::*;

use super::{distance, distance_of_shares};
use crate::distance::tests::{bins, close, turned};

#[test]
fn shares_as_numpy_has_them() {
    let shares = [(0.25, 0.10), (0.25, 0.20), (0.25, 0.30), (0.25, 0.40)];
    close(distance_of_shares(&shares), 0.167_899_596_402_67, 1e-14);
}

#[test]
fn samples_without_a_bin_in_common_are_as_far_as_can_be() {
    close(distance(&bins(&[7, 0], &[0, 3])).unwrap(), 1.0, 1e-15);
}

#[test]
fn a_side_without_rows_has_none() {
    assert_eq!(distance(&[]), None);
    assert_eq!(distance(&bins(&[1], &[0])), None);
}

proptest! {
    #[test]
    fn it_is_symmetric_from_0_to_1_and_0_for_the_same(
        pairs in prop::collection::vec((0u64..1 << 40, 0u64..1 << 40), 1..40),
    ) {
        let (a, b): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let both = bins(&a, &b);
        if let Some(there) = distance(&both) {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&there), "{there}");
            prop_assert!((there - distance(&turned(&both)).unwrap()).abs() <= 1e-12);
            // The other form of the definition, in what it can tell.
            let shares = crate::distance::shares(&both).unwrap();
            let common: f64 = shares.iter().map(|(p, q)| (p * q).sqrt()).sum();
            prop_assert!((there * there - (1.0 - common)).abs() <= 1e-12);
        }
        prop_assert!(distance(&bins(&a, &a)).is_none_or(|far| far == 0.0));
    }
}
