//! Verdicts: effect and chance, few rows, features of few values; and the law of chance itself.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use proptest::prelude::*;

use super::chance::{PsiLaw, ks_critical, rejected_up_to};
use super::{ColumnAnalysis, Thresholds, Verdict, analyze, analyze_against};
use crate::baseline::{Baseline, Rows};
use crate::profile::Profile;

fn batch(columns: &[Vec<Option<f64>>]) -> RecordBatch {
    let columns = columns.iter().enumerate().map(|(i, values)| {
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        (format!("x{i}"), array, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Judges each column of `current` against the same column of `reference`.
fn judge(reference: &[Vec<Option<f64>>], current: &[Vec<Option<f64>>]) -> Vec<ColumnAnalysis> {
    let batches = [batch(reference)];
    let rows = Rows::of_batches(&batches).unwrap();
    let baseline = Arc::new(Baseline::build(&rows, None, &mut |_| {}).unwrap());
    let mut profile = Profile::new(&baseline);
    profile.fold(&batch(current)).unwrap();
    analyze(&profile, &Thresholds::default()).columns
}

fn judge_one(reference: Vec<Option<f64>>, current: Vec<Option<f64>>) -> ColumnAnalysis {
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
        let law = PsiLaw::new(bins, 10_000, 500);
        let got = law.critical(1.0 - level);
        assert!((got / expected - 1.0).abs() < 1e-9, "{bins} bins at {level}: {got} {expected}");
        assert!((law.p(expected) / (1.0 - level) - 1.0).abs() < 1e-9, "{bins} bins at {level}");
    }
}

#[test]
fn critical_distances_are_those_of_the_textbook() {
    // c(0.05) = 1.3581, c(0.01) = 1.6276, times sqrt((N + M) / NM).
    let close = |a: f64, b: f64| assert!((a - b).abs() < 5e-5, "{a} {b}");
    close(ks_critical(0.05, 1000, 1000), 0.0607);
    close(ks_critical(0.05, 100_000, 10_000), 0.01424);
    close(ks_critical(0.01, 1_000_000, 1_000_000), 1.6276 * 2e-6f64.sqrt());
}

#[test]
fn false_discoveries_are_held_down_step_by_step() {
    // Benjamini and Hochberg (1995), section 3: 15 tests at 0.05, the first four are rejected.
    let p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ];
    assert_eq!(rejected_up_to(&p, 0.05), Some(0.0095));
    // A later one may carry those before it.
    assert_eq!(rejected_up_to(&[0.04, 0.05], 0.05), Some(0.05));
    assert_eq!(rejected_up_to(&[0.04, 0.06], 0.05), None);
    assert_eq!(rejected_up_to(&[], 0.05), None);
    assert_eq!(rejected_up_to(&[f64::NAN, 0.01], 0.05), Some(0.01));
}

fn psi(of: &ColumnAnalysis) -> f64 {
    of.measures.psi.unwrap().value
}

#[test]
fn the_same_again_is_ok() {
    let found = judge_one(even(10_000, 0.0), even(2000, 0.0));
    let measured = found.measures.psi.unwrap();
    assert_eq!((found.verdict, measured.groups, found.current.rows), (Verdict::Ok, 10, 2000));
    assert!(measured.value < 1e-6, "{found:?}");
    let ks = found.measures.ks.unwrap();
    assert!(ks.low < 0.001 && ks.high < 0.0021 && ks.p > 0.99, "{found:?}");
    assert!(found.measures.wasserstein.unwrap() < 0.001, "{found:?}");
}

#[test]
fn a_shift_is_drift_by_every_measure() {
    let found = judge_one(even(10_000, 0.0), even(2000, 0.4));
    assert_eq!((found.verdict, found.current.above), (Verdict::Drift, 800));
    assert_eq!(found.drifting, ["psi", "ks"]);
    let ks = found.measures.ks.unwrap();
    assert!(ks.low < 0.4 + 1e-9 && 0.4 <= ks.high && ks.high - ks.low < 0.0011, "{ks:?}");
    // The rows above the range count as if at its end: 0.32 of a uniform's 0.2887.
    let wasserstein = found.measures.wasserstein.unwrap();
    assert!((wasserstein - 0.32 * 12f64.sqrt()).abs() < 0.002, "{wasserstein}");
}

#[test]
fn a_shift_that_only_one_measure_calls_large_is_drift() {
    // D is 0.15, PSI over deciles 0.17 with all of it at the ends.
    let found =
        judge_one(even(10_000, 0.0), even(5000, 0.0).iter().map(|v| v.map(|v| v * 0.85)).collect());
    assert_eq!((found.verdict, &found.drifting[..]), (Verdict::Drift, &["psi", "ks"][..]));
    let thresholds = Thresholds::new(0.2, 1.0, 0.99).unwrap();
    assert!(thresholds.ks() > found.measures.ks.unwrap().high);
}

#[test]
fn a_small_shift_is_ok_however_sure() {
    // Far beyond chance, below the thresholds: real, but too small to matter.
    let found = judge_one(even(100_000, 0.0), even(100_000, 0.02));
    assert!(found.measures.ks.unwrap().p < 1e-9, "{found:?}");
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
    assert!(found.measures.psi.unwrap().critical > 0.2, "{found:?}");
    assert_eq!(found.verdict, Verdict::Drift);
}

#[test]
fn no_rows_are_too_few_to_tell() {
    let found = judge_one(even(1000, 0.0), Vec::new());
    assert_eq!((found.verdict, found.measures), (Verdict::InsufficientData, Default::default()));
}

#[test]
fn missing_values_are_a_group() {
    let mut reference = even(9000, 0.0);
    reference.extend([None; 1000]);
    let mut same = even(1800, 0.0);
    same.extend([None; 200]);
    let found = judge_one(reference.clone(), same);
    assert_eq!(
        (found.verdict, found.measures.psi.unwrap().groups, found.current.nulls),
        (Verdict::Ok, 11, 200)
    );
    assert_eq!(found.reference.missing(), 1000);
    // A feed broke: half of the values are gone, in the same proportions over the rest.
    let mut broken = even(1000, 0.0);
    broken.extend([None; 1000]);
    assert_eq!(judge_one(reference, broken.clone()).verdict, Verdict::Drift);
    // The reference never had one missing.
    let found = judge_one(even(10_000, 0.0), broken);
    assert_eq!((found.verdict, &found.drifting[..]), (Verdict::Drift, &["psi"][..]));
}

#[test]
fn a_constant_may_stay_and_may_not_change() {
    let constant = |n: usize, value: f64| vec![Some(value); n];
    let same = judge_one(constant(10_000, 5.0), constant(2000, 5.0));
    assert_eq!((same.verdict, psi(&same)), (Verdict::Ok, 0.0));
    assert_eq!((same.measures.psi.unwrap().groups, same.measures.wasserstein), (1, None));
    for value in [0.0, 4.9, 5.1, 1e9] {
        let changed = judge_one(constant(10_000, 5.0), constant(2000, value));
        assert_eq!(changed.verdict, Verdict::Drift, "{value}");
    }
    let three = judge_one(constant(10_000, 5.0), constant(3, 5.0));
    assert_eq!(three.verdict, Verdict::InsufficientData);
}

#[test]
fn few_values_have_exact_distances() {
    // Shares of 0, 1 and 4: 1/2, 1/4, 1/4 against 1/4, 1/4, 1/2.
    let of = |shares: [usize; 3]| -> Vec<Option<f64>> {
        let each = [0.0, 1.0, 4.0].into_iter().zip(shares);
        each.flat_map(|(value, count)| vec![Some(value); count]).collect()
    };
    let found = judge_one(of([4000, 2000, 2000]), of([1000, 1000, 2000]));
    assert_eq!(found.measures.ks.unwrap().low, 0.25);
    // A quarter of the rows went from 0 to 4.
    let std = {
        let mean: f64 = 1.25;
        let squares = 4000.0 * mean.powi(2) + 2000.0 * 0.25f64.powi(2) + 2000.0 * 2.75f64.powi(2);
        (squares / 7999.0).sqrt()
    };
    assert!((found.measures.wasserstein.unwrap() - 1.0 / std).abs() < 1e-12, "{found:?}");
}

#[test]
fn rare_values_that_do_not_show_up_in_few_rows_are_no_drift() {
    // Two values of one in a million each and 20 rows without: PSI is all the added 1's doing.
    let mut reference = vec![Some(0.0); 999_998];
    reference.extend([Some(1.0), None]);
    let found = judge_one(reference, vec![Some(0.0); 20]);
    assert!(psi(&found) > 0.4, "{found:?}");
    assert_eq!(found.verdict, Verdict::InsufficientData);
}

#[test]
fn more_columns_need_more_proof() {
    let (reference, current) = (even(10_000, 0.0), even(500, 0.0));
    let twenty = judge(&vec![reference.clone(); 20], &vec![current.clone(); 20]);
    let one = judge_one(reference, current);
    assert!(one.measures.psi.unwrap().critical < twenty[0].measures.psi.unwrap().critical);
    assert!(one.measures.ks.unwrap().critical < twenty[0].measures.ks.unwrap().critical);
}

fn texts(counts: &[(&str, usize)]) -> RecordBatch {
    let all = counts.iter().flat_map(|(text, count)| std::iter::repeat_n(*text, *count));
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(all));
    RecordBatch::try_from_iter([("t", column)]).unwrap()
}

#[test]
fn categories_have_their_own_measures() {
    let batches = [texts(&[("a", 5000), ("b", 3000), ("c", 2000)])];
    let rows = Rows::of_batches(&batches).unwrap();
    let baseline = Arc::new(Baseline::build(&rows, None, &mut |_| {}).unwrap());
    let mut profile = Profile::new(&baseline);
    profile.fold(&texts(&[("a", 400), ("b", 300), ("c", 200), ("d", 100)])).unwrap();
    let found = analyze(&profile, &Thresholds::default()).columns.remove(0);
    assert_eq!((found.current.unseen, found.measures.ks), (100, None));
    let test = found.measures.chi_square.as_ref().unwrap();
    assert_eq!(test.freedom, 3);
    assert!((found.measures.l_infinity.unwrap() - 0.1).abs() < 1e-12, "{found:?}");
    assert_eq!(found.verdict, Verdict::Drift);
}

#[test]
fn two_profiles_are_held_against_each_other() {
    let baseline = |values: Vec<Option<f64>>| {
        let batches = [batch(&[values])];
        let rows = Rows::of_batches(&batches).unwrap();
        Arc::new(Baseline::build(&rows, None, &mut |_| {}).unwrap())
    };
    let counted = |baseline: &Arc<Baseline>, values: Vec<Option<f64>>| {
        let mut profile = Profile::new(baseline);
        profile.fold(&batch(&[values])).unwrap();
        profile
    };
    let one = baseline(even(10_000, 0.0));
    // Both far from the baseline, and alike.
    let (green, blue) = (counted(&one, even(3000, 0.5)), counted(&one, even(2000, 0.5)));
    let thresholds = Thresholds::default();
    assert_eq!(analyze(&blue, &thresholds).verdict(), Verdict::Drift);
    let found = analyze_against(&green, &blue, &thresholds);
    assert_eq!((found.reference_rows, found.rows, found.verdict()), (3000, 2000, Verdict::Ok));
    let other = counted(&one, even(2000, 0.2));
    assert_eq!(analyze_against(&green, &other, &thresholds).verdict(), Verdict::Drift);
    // The same training data, read again, has the same bins; other data has not.
    let again = counted(&baseline(even(10_000, 0.0)), even(2000, 0.5));
    assert_eq!(analyze_against(&green, &again, &thresholds), found);
    // Over other bins there is the bracket of the distance.
    let over_others = |values| counted(&baseline(even(9000, 0.1)), values);
    let found = analyze_against(&green, &over_others(even(2000, 0.5)), &thresholds);
    let measured = &found.columns[0].measures;
    assert_eq!((found.verdict(), measured.psi), (Verdict::Ok, None));
    assert!(measured.ks.unwrap().high < 0.51, "{measured:?}");
    let found = analyze_against(&green, &over_others(even(2000, 0.2)), &thresholds);
    let ks = found.columns[0].measures.ks.unwrap();
    assert_eq!((found.verdict(), &found.columns[0].drifting[..]), (Verdict::Drift, &["ks"][..]));
    assert!(ks.low < 0.3 + 1e-9 && 0.3 < ks.high, "{ks:?}");
}

#[test]
fn thresholds_out_of_range_are_refused() {
    for psi in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Thresholds::new(psi, 0.1, 0.99).is_err(), "{psi}");
    }
    for ks in [0.0, -1.0, 1.1, f64::NAN] {
        assert!(Thresholds::new(0.2, ks, 0.99).is_err(), "{ks}");
    }
    for confidence in [0.0, 0.4, 1.0, 2.0, f64::NAN] {
        assert!(Thresholds::new(0.2, 0.1, confidence).is_err(), "{confidence}");
    }
    let error = Thresholds::new(0.2, 0.1, 1.0).unwrap_err().to_string();
    assert_eq!(error, "threshold confidence: 1 is not from 0.5 to 0.999999");
    assert_eq!(Thresholds::new(0.2, 0.1, 0.99).unwrap(), Thresholds::default());
}

proptest! {
    #[test]
    fn drift_means_effect_and_proof(
        reference in prop::collection::vec(prop::option::of(-3i8..3), 1..300),
        current in prop::collection::vec(prop::option::of(-4i8..4), 0..300),
    ) {
        let floats =
            |values: Vec<Option<i8>>| values.into_iter().map(|v| v.map(f64::from)).collect();
        let found = judge_one(floats(reference), floats(current));
        let Some(psi) = found.measures.psi else {
            prop_assert_eq!(found.verdict, Verdict::InsufficientData);
            return Ok(());
        };
        prop_assert!(psi.value.is_finite() && psi.value >= 0.0 && psi.critical > 0.0, "{found:?}");
        prop_assert!((0.0..=1.0).contains(&psi.p), "{found:?}");
        let ks = found.measures.ks.map_or(0.0, |ks| ks.low);
        let is_large = psi.value >= 0.2 || ks >= 0.1;
        let is_sure = psi.p <= 0.01 || found.measures.ks.is_some_and(|ks| ks.p <= 0.01);
        if found.verdict == Verdict::Drift {
            prop_assert!(is_large && is_sure, "{found:?}");
        }
        prop_assert_eq!(found.verdict == Verdict::Drift, !found.drifting.is_empty());
    }
}
