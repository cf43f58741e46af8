//! Estimates without labels against a worked example and NannyML 0.13.1 (`make_performance.py`).

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;

use super::{Cbpe, CbpeTally, Estimate, Estimates, Spread, Spreads};
use crate::Error;
use crate::performance::tests::{close, floats, golden, integers, near, scaled};
use crate::performance::{BinaryTally, Isotonic};

fn uncalibrated() -> Arc<Cbpe> {
    Arc::new(Cbpe { threshold: 0.5, calibration: None, spreads: Spreads::default() })
}

fn tally(cbpe: &Arc<Cbpe>, scores: impl IntoIterator<Item = f64>) -> CbpeTally {
    let mut tally = CbpeTally::new(cbpe);
    scores.into_iter().for_each(|score| tally.add(score));
    tally
}

fn named(estimates: &Estimates) -> [(&'static str, Option<Estimate>); 6] {
    [
        ("accuracy", estimates.accuracy),
        ("precision", estimates.precision),
        ("recall", estimates.recall),
        ("specificity", estimates.specificity),
        ("f1", estimates.f1),
        ("roc_auc", estimates.roc_auc),
    ]
}

#[test]
fn four_rows_by_hand() {
    let estimates = tally(&uncalibrated(), [0.9, 0.8, 0.3, 0.2]).estimates();
    let confusion = estimates.confusion;
    close(Some(confusion.true_positive), Some(1.7), "TP");
    close(Some(confusion.false_positive), Some(0.3), "FP");
    close(Some(confusion.false_negative), Some(0.5), "FN");
    close(Some(confusion.true_negative), Some(1.5), "TN");
    // 3.2/4, 1.7/2, 1.7/2.2, 1.5/1.8, 3.4/4.2, and the trapezoids of the expected ROC curve.
    let expected = [0.8, 0.85, 1.7 / 2.2, 1.5 / 1.8, 3.4 / 4.2, 0.828_282_828_282_828_3];
    for ((what, estimate), expected) in named(&estimates).into_iter().zip(expected) {
        near(estimate.map(|estimate| estimate.value), Some(expected), 1e-15, what);
        assert_eq!(estimate.unwrap().band, None, "{what}");
    }
}

fn fitted(case: &Value) -> Arc<Cbpe> {
    let mut reference = BinaryTally::new(0.5).unwrap();
    let rows = scaled(case, "reference").into_iter().zip(integers(&case["labels"]));
    rows.for_each(|(score, label)| reference.add(score, label));
    Arc::new(Cbpe::fit(&reference).unwrap())
}

#[test]
fn as_nannyml() {
    let cases = golden("cbpe");
    assert_eq!(cases.as_array().unwrap().len(), 3);
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let cbpe = fitted(case);
        assert_eq!(Some(cbpe.calibration.is_some()), case["calibrated"].as_bool(), "{name}");
        let spreads = cbpe.spreads;
        let spreads = [
            spreads.accuracy,
            spreads.precision,
            spreads.recall,
            spreads.specificity,
            spreads.f1,
            spreads.roc_auc,
        ];
        let estimates = tally(&cbpe, scaled(case, "live")).estimates();
        assert_eq!((estimates.rows, estimates.unusable), (300, 0));
        for ((metric, estimate), spread) in named(&estimates).into_iter().zip(spreads) {
            let what = format!("{metric} of {name}");
            let expected = floats(&case["metrics"][metric]);
            // NannyML rounds the expected counts of the ROC curve to 5 digits.
            let within = if metric == "roc_auc" { 1e-6 } else { 1e-12 };
            let Estimate { value, band } = estimate.unwrap();
            let (low, high) = band.unwrap();
            near(Some(value), Some(expected[0]), within, &what);
            let error = spread.map(|spread| spread.sampling_error(300));
            near(error, Some(expected[1]), 1e-12, &what);
            near(Some(low), Some(expected[2]), within, &what);
            near(Some(high), Some(expected[3]), within, &what);
        }
    }
}

#[test]
fn what_is_not_defined_is_none() {
    let cbpe = uncalibrated();
    let none = tally(&cbpe, []).estimates();
    assert_eq!(none.rows, 0);
    assert!(named(&none).iter().all(|(_, estimate)| estimate.is_none()));
    let negative = tally(&cbpe, [0.0, 0.0]).estimates();
    assert_eq!(negative.accuracy.map(|accuracy| accuracy.value), Some(1.0));
    assert_eq!((negative.precision, negative.recall, negative.roc_auc), (None, None, None));
    let constant = tally(&cbpe, [0.25; 8]).estimates();
    assert_eq!(constant.roc_auc.map(|auc| auc.value), Some(0.5));
}

#[test]
fn scores_that_cannot_be_used_are_counted_and_change_nothing() {
    let cbpe = uncalibrated();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 1.5];
    let mut expected = tally(&cbpe, [0.3, 0.7]).estimates();
    expected.unusable = 5;
    assert_eq!(tally(&cbpe, [0.3, 0.7].into_iter().chain(odd)).estimates(), expected);
}

#[test]
fn a_band_stays_between_0_and_1() {
    let spread = Some(Spread { deviation: 0.5, share: 1.0 });
    let spreads = Spreads { accuracy: spread, ..Spreads::default() };
    let cbpe = Arc::new(Cbpe { threshold: 0.5, calibration: None, spreads });
    // 0.9 +- 3 * 0.5 / sqrt(rows)
    for (rows, band) in [(1, (0.0, 1.0)), (4, (0.15, 1.0)), (900, (0.85, 0.95))] {
        let accuracy = tally(&cbpe, std::iter::repeat_n(0.9, rows)).estimates().accuracy.unwrap();
        let (low, high) = accuracy.band.unwrap();
        near(Some(low), Some(band.0), 1e-9, "low");
        near(Some(high), Some(band.1), 1e-9, "high");
    }
}

#[test]
fn tallies_of_two_references_do_not_add() {
    let other = Arc::new(Cbpe { threshold: 0.4, ..(*uncalibrated()).clone() });
    let error = tally(&uncalibrated(), []).merge(&tally(&other, [])).unwrap_err();
    assert!(matches!(error, Error::Mismatch), "{error}");
    // Read twice from the same file it is the same.
    tally(&uncalibrated(), [0.5]).merge(&tally(&uncalibrated(), [0.5])).unwrap();
}

proptest! {
    #[test]
    fn any_parts_in_any_order_are_the_whole(
        rows in proptest::collection::vec((0.0..=1.0_f64, 0..3_u8), 0..150)
    ) {
        let calibration = Isotonic::from_points(vec![0.1, 0.4, 0.9], vec![0.0, 0.6, 0.7]).unwrap();
        let cbpe = Cbpe { calibration: Some(calibration), ..(*uncalibrated()).clone() };
        let cbpe = Arc::new(cbpe);
        let of = |part: u8| {
            tally(&cbpe, rows.iter().filter(move |(_, p)| *p == part).map(|(score, _)| *score))
        };
        let mut merged = of(2);
        merged.merge(&of(0)).unwrap();
        merged.merge(&of(1)).unwrap();
        let whole = tally(&cbpe, rows.iter().map(|(score, _)| *score));
        prop_assert_eq!(merged.estimates(), whole.estimates());
        prop_assert_eq!(merged, whole);
    }
}
