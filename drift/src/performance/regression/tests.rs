//! Metrics of numbers against scikit-learn 1.9.1 (`make_performance.py`), and their laws.

use proptest::prelude::*;

use super::{RegressionMetrics, RegressionTally};
use crate::performance::tests::{golden, near, scaled};

fn tally(rows: impl IntoIterator<Item = (f64, f64)>) -> RegressionTally {
    let mut tally = RegressionTally::default();
    rows.into_iter().for_each(|(prediction, label)| tally.add(prediction, label));
    tally
}

fn numbers(metrics: &RegressionMetrics) -> [(&'static str, Option<f64>); 5] {
    [
        ("mean_error", metrics.mean_error),
        ("mae", metrics.mae),
        ("mse", metrics.mse),
        ("rmse", metrics.rmse),
        ("r2", metrics.r2),
    ]
}

#[test]
fn as_scikit_learn() {
    let cases = golden("regression");
    assert_eq!(cases.as_array().unwrap().len(), 2);
    for case in cases.as_array().unwrap() {
        let predictions = scaled(case, "predictions").into_iter();
        let metrics = tally(predictions.zip(scaled(case, "labels"))).metrics();
        assert_eq!((metrics.rows, metrics.unusable), (150, 0));
        for (what, number) in numbers(&metrics) {
            assert!(case[what].is_f64(), "{what}");
            near(number, case[what].as_f64(), 1e-11, &format!("{what} of {}", case["name"]));
        }
    }
}

#[test]
fn by_hand() {
    let metrics = tally([(1.0, 0.0), (1.0, 2.0), (7.0, 4.0)]).metrics();
    assert_eq!(metrics.mean_error, Some(1.0));
    assert_eq!(metrics.mae, Some(5.0 / 3.0));
    assert_eq!(metrics.mse, Some(11.0 / 3.0));
    // 1 - (1 + 1 + 9) / (4 + 0 + 4)
    assert_eq!(metrics.r2, Some(1.0 - 11.0 / 8.0));
}

#[test]
fn what_is_not_defined_is_none() {
    assert!(numbers(&tally([]).metrics()).iter().all(|(_, number)| number.is_none()));
    let one = tally([(1.0, 3.0)]).metrics();
    assert_eq!((one.mean_error, one.rmse, one.r2), (Some(-2.0), Some(2.0), None));
    let equal_labels = tally([(1.0, 0.1), (2.0, 0.1), (3.0, 0.1)]);
    assert_eq!(equal_labels.metrics().r2, None);
    let mut twice = equal_labels;
    twice.merge(&equal_labels);
    assert_eq!(twice.metrics().r2, None);
    // Each square is finite, their sum is not.
    let large = tally([(1e154, 0.0), (1e154, 1e154), (1e154, -3e153), (1e154, -3e153)]).metrics();
    assert_eq!((large.rows, large.unusable, large.mse, large.r2), (4, 0, None, None));
    assert!(large.mae.is_some());
}

#[test]
fn rows_that_cannot_be_used_are_counted_and_change_nothing() {
    let good = [(1.0, 2.0), (3.0, 3.5)];
    let odd = [
        (f64::NAN, 1.0),
        (1.0, f64::NAN),
        (f64::INFINITY, 1.0),
        (f64::INFINITY, f64::INFINITY),
        (1.0, f64::NEG_INFINITY),
        (1e200, 0.0),
        (1e200, 1e200),
    ];
    let mut expected = tally(good).metrics();
    expected.unusable = odd.len() as u64;
    assert_eq!(tally(good.into_iter().chain(odd)).metrics(), expected);
}

proptest! {
    #[test]
    fn any_parts_are_the_whole_but_for_rounding(
        rows in proptest::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64, 0..3_u8), 0..200)
    ) {
        let of = |part: Option<u8>| {
            let rows = rows.iter().filter(move |(.., p)| part.is_none_or(|part| part == *p));
            tally(rows.map(|(prediction, label, _)| (*prediction, *label)))
        };
        let whole = of(None).metrics();
        let mut merged = of(Some(2));
        merged.merge(&of(Some(0)));
        merged.merge(&of(Some(1)));
        let merged = merged.metrics();
        prop_assert_eq!((merged.rows, merged.unusable), (whole.rows, whole.unusable));
        for ((what, merged), (_, whole)) in numbers(&merged).into_iter().zip(numbers(&whole)) {
            prop_assert_eq!(merged.is_some(), whole.is_some(), "{}", what);
            if let (Some(merged), Some(whole)) = (merged, whole) {
                let within = 1e-9 * whole.abs().max(1.0);
                prop_assert!((merged - whole).abs() <= within, "{} {} {}", what, merged, whole);
            }
        }
    }

    #[test]
    fn any_float_is_survived(rows in proptest::collection::vec(any::<(f64, f64)>(), 0..50)) {
        let metrics = tally(rows).metrics();
        prop_assert!(numbers(&metrics).iter().all(|(_, n)| n.is_none_or(f64::is_finite)));
    }
}
