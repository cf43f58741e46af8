//! Where edges fall: many values, few values, atoms at the ends, floats of two widths, extremes.

use proptest::prelude::*;

use super::edges;
use crate::baseline::bin;

fn counts(values: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let edges = edges(&sorted);
    let mut counts = vec![0; edges.len() + 1];
    values.iter().for_each(|value| counts[bin(&edges, *value)] += 1);
    (edges, counts)
}

#[test]
fn many_values_make_ten_equal_bins() {
    let values: Vec<f64> = (1..=1000).map(f64::from).collect();
    let (edges, counts) = counts(&values);
    assert_eq!(edges, [100.5, 200.5, 300.5, 400.5, 500.5, 600.5, 700.5, 800.5, 900.5]);
    assert_eq!(counts, [100; 10]);
}

#[test]
fn few_values_make_few_bins_and_room_for_values_never_seen() {
    // Half 0, half 1: nothing below 0, the zeros, the ones, nothing above 1.
    let values: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
    let (edges, counts) = counts(&values);
    assert_eq!(counts, [0, 50, 50, 0]);
    assert_eq!(edges[1], 0.5);
    assert_eq!(bin(&edges, -1.0), 0);
    assert_eq!(bin(&edges, 2.0), 3);
}

#[test]
fn a_constant_has_room_on_both_sides() {
    for constant in [5.0, 0.0, -0.1, 1e30, 1e-30] {
        let (edges, counts) = counts(&[constant; 50]);
        assert_eq!(counts, [0, 50, 0], "{constant}: {edges:?}");
        assert_eq!(bin(&edges, f64::from(constant as f32)), 1, "{constant} as 32 bits");
        assert_eq!(bin(&edges, constant + constant.abs().max(1e-30)), 2, "{constant}");
        assert_eq!(bin(&edges, constant - constant.abs().max(1e-30)), 0, "{constant}");
    }
}

#[test]
fn a_mass_at_one_end_gets_its_own_bin() {
    // Amounts capped at 100 for a fifth of the rows.
    let mut values: Vec<f64> = (0..80).map(f64::from).collect();
    values.extend([100.0; 20]);
    let (edges, counts) = counts(&values);
    assert_eq!(counts, [10, 10, 10, 10, 10, 10, 10, 10, 20, 0]);
    assert_eq!(bin(&edges, 100.0), 8);
    assert_eq!(bin(&edges, 100.1), 9);
}

#[test]
fn no_value_makes_one_bin() {
    assert!(edges(&[]).is_empty());
}

#[test]
fn infinities_leave_the_edges_finite() {
    let mut values = vec![f64::NEG_INFINITY; 30];
    values.extend((0..40).map(f64::from));
    values.extend([f64::INFINITY; 30]);
    let (edges, counts) = counts(&values);
    assert!(edges.iter().all(|edge| edge.is_finite()), "{edges:?}");
    assert_eq!(counts.first(), Some(&30));
    assert_eq!(counts.last(), Some(&30));
}

#[test]
fn neighbouring_floats_are_told_apart() {
    let (a, b) = (1.0f64, 1.0f64.next_up());
    let values: Vec<f64> = (0..100).map(|i| if i < 50 { a } else { b }).collect();
    let (_, counts) = counts(&values);
    assert!(counts.contains(&50), "{counts:?}");
}

proptest! {
    #[test]
    fn edges_rise_and_every_value_has_a_bin(
        values in prop::collection::vec(
            prop_oneof![
                any::<f64>().prop_filter("NaN", |v| !v.is_nan()),
                (-3i8..3).prop_map(f64::from),
            ],
            0..200,
        ),
    ) {
        let (edges, counts) = counts(&values);
        prop_assert!(edges.len() <= 10, "{edges:?}");
        prop_assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
        prop_assert!(edges.iter().all(|edge| edge.is_finite()), "{edges:?}");
        prop_assert_eq!(counts.iter().sum::<usize>(), values.len());
    }

    #[test]
    fn rounding_to_32_bits_moves_no_value_to_another_bin(
        tenths in prop::collection::vec(-500i16..500, 1..300),
    ) {
        // Decimal fractions: hardly any is a 64-bit or a 32-bit float, and the two roundings
        // differ.
        let values: Vec<f64> = tenths.into_iter().map(|t| f64::from(t) / 10.0).collect();
        let (edges, _) = counts(&values);
        for value in values {
            prop_assert_eq!(bin(&edges, value), bin(&edges, f64::from(value as f32)));
        }
    }
}
