//! Kolmogorov-Smirnov against SciPy 1.17.1, by hand, and by its laws.

use proptest::prelude::*;

use super::{
    Bracket, bracket, bracket_apart, bracket_with_points, distance, limit_p, one_sample, p_value,
};
use crate::distance::tests::{bins, close, near};

fn range(numbers: std::ops::Range<u32>) -> Vec<f64> {
    numbers.map(f64::from).collect()
}

fn sorted(values: &[u8]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn samples_as_scipy_has_them() {
    let d = distance(&range(0..10), &range(5..15)).unwrap();
    assert_eq!(d, 0.5);
    near(p_value(d, 10, 10), 0.167_821_342_743_943_34, 1e-13);
    near(limit_p(d, 10, 10), 0.164_079_197_726_652_1, 1e-13);
    let ties = distance(&[1.0, 2.0, 2.0, 3.0], &[2.0, 2.0, 3.0, 3.0]).unwrap();
    assert_eq!(ties, 0.25);
    near(p_value(ties, 4, 4), 1.0, 1e-13);
    let reference: Vec<f64> = (1..=20).map(|i| f64::from(i) / 20.0).collect();
    let current: Vec<f64> = reference.iter().map(|v| v + 0.125).collect();
    close(distance(&reference, &current).unwrap(), 0.15, 1e-15);
    near(p_value(0.15, 20, 20), 0.983_136_877_265_619_3, 1e-12);
}

#[test]
fn the_p_values_of_small_samples_are_exact() {
    // ks_2samp of samples of n and m rows: D and its p-value.
    let cases = [
        (10, 10, 0.2, 0.994_457_554_829_071_7),
        (10, 7, 0.128_571_428_571_428_56, 0.999_948_580_830_933_7),
        (10, 7, 0.285_714_285_714_285_7, 0.803_835_870_012_340_6),
        (100, 250, 0.08, 0.726_194_608_414_960_8),
        (100, 250, 0.216, 0.002_191_715_333_770_103_5),
        (999, 1000, 0.209, 1.252_868_797_959_165_8e-19),
        (997, 1009, 0.071_357_779_980_178_38, 0.011_288_442_463_532_32),
        (10_000, 9_999, 0.070_807_150_715_071_5, 3.036_600_685_934_875e-22),
        (10_000, 9_999, 0.208_320_882_088_208_81, 2.436_601_084_441_757e-190),
        (5, 8000, 0.199_875, 0.962_029_896_917_891_3),
        (5, 8000, 0.374_875, 0.383_505_986_205_490_1),
        (10, 10, 0.0, 1.0),
    ];
    for (n, m, d, p) in cases {
        near(p_value(d, n, m), p, 1e-11);
        assert_eq!(p_value(d, m, n), p_value(d, n, m));
    }
}

#[test]
fn the_p_values_of_large_samples_are_scipys() {
    // kstwo.sf(x, n)
    let cases = [
        (10, 0.3, 0.270_535_574_799_999_46),
        (100, 0.05, 0.953_215_971_063_572_5),
        (100, 0.1, 0.252_692_757_006_387_4),
        (100, 0.18, 0.002_630_049_845_460_560_7),
        (139, 0.25, 3.850_069_610_385_159e-8),
        (150, 0.05, 0.829_082_841_679_979_4),
        (150, 0.11, 0.049_054_525_440_555),
        (150, 0.13, 0.011_384_007_000_017_337),
        (5000, 0.01, 0.695_455_725_391_385_3),
        (5000, 0.02, 0.036_139_413_953_256_37),
        (5000, 0.025, 0.003_794_840_520_043_730_6),
        (100_000, 0.0005, 1.0),
        (100_000, 0.003, 0.328_456_332_772_695_6),
        (100_000, 0.02, 3.537_271_193_147_959_7e-35),
        (1_000_000, 0.002, 0.000_670_027_710_367_071_8),
        (2_000_000, 0.0012, 0.006_297_183_259_583_361),
        (2_000_000, 0.002, 2.247_704_493_692_889e-7),
        (500_000, 0.02, 3.648_196_655_176_420_4e-174),
        (3, 0.3, 0.886_222_222_222_222_2),
        (3, 0.2, 0.998_222_222_222_222_2),
        (3, 0.9, 0.001_999_999_999_999_998_7),
        (20, 0.06, 0.999_993_847_306_052_7),
        (300, 0.0025, 1.0),
        (50, 0.6, 9.634_070_456_142_374e-18),
        (300_000, 0.0009, 0.968_096_351_138_249_2),
        (99_999, 0.000_55, 1.0),
    ];
    for (n, x, p) in cases {
        near(one_sample::above(n, x), p, 1e-10);
    }
    // Which formula a pair of samples gets.
    near(p_value(0.02, 20_000, 20_000), one_sample::above(10_000, 0.02), 1e-15);
}

#[test]
fn kolmogorovs_limit() {
    // scipy.special.kolmogorov, at z = D sqrt(n / 2).
    let cases = [(0.2, 1.0), (0.5, 0.963_945_243_664_875_1), (0.9, 0.392_730_707_940_654_3)];
    for (z, p) in cases {
        close(limit_p(z / 50f64.sqrt(), 100, 100), p, 1e-11);
    }
    near(limit_p(2.5 / 50f64.sqrt(), 100, 100), 2.0 * (-12.5f64).exp(), 1e-9);
    assert_eq!(limit_p(0.0, 10, 10), 1.0);
    assert_eq!(limit_p(0.5, 0, 10), 1.0);
    // Both forms meet.
    let (below, above) = (limit_p(0.999_999_9, 2, 2), limit_p(1.0, 2, 2));
    close(below, above, 1e-6);
}

#[test]
fn a_side_without_rows_has_none() {
    assert_eq!(distance(&[], &[1.0]), None);
    assert_eq!(distance(&[1.0], &[]), None);
    assert_eq!(bracket(&bins(&[1, 2], &[0, 0])), None);
    assert_eq!(p_value(0.0, 0, 5), 1.0);
}

#[test]
fn brackets_worked_by_hand() {
    let both = bins(&[5, 5], &[0, 10]);
    assert_eq!(bracket(&both), Some(Bracket { low: 0.5, high: 1.0 }));
    let points = bracket_with_points(&both, |_| true);
    assert_eq!(points, Some(Bracket { low: 0.5, high: 0.5 }));
}

proptest! {
    #[test]
    fn the_bracket_contains_the_exact_distance(
        a in prop::collection::vec(any::<u8>(), 1..80),
        b in prop::collection::vec(any::<u8>(), 1..80),
        edges in prop::collection::btree_set(any::<u8>(), 0..20),
    ) {
        let count = |values: &[u8]| {
            let edges: Vec<u8> = edges.iter().copied().collect();
            let mut counts = vec![0; edges.len() + 1];
            values.iter().for_each(|v| counts[edges.partition_point(|edge| edge <= v)] += 1);
            counts
        };
        let exact = distance(&sorted(&a), &sorted(&b)).unwrap();
        let Bracket { low, high } = bracket(&bins(&count(&a), &count(&b))).unwrap();
        prop_assert!(low <= exact + 1e-12 && exact <= high + 1e-12, "{low} {exact} {high}");
    }

    #[test]
    fn of_points_the_bracket_is_the_distance(
        a in prop::collection::vec(0u8..10, 1..80),
        b in prop::collection::vec(0u8..10, 1..80),
    ) {
        let count = |values: &[u8]| {
            let mut counts = [0; 10];
            values.iter().for_each(|v| counts[usize::from(*v)] += 1);
            counts
        };
        let exact = distance(&sorted(&a), &sorted(&b)).unwrap();
        let Bracket { low, high } =
            bracket_with_points(&bins(&count(&a), &count(&b)), |_| true).unwrap();
        prop_assert!((low - exact).abs() <= 1e-12 && low == high, "{low} {exact} {high}");
    }

    #[test]
    fn it_is_symmetric_from_0_to_1_and_0_for_the_same(
        a in prop::collection::vec(any::<u8>(), 1..80),
        b in prop::collection::vec(any::<u8>(), 1..80),
    ) {
        let (a, b) = (sorted(&a), sorted(&b));
        let there = distance(&a, &b).unwrap();
        prop_assert!((0.0..=1.0).contains(&there));
        prop_assert_eq!(distance(&b, &a), Some(there));
        prop_assert_eq!(distance(&a, &a), Some(0.0));
        let (n, m) = (a.len() as u64, b.len() as u64);
        let (exact, limit) = (p_value(there, n, m), limit_p(there, n, m));
        prop_assert!((0.0..=1.0).contains(&exact) && (0.0..=1.0).contains(&limit));
    }
}

#[test]
fn edges_of_their_own_bracket_the_distance() {
    // Uniform over 0 to 1000 by tens, and over 200 to 1200 by sevens: D is 0.2.
    let by = |step: usize, from: usize| -> (Vec<f64>, Vec<u64>) {
        let edges: Vec<f64> = (from..=from + 1000).step_by(step).map(|edge| edge as f64).collect();
        let mut counts = vec![step as u64; edges.len() + 1];
        counts[0] = 0;
        counts[edges.len()] = (1000 % step) as u64;
        (edges, counts)
    };
    let (a, b) = (by(10, 0), by(7, 200));
    let found = bracket_apart((&a.0, &a.1), (&b.0, &b.1)).unwrap();
    assert!(found.low < 0.2 + 1e-9 && 0.2 < found.high, "{found:?}");
    assert!(found.high - found.low < 0.03, "{found:?}");
    // The same edges leave no doubt at them.
    let same = bracket_apart((&a.0, &a.1), (&a.0, &a.1)).unwrap();
    assert_eq!(same.low, 0.0);
    assert!(same.high <= 0.0101, "{same:?}");
    assert!(bracket_apart((&[], &[5]), (&a.0, &a.1)).is_none());
    assert!(bracket_apart((&[1.0], &[0, 0]), (&a.0, &a.1)).is_none());
}

proptest! {
    #[test]
    fn whatever_the_edges_the_bracket_holds_the_distance(
        mut x in prop::collection::vec(-50i8..50, 1..60),
        mut y in prop::collection::vec(-50i8..50, 1..60),
        mut e in prop::collection::vec(-60i8..60, 1..20),
        mut f in prop::collection::vec(-60i8..60, 1..20),
    ) {
        x.sort_unstable();
        y.sort_unstable();
        let counted = |edges: &mut Vec<i8>, values: &[i8]| -> (Vec<f64>, Vec<u64>) {
            edges.sort_unstable();
            edges.dedup();
            let mut counts = vec![0; edges.len() + 1];
            values.iter().for_each(|v| counts[edges.partition_point(|e| e < v)] += 1);
            (edges.iter().map(|e| f64::from(*e)).collect(), counts)
        };
        let floats = |v: &[i8]| v.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let exact = distance(&floats(&x), &floats(&y)).unwrap();
        let (a, b) = (counted(&mut e, &x), counted(&mut f, &y));
        let found = bracket_apart((&a.0, &a.1), (&b.0, &b.1)).unwrap();
        let is_inside = found.low <= exact + 1e-12 && exact <= found.high + 1e-12;
        prop_assert!(is_inside, "{exact} {found:?}");
    }
}
