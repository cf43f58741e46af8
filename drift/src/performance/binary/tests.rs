//! Metrics of two classes against scikit-learn 1.9.1 (`make_performance.py`), and their laws.

use proptest::prelude::*;
use serde_json::Value;

use super::{BinaryMetrics, BinaryTally};
use crate::Error;
use crate::performance::tests::{close, floats, golden, integers, scaled};

fn tally(threshold: f64, rows: impl IntoIterator<Item = (f64, f64)>) -> BinaryTally {
    let mut tally = BinaryTally::new(threshold).unwrap();
    rows.into_iter().for_each(|(score, label)| tally.add(score, label));
    tally
}

fn check(case: &Value, metrics: &BinaryMetrics) {
    let name = case["name"].as_str().unwrap();
    let confusion = metrics.confusion;
    let counts = [
        confusion.true_positive,
        confusion.false_positive,
        confusion.false_negative,
        confusion.true_negative,
    ];
    assert_eq!(counts[..], floats(&case["confusion"])[..], "{name}");
    let rates = metrics.rates;
    let numbers = [
        ("accuracy", rates.accuracy),
        ("precision", rates.precision),
        ("recall", rates.recall),
        ("specificity", rates.specificity),
        ("f1", rates.f1),
        ("roc_auc", metrics.roc_auc),
        ("log_loss", metrics.log_loss),
        ("brier", metrics.brier),
        ("expected_error", metrics.calibration.expected_error),
    ];
    for (what, number) in numbers {
        assert!(case[what].is_f64(), "{what}");
        close(number, case[what].as_f64(), &format!("{what} of {name}"));
    }
    let bins = metrics.calibration.bins;
    assert_eq!(bins.map(|bin| bin.rows as f64)[..], floats(&case["bins"])[..], "{name}");
    // scikit-learn leaves empty bins out.
    let filled: Vec<_> = bins.iter().filter(|bin| bin.rows > 0).collect();
    assert_eq!(filled.len(), case["mean_scores"].as_array().unwrap().len(), "{name}");
    for (index, bin) in filled.into_iter().enumerate() {
        close(bin.mean_score, case["mean_scores"][index].as_f64(), name);
        close(bin.observed_rate, case["observed_rates"][index].as_f64(), name);
    }
}

#[test]
fn as_scikit_learn() {
    let cases = golden("binary");
    assert_eq!(cases.as_array().unwrap().len(), 3);
    for case in cases.as_array().unwrap() {
        let scores = scaled(case, "scores");
        let rows = scores.into_iter().zip(integers(&case["labels"]));
        let tally = tally(case["threshold"].as_f64().unwrap(), rows);
        check(case, &tally.metrics());
    }
}

#[test]
fn scores_that_are_surely_wrong_lose_a_bounded_amount() {
    // sklearn.metrics.log_loss([1, 0], [0.0, 1.0], labels=[0, 1])
    let metrics = tally(0.5, [(0.0, 1.0), (1.0, 0.0)]).metrics();
    close(metrics.log_loss, Some(36.043_653_389_117_15), "log loss");
    assert_eq!(metrics.brier, Some(1.0));
    assert_eq!(metrics.roc_auc, Some(0.0));
}

#[test]
fn what_is_not_defined_is_none() {
    let none = tally(0.5, []).metrics();
    assert_eq!((none.rows, none.roc_auc, none.log_loss, none.brier), (0, None, None, None));
    assert_eq!(none.rates, Default::default());

    let only_negative = tally(0.5, [(0.2, 0.0), (0.4, 0.0)]).metrics();
    assert_eq!(only_negative.rates.accuracy, Some(1.0));
    assert_eq!(only_negative.rates.specificity, Some(1.0));
    assert_eq!(only_negative.rates.precision, None);
    assert_eq!(only_negative.rates.recall, None);
    assert_eq!(only_negative.rates.f1, None);
    assert_eq!(only_negative.roc_auc, None);
    assert!(only_negative.log_loss.is_some());

    let only_positive = tally(0.5, [(0.2, 1.0), (0.4, 1.0)]).metrics();
    assert_eq!(only_positive.rates.precision, None);
    assert_eq!(only_positive.rates.recall, Some(0.0));
    assert_eq!(only_positive.rates.specificity, None);
    assert_eq!(only_positive.rates.f1, Some(0.0));
    assert_eq!(only_positive.roc_auc, None);
}

#[test]
fn a_score_on_the_threshold_says_positive() {
    let confusion = tally(0.5, [(0.5, 1.0)]).metrics().confusion;
    assert_eq!(confusion.true_positive, 1.0);
}

#[test]
fn rows_that_cannot_be_used_are_counted_and_change_nothing() {
    let good = [(0.3, 0.0), (0.6, 1.0)];
    let odd = [
        (f64::NAN, 1.0),
        (f64::INFINITY, 1.0),
        (f64::NEG_INFINITY, 0.0),
        (1.000_000_1, 0.0),
        (-0.1, 0.0),
        (0.5, f64::NAN),
        (0.5, f64::INFINITY),
        (0.5, 0.5),
        (0.5, 2.0),
    ];
    let mut expected = tally(0.5, good).metrics();
    assert_eq!(expected.unusable, 0);
    expected.unusable = odd.len() as u64;
    assert_eq!(tally(0.5, good.into_iter().chain(odd)).metrics(), expected);
}

#[test]
fn thresholds_are_from_0_to_1_and_tallies_over_two_do_not_add() {
    for threshold in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        let error = BinaryTally::new(threshold).unwrap_err();
        assert!(matches!(error, Error::Threshold { name: "decision", .. }), "{error}");
    }
    let error = tally(0.5, []).merge(&tally(0.4, [])).unwrap_err();
    assert!(matches!(error, Error::Mismatch), "{error}");
}

fn rows() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let score = prop_oneof![
        10 => 0.0..=1.0_f64,
        5 => (0..=10_u8).prop_map(|tenths| f64::from(tenths) / 10.0),
        1 => any::<f64>(),
    ];
    let label = prop_oneof![10 => Just(0.0), 10 => Just(1.0), 1 => any::<f64>()];
    proptest::collection::vec((score, label), 0..150)
}

proptest! {
    /// To the last bit, sums of floats too.
    #[test]
    fn any_parts_in_any_order_are_the_whole(
        (rows, parts) in rows().prop_flat_map(|rows| {
            let parts = proptest::collection::vec(0..4_usize, rows.len());
            (Just(rows), parts)
        })
    ) {
        let whole = tally(0.3, rows.iter().copied());
        let mut merged = tally(0.3, []);
        for part in [2, 0, 3, 1] {
            let of = rows.iter().zip(&parts).filter(|(_, p)| **p == part).map(|(row, _)| *row);
            merged.merge(&tally(0.3, of)).unwrap();
        }
        prop_assert_eq!(merged.metrics(), whole.metrics());
        prop_assert_eq!(merged, whole);
    }

    #[test]
    fn no_number_is_nan_or_out_of_range(rows in rows()) {
        let metrics = tally(0.5, rows.iter().copied()).metrics();
        prop_assert_eq!(metrics.rows + metrics.unusable, rows.len() as u64);
        let rates = metrics.rates;
        let shares = [rates.accuracy, rates.precision, rates.recall, rates.specificity, rates.f1];
        let more = [metrics.roc_auc, metrics.brier, metrics.calibration.expected_error];
        for share in shares.into_iter().chain(more).flatten() {
            prop_assert!((0.0..=1.0).contains(&share), "{}", share);
        }
        prop_assert!(metrics.log_loss.is_none_or(|loss| (0.0..36.1).contains(&loss)));
    }
}
