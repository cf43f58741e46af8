//! Isotonic calibration against scikit-learn 1.9.1 (`make_performance.py`), and its laws.

use proptest::prelude::*;

use super::Isotonic;
use crate::performance::scores::{At, Scores};
use crate::performance::tests::{close, floats, golden, integers, scaled};

fn fit(rows: impl IntoIterator<Item = (f64, bool)>) -> Option<Isotonic> {
    let mut scores = Scores::default();
    for (score, positive) in rows {
        let one = u64::from(positive);
        scores.add(score, At { negative: 1 - one, positive: one });
    }
    Isotonic::fit(scores.ascending().unwrap())
}

#[test]
fn as_scikit_learn() {
    let cases = golden("isotonic");
    assert_eq!(cases.as_array().unwrap().len(), 3);
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let labels = integers(&case["labels"]).into_iter().map(|label| label == 1.0);
        let curve = fit(scaled(case, "scores").into_iter().zip(labels)).unwrap();
        let (scores, probabilities) = curve.points();
        assert_eq!(scores, floats(&case["corners"]), "{name}");
        let expected = floats(&case["probabilities"]);
        for (got, expected) in probabilities.iter().zip(&expected) {
            close(Some(*got), Some(*expected), name);
        }
        for (score, expected) in floats(&case["grid"]).into_iter().zip(floats(&case["calibrated"]))
        {
            close(Some(curve.calibrate(score)), Some(expected), &format!("{name} at {score}"));
        }
    }
}

#[test]
fn violators_are_pooled_by_hand() {
    // Rates 0, 1, 0, 1 at .1 to .4: the two in the middle become one block of a half.
    let curve = fit([(0.1, false), (0.2, true), (0.3, false), (0.4, true)]).unwrap();
    assert_eq!(curve.points(), (&[0.1, 0.2, 0.3, 0.4][..], &[0.0, 0.5, 0.5, 1.0][..]));
    close(Some(curve.calibrate(0.15)), Some(0.25), "between");
    assert_eq!([curve.calibrate(0.0), curve.calibrate(0.9)], [0.0, 1.0]);
    assert!(curve.calibrate(f64::NAN).is_nan());
    // Equal rates of blocks of other sizes are one block, of which the ends are kept.
    let thirds = [(0.1, 1, 2), (0.2, 2, 4), (0.3, 3, 6)];
    let rows = thirds.map(|(score, positive, negative)| (score, At { negative, positive }));
    let curve = Isotonic::fit(rows.into_iter()).unwrap();
    assert_eq!(curve.points(), (&[0.1, 0.3][..], &[1.0 / 3.0, 1.0 / 3.0][..]));
}

#[test]
fn scores_that_are_as_good_as_equal_are_one() {
    let curve = fit([(0.5, false), (0.5 + 5e-16, true), (0.6, true)]).unwrap();
    assert_eq!(curve.points(), (&[0.5, 0.6][..], &[0.5, 1.0][..]));
}

#[test]
fn no_rows_have_no_curve() {
    assert_eq!(fit([]), None);
}

#[test]
fn corners_that_are_no_curve_are_refused() {
    let wrong: [(&[f64], &[f64]); 9] = [
        (&[], &[]),
        (&[0.1], &[]),
        (&[0.1, 0.2], &[0.5]),
        (&[0.2, 0.1], &[0.1, 0.2]),
        (&[0.1, 0.1], &[0.1, 0.2]),
        (&[0.1, 0.2], &[0.2, 0.1]),
        (&[0.1, f64::NAN], &[0.1, 0.2]),
        (&[0.1, 0.2], &[0.1, f64::INFINITY]),
        (&[-0.1, 0.2], &[0.1, 0.2]),
    ];
    for (scores, probabilities) in wrong {
        let error = Isotonic::from_points(scores.to_vec(), probabilities.to_vec()).unwrap_err();
        assert!(error.to_string().starts_with("baseline file: calibration: "), "{error}");
    }
    let rising: Vec<_> = (0..=2 << 20).map(|i| f64::from(i) / f64::from(2 << 20)).collect();
    let error = Isotonic::from_points(rising.clone(), rising).unwrap_err();
    assert!(error.to_string().starts_with("corners of a calibration: 2097153"), "{error}");
}

fn rows() -> impl Strategy<Value = Vec<(f64, bool)>> {
    let score = prop_oneof![(0..=20_u8).prop_map(|s| f64::from(s) / 20.0), 0.0..=1.0_f64];
    proptest::collection::vec((score, any::<bool>()), 1..200)
}

proptest! {
    #[test]
    fn a_fit_never_falls_and_comes_back_from_its_points(
        rows in rows(),
        mut at in proptest::collection::vec(-0.2..1.2_f64, 0..100),
    ) {
        let curve = fit(rows.iter().copied()).unwrap();
        at.extend(rows.iter().map(|(score, _)| *score));
        at.sort_by(f64::total_cmp);
        let probabilities: Vec<_> = at.iter().map(|score| curve.calibrate(*score)).collect();
        prop_assert!(probabilities.is_sorted());
        prop_assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
        let (scores, probabilities) = curve.points();
        let again = Isotonic::from_points(scores.to_vec(), probabilities.to_vec()).unwrap();
        prop_assert_eq!(again, curve);
    }

    /// Pooling moves nothing from one row to another: the mean stays.
    #[test]
    fn the_mean_probability_is_the_rate(rows in rows()) {
        let curve = fit(rows.iter().copied()).unwrap();
        let mean = rows.iter().map(|(score, _)| curve.calibrate(*score)).sum::<f64>();
        let positive = rows.iter().filter(|(_, positive)| *positive).count() as f64;
        prop_assert!((mean - positive).abs() < 1e-9, "{} {}", mean, positive);
    }
}
