//! Edges, counts and sums as NumPy 2.4.6 printed them.

use proptest::prelude::*;

use super::{Range, bins, counts, deviation, doane, equal, linspace, sturges, sum};

fn range(values: &[f64], integers: bool) -> Range {
    let (least, greatest) = (values[0], values[values.len() - 1]);
    Range { count: values.len(), least, greatest, integers, singles: false }
}

#[test]
fn edges_as_numpy_chooses_them() {
    let values = [1.0, 2.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.5];
    let expected = [
        1.0,
        6.583_333_333_333_333,
        12.166_666_666_666_666,
        17.75,
        23.333_333_333_333_332,
        28.916_666_666_666_664,
        34.5,
    ];
    assert_eq!(doane(&values).unwrap(), expected);
    assert_eq!(sturges(range(&values, false)).unwrap(), [1.0, 7.7, 14.4, 21.1, 27.8, 34.5]);
}

#[test]
fn bins_of_integers_are_not_narrower_than_one() {
    let values = [0.0, 1.0, 2.0, 2.0, 3.0];
    assert_eq!(sturges(range(&values, true)).unwrap(), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(sturges(range(&values, false)).unwrap(), [0.0, 0.75, 1.5, 2.25, 3.0]);
}

#[test]
fn a_single_value_has_half_a_unit_on_each_side() {
    let values = [7.25; 40];
    assert_eq!(doane(&values).unwrap(), [6.75, 7.75]);
    assert_eq!(sturges(range(&values, false)).unwrap(), [6.75, 7.75]);
    assert_eq!(doane(&[2.0, 3.0]).unwrap(), [2.0, 3.0]);
}

#[test]
fn what_numpy_refuses_has_no_edges() {
    assert_eq!(doane(&[]), None);
    assert_eq!(doane(&[1.0, 2.0, f64::INFINITY]), None);
    assert_eq!(sturges(range(&[f64::NEG_INFINITY, 0.0], false)), None);
    assert_eq!(sturges(range(&[-1e308, 0.0, 1.7e308], false)), None);
    assert_eq!(equal(1.0, 1.0 + 4.0 * f64::EPSILON, 10_000, false), None);
}

#[test]
fn the_last_edge_belongs_to_the_last_bin() {
    let edges = [0.0, 1.0, 2.0];
    assert_eq!(counts(&[-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0], &edges), [2, 3]);
    // NannyML's edges of a constant.
    assert_eq!(counts(&[5.0, 5.0], &[5.0, 5.0, 5.0]), [0, 2]);
    let both = bins(&[0.5], &[1.5, 1.75], &edges);
    assert_eq!((both[0].reference, both[0].current), (1, 0));
    assert_eq!((both[1].reference, both[1].current), (0, 2));
}

#[test]
fn sums_and_deviations_to_the_last_digit() {
    let values: Vec<f64> = (0..300).map(|k| 0.1 * f64::from(k % 7)).collect();
    assert_eq!(sum(&values), 89.700_000_000_000_02);
    assert_eq!(values.iter().sum::<f64>(), 89.699_999_999_999_96);
    let values = [1.0, 2.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.5];
    assert!((deviation(&values, 0) - 10.631_307_133_086_915).abs() < 1e-14);
    assert!((deviation(&values, 1) - 11.276_204_050_024_006).abs() < 1e-14);
    let fifths = [0.1, 0.22, 0.339_999_999_999_999_97, 0.459_999_999_999_999_96, 0.58, 0.7];
    assert_eq!(linspace(0.1, 0.7, 5, false), fifths);
    let singles = [0.1f32, 0.22, 0.339_999_97, 0.459_999_95, 0.58, 0.7].map(f64::from);
    assert_eq!(linspace(0.1f32.into(), 0.7f32.into(), 5, true), singles);
}

proptest! {
    #[test]
    fn every_value_is_in_one_bin(mut values in prop::collection::vec(-1e9..1e9, 1..400)) {
        values.sort_unstable_by(f64::total_cmp);
        for edges in [doane(&values).unwrap(), sturges(range(&values, false)).unwrap()] {
            prop_assert_eq!(counts(&values, &edges).iter().sum::<u64>(), values.len() as u64);
        }
    }
}
