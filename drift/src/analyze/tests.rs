//! Verdicts: effect and chance, few rows, features of few values; and the law of chance itself.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use proptest::prelude::*;

use super::{FeatureAnalysis, Thresholds, Verdict, analyze, chance};
use crate::baseline::Baseline;
use crate::profile::Profile;

fn batch(columns: &[Vec<Option<f64>>]) -> RecordBatch {
    let columns = columns.iter().enumerate().map(|(i, values)| {
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        (format!("x{i}"), array, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Judges each column of `current` against the same column of `reference`.
fn judge(reference: &[Vec<Option<f64>>], current: &[Vec<Option<f64>>]) -> Vec<FeatureAnalysis> {
    let names: Vec<String> = (0..reference.len()).map(|i| format!("x{i}")).collect();
    let baseline = Arc::new(Baseline::build([batch(reference)], &names).unwrap());
    let mut profile = Profile::new(&baseline);
    profile.fold(&batch(current), "").unwrap();
    analyze(&profile, &Thresholds::default()).features
}

fn judge_one(reference: Vec<Option<f64>>, current: Vec<Option<f64>>) -> FeatureAnalysis {
    judge(&[reference], &[current]).remove(0)
}

/// `n` values spread evenly over `from..from + 1`.
fn even(n: u32, from: f64) -> Vec<Option<f64>> {
    (0..n).map(|i| Some(from + (f64::from(i) + 0.5) / f64::from(n))).collect()
}

#[test]
fn the_law_of_chance_is_that_of_scipy() {
    // scipy.stats.chi2.ppf(level, bins - 1), SciPy 1.17.1, times (1/N + 1/M).
    let cases = [
        (2, 0.99, 6.634_896_601_021_214),
        (10, 0.99, 21.665_994_333_461_924),
        (10, 0.9995, 29.665_808_103_596_42),
        (11, 0.9995, 31.419_812_507_400_49),
        (20, 0.99, 36.190_869_129_270_04),
        // A single bin is held to one degree of freedom.
        (1, 0.9995, 12.115_665_146_397_38),
    ];
    for (bins, level, quantile) in cases {
        let expected = quantile * (1.0 / 10_000.0 + 1.0 / 500.0);
        let got = chance(bins, 10_000, 500, level);
        assert!((got / expected - 1.0).abs() < 1e-9, "{bins} bins at {level}: {got} {expected}");
    }
}

#[test]
fn the_same_again_is_ok() {
    let found = judge_one(even(10_000, 0.0), even(2000, 0.0));
    assert_eq!((found.verdict, found.bins, found.rows), (Verdict::Ok, 10, 2000));
    assert!(found.psi.unwrap() < 1e-6, "{found:?}");
}

#[test]
fn a_shift_is_drift() {
    let found = judge_one(even(10_000, 0.0), even(2000, 0.4));
    assert_eq!((found.verdict, found.above_max), (Verdict::Drift, 800));
}

#[test]
fn a_small_shift_is_ok_however_sure() {
    // Over the critical value, below the threshold: real, but too small to matter.
    let found = judge_one(even(100_000, 0.0), even(100_000, 0.02));
    assert!(found.psi > found.critical, "{found:?}");
    assert_eq!(found.verdict, Verdict::Ok);
}

#[test]
fn few_rows_are_too_few_to_tell() {
    for rows in [1, 5, 20, 60, 100] {
        let found = judge_one(even(10_000, 0.0), even(rows, 0.05));
        assert_eq!(found.verdict, Verdict::InsufficientData, "{rows} rows: {found:?}");
    }
    // Nor does a large window help against a small reference.
    let found = judge_one(even(50, 0.0), even(100_000, 0.0));
    assert_eq!(found.verdict, Verdict::InsufficientData);
}

#[test]
fn few_rows_that_differ_beyond_chance_are_drift() {
    let found = judge_one(even(10_000, 0.0), even(30, 5.0));
    assert!(found.critical.unwrap() > found.threshold, "{found:?}");
    assert_eq!(found.verdict, Verdict::Drift);
}

#[test]
fn no_rows_are_too_few_to_tell() {
    let found = judge_one(even(1000, 0.0), Vec::new());
    assert_eq!((found.verdict, found.psi, found.critical), (Verdict::InsufficientData, None, None));
}

#[test]
fn missing_values_are_a_bin() {
    let mut reference = even(9000, 0.0);
    reference.extend([None; 1000]);
    let mut same = even(1800, 0.0);
    same.extend([None; 200]);
    let found = judge_one(reference.clone(), same);
    assert_eq!(
        (found.verdict, found.bins, found.missing, found.baseline_missing),
        (Verdict::Ok, 11, 200, 1000)
    );
    // A feed broke: half of the values are gone, in the same proportions over the rest.
    let mut broken = even(1000, 0.0);
    broken.extend([None; 1000]);
    assert_eq!(judge_one(reference, broken.clone()).verdict, Verdict::Drift);
    // The reference never had one missing.
    assert_eq!(judge_one(even(10_000, 0.0), broken).verdict, Verdict::Drift);
}

#[test]
fn a_constant_may_stay_and_may_not_change() {
    let constant = |n: usize, value: f64| vec![Some(value); n];
    let same = judge_one(constant(10_000, 5.0), constant(2000, 5.0));
    assert_eq!((same.verdict, same.psi, same.bins), (Verdict::Ok, Some(0.0), 1));
    for value in [0.0, 4.9, 5.1, 1e9] {
        let changed = judge_one(constant(10_000, 5.0), constant(2000, value));
        assert_eq!(changed.verdict, Verdict::Drift, "{value}");
    }
    let three = judge_one(constant(10_000, 5.0), constant(3, 5.0));
    assert_eq!(three.verdict, Verdict::InsufficientData);
}

#[test]
fn rare_values_that_do_not_show_up_in_few_rows_are_no_drift() {
    // Two values of one in a million each and 20 rows without: PSI is all the added 1's doing.
    let mut reference = vec![Some(0.0); 999_998];
    reference.extend([Some(1.0), None]);
    let found = judge_one(reference, vec![Some(0.0); 20]);
    assert!(found.psi.unwrap() > 0.4, "{found:?}");
    assert_eq!(found.verdict, Verdict::InsufficientData);
}

#[test]
fn more_features_need_more_proof() {
    let (reference, current) = (even(10_000, 0.0), even(500, 0.0));
    let twenty = judge(&vec![reference.clone(); 20], &vec![current.clone(); 20]);
    assert!(judge_one(reference, current).critical < twenty[0].critical);
}

#[test]
fn thresholds_out_of_range_are_refused() {
    for psi in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Thresholds::new(psi, 0.99).is_err(), "{psi}");
    }
    for confidence in [0.0, 0.4, 1.0, 2.0, f64::NAN] {
        assert!(Thresholds::new(0.2, confidence).is_err(), "{confidence}");
    }
    let error = Thresholds::new(0.2, 1.0).unwrap_err().to_string();
    assert_eq!(error, "threshold confidence: 1 is not from 0.5 to 0.999999");
    assert_eq!(Thresholds::new(0.2, 0.99).unwrap(), Thresholds::default());
}

proptest! {
    #[test]
    fn drift_means_over_both_lines(
        reference in prop::collection::vec(prop::option::of(-3i8..3), 1..300),
        current in prop::collection::vec(prop::option::of(-4i8..4), 0..300),
    ) {
        let floats =
            |values: Vec<Option<i8>>| values.into_iter().map(|v| v.map(f64::from)).collect();
        let found = judge_one(floats(reference), floats(current));
        match found.psi.zip(found.critical) {
            None => prop_assert_eq!(found.verdict, Verdict::InsufficientData),
            Some((psi, critical)) => {
                prop_assert!(psi.is_finite() && psi >= 0.0 && critical > 0.0, "{found:?}");
                let drift = psi > critical && psi > found.threshold;
                prop_assert_eq!(found.verdict == Verdict::Drift, drift, "{:?}", found);
                let ok = !drift && critical < found.threshold;
                prop_assert_eq!(found.verdict == Verdict::Ok, ok, "{:?}", found);
            }
        }
    }
}
