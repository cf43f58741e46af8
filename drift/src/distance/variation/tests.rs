//! L-infinity and total variation, by hand and by their laws.

use proptest::prelude::*;

use super::{l_infinity, total_variation};
use crate::distance::tests::{bins, close, turned};

#[test]
fn worked_by_hand() {
    // Shares .25 four times against .1, .2, .3, .4.
    let bins = bins(&[5, 5, 5, 5], &[1, 2, 3, 4]);
    close(l_infinity(&bins).unwrap(), 0.15, 1e-15);
    close(total_variation(&bins).unwrap(), 0.20, 1e-15);
}

#[test]
fn a_side_without_rows_has_none() {
    assert_eq!(l_infinity(&bins(&[1], &[0])), None);
    assert_eq!(total_variation(&bins(&[0], &[1])), None);
}

proptest! {
    #[test]
    fn they_are_symmetric_and_bound_each_other(
        pairs in prop::collection::vec((0u64..1 << 40, 0u64..1 << 40), 1..40),
    ) {
        let (a, b): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let both = bins(&a, &b);
        if let (Some(widest), Some(half)) = (l_infinity(&both), total_variation(&both)) {
            prop_assert!(widest <= half + 1e-12 && half <= 1.0 + 1e-12, "{widest} {half}");
            prop_assert_eq!(l_infinity(&turned(&both)), Some(widest));
            prop_assert_eq!(total_variation(&turned(&both)), Some(half));
        }
        prop_assert!(total_variation(&bins(&a, &a)).is_none_or(|far| far == 0.0));
    }
}
