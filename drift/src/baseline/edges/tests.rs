//! Where edges fall: many values, few values, floats of two widths, extremes.

use proptest::prelude::*;

use super::{PARTS, edges_of_distinct, edges_of_sample};

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn distinct(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values = sorted(values);
    values.dedup();
    values
}

fn bin(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge < value)
}

fn counts(edges: &[f64], values: &[f64]) -> Vec<usize> {
    let mut counts = vec![0; edges.len() + 1];
    values.iter().for_each(|value| counts[bin(edges, *value)] += 1);
    counts
}

#[test]
fn many_values_make_a_thousand_equal_bins_and_two_outside() {
    let values = sorted((1..=5000).map(f64::from));
    let edges = edges_of_sample(&values, 1.0, 5000.0);
    assert_eq!(edges[1..4], [5.5, 10.5, 15.5]);
    let counts = counts(&edges, &values);
    assert_eq!((counts.len(), counts[0], counts[PARTS + 1]), (PARTS + 2, 0, 0));
    assert!(counts[1..=PARTS].iter().all(|count| *count == 5));
}

#[test]
fn a_sample_may_lack_the_extremes() {
    let values = sorted((1..=5000).map(f64::from));
    let edges = edges_of_sample(&values, -7.0, 9000.0);
    assert_eq!((bin(&edges, -7.0), bin(&edges, -7.1), bin(&edges, 1.0)), (1, 0, 1));
    let all = edges.len();
    assert_eq!(
        (bin(&edges, 9000.1), bin(&edges, 9000.0), bin(&edges, 5000.0)),
        (all, all - 1, all - 1)
    );
}

#[test]
fn a_value_with_many_rows_has_a_bin_of_its_own_above_it() {
    let values = sorted((0..1000).map(f64::from).chain([500.25; 4000]));
    let edges = edges_of_sample(&values, 0.0, 999.0);
    let (at, above) = (bin(&edges, 500.25), bin(&edges, 501.0));
    assert!(at < above, "{at} {above}");
    assert!(edges.len() < 600, "{} edges: equal quantiles make one", edges.len());
}

#[test]
fn each_of_few_values_has_a_bin() {
    let edges = edges_of_distinct(&[0.0, 1.0, 7.0]);
    assert_eq!(edges[1..3], [0.5, 4.0]);
    assert_eq!([-0.1, 0.0, 1.0, 7.0, 7.1].map(|v| bin(&edges, v)), [0, 1, 2, 3, 4]);
}

#[test]
fn a_constant_has_room_on_both_sides() {
    for constant in [5.0, 0.0, -0.1, 1e30, 1e-30, 1e300, -1e300] {
        let edges = edges_of_distinct(&[constant]);
        assert_eq!(counts(&edges, &[constant; 50]), [0, 50, 0], "{constant}: {edges:?}");
        assert_eq!(bin(&edges, constant + constant.abs().max(1e-30)), 2, "{constant}");
        assert_eq!(bin(&edges, constant - constant.abs().max(1e-30)), 0, "{constant}");
    }
    for constant in [5.0, 0.0, -0.1, 1e30, 1e-30] {
        let edges = edges_of_distinct(&[constant]);
        assert_eq!(bin(&edges, f64::from(constant as f32)), 1, "{constant} as 32 bits");
    }
}

#[test]
fn the_greatest_float_leaves_the_edges_finite() {
    let edges = edges_of_distinct(&[f64::MIN, 0.0, f64::MAX]);
    assert!(edges.iter().all(|edge| edge.is_finite()), "{edges:?}");
    assert_eq!(counts(&edges, &[f64::MIN, 0.0, f64::MAX]), [1, 1, 1]);
}

#[test]
fn neighbouring_floats_are_told_apart() {
    let (a, b) = (1.0f64, 1.0f64.next_up());
    let edges = edges_of_distinct(&[a, b]);
    assert_eq!(bin(&edges, b) - bin(&edges, a), 1);
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("not finite", |v| v.is_finite()).prop_map(|v| v + 0.0),
        (-3i8..3).prop_map(f64::from),
    ]
}

proptest! {
    #[test]
    fn edges_rise_and_every_value_is_inside(
        values in prop::collection::vec(value(), 1..200), more in value(),
    ) {
        let values = sorted(values);
        let (min, max) = (more.min(values[0]), more.max(values[values.len() - 1]));
        for edges in [
            edges_of_sample(&values, min, max),
            edges_of_distinct(&distinct(values.iter().copied())),
        ] {
            prop_assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
            prop_assert!(edges.iter().all(|edge| edge.is_finite()), "{edges:?}");
            let inside = |v: &f64| {
                let bin = bin(&edges, *v);
                (0 < bin || *v == f64::MIN) && (bin < edges.len() || *v == f64::MAX)
            };
            prop_assert!(values.iter().all(inside), "{edges:?} {values:?}");
        }
    }

    #[test]
    fn rounding_to_32_bits_moves_no_value_to_another_bin(
        tenths in prop::collection::vec(-500i16..500, 1..300),
    ) {
        // Decimal fractions: hardly any is a 64-bit or a 32-bit float, and the two roundings
        // differ.
        let values = sorted(tenths.into_iter().map(|t| f64::from(t) / 10.0));
        let edges = edges_of_distinct(&distinct(values.iter().copied()));
        for value in values {
            prop_assert_eq!(bin(&edges, value), bin(&edges, f64::from(value as f32)));
        }
    }
}
