//! Wasserstein distance against SciPy 1.17.1, by hand, and by its laws.

use proptest::prelude::*;

use super::{distance, distance_of_counts};
use crate::distance::tests::{bins, close};

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn samples_as_scipy_has_them() {
    close(distance(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]).unwrap(), 5.0, 1e-14);
    close(distance(&[1.0, 2.0, 3.0, 4.0], &[2.0, 3.0, 4.0, 10.0]).unwrap(), 2.25, 1e-14);
    // Samples of different sizes: F differs by 1/2, 0, 1/4 over three units.
    close(distance(&[0.0, 3.0], &[1.0, 1.0, 2.0, 3.0]).unwrap(), 0.75, 1e-14);
}

#[test]
fn an_empty_side_has_none() {
    assert_eq!(distance(&[], &[1.0]), None);
    assert_eq!(distance(&[1.0], &[]), None);
    assert_eq!(distance_of_counts(&bins(&[1, 1], &[0, 0]), &[0.0], (0.0, 1.0)), None);
}

#[test]
fn counters_worked_by_hand() {
    // F_r - F_c: 0, 1/2 at 1, 0 at 2.
    let both = bins(&[2, 2], &[0, 4]);
    close(distance_of_counts(&both, &[1.0], (0.0, 2.0)).unwrap(), 0.5, 1e-15);
    // It crosses 0 in the middle of the second bin: 1/4, -1/4, 0.
    let both = bins(&[2, 0, 2], &[1, 2, 1]);
    close(distance_of_counts(&both, &[1.0, 2.0], (0.0, 3.0)).unwrap(), 0.375, 1e-15);
    assert_eq!(distance_of_counts(&both, &[1.0], (0.0, 3.0)), None);
}

#[test]
fn counters_over_fine_edges_are_close() {
    let reference: Vec<f64> = (0..5000).map(|i| (f64::from(i) + 0.5) / 5000.0).collect();
    let current: Vec<f64> = reference.iter().map(|x| x * x).collect();
    let edges: Vec<f64> = (1..256).map(|k| f64::from(k) / 256.0).collect();
    let count = |values: &[f64]| {
        let mut counts = vec![0; edges.len() + 1];
        values.iter().for_each(|v| counts[edges.partition_point(|edge| edge <= v)] += 1);
        counts
    };
    let both = bins(&count(&reference), &count(&current));
    let exact = distance(&reference, &current).unwrap();
    close(distance_of_counts(&both, &edges, (0.0, 1.0)).unwrap(), exact, 1e-4);
    // integral (sqrt(x) - x)
    close(exact, 1.0 / 6.0, 1e-4);
}

proptest! {
    #[test]
    fn it_is_symmetric_and_0_for_the_same(
        a in prop::collection::vec(-1e6..1e6, 1..60),
        b in prop::collection::vec(-1e6..1e6, 1..60),
    ) {
        let (a, b) = (sorted(a), sorted(b));
        let there = distance(&a, &b).unwrap();
        prop_assert!(there >= 0.0);
        prop_assert_eq!(distance(&b, &a), Some(there));
        prop_assert_eq!(distance(&a, &a), Some(0.0));
    }

    #[test]
    fn a_shift_moves_it_by_as_much(
        a in prop::collection::vec(-1e6..1e6, 1..60), shift in 0.0..1e6,
    ) {
        let a = sorted(a);
        let b: Vec<f64> = a.iter().map(|v| v + shift).collect();
        let far = distance(&a, &b).unwrap();
        prop_assert!(f64::abs(far - shift) <= 1e-6);
    }

    #[test]
    fn samples_of_one_size_are_matched_in_order(
        pairs in prop::collection::vec((0i32..50, 0i32..50), 1..60),
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) =
            pairs.into_iter().map(|(a, b)| (f64::from(a), f64::from(b))).unzip();
        let (a, b) = (sorted(a), sorted(b));
        let mean = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64;
        prop_assert!((distance(&a, &b).unwrap() - mean).abs() <= 1e-12);
    }
}
