//! Fitting: folds, the calibration error, and references that tell nothing.
//!
//! `cbpe/tests` compares the whole with NannyML.

use proptest::prelude::*;

use super::{calibration_error, helps, split};
use crate::Error;
use crate::performance::scores::At;
use crate::performance::{BinaryTally, Cbpe, Spreads};

fn at(negative: u64, positive: u64) -> At {
    At { negative, positive }
}

fn fit(rows: impl IntoIterator<Item = (f64, f64)>) -> Result<Cbpe, Error> {
    let mut reference = BinaryTally::new(0.5).unwrap();
    rows.into_iter().for_each(|(score, label)| reference.add(score, label));
    Cbpe::fit(&reference)
}

#[test]
fn a_reference_without_rows_is_refused() {
    assert!(matches!(fit([]), Err(Error::NoRows)));
    assert!(matches!(fit([(f64::NAN, 1.0)]), Err(Error::NoRows)));
}

#[test]
fn a_reference_of_one_class_tells_little() {
    let cbpe = fit([(0.2, 0.0), (0.3, 0.0)]).unwrap();
    assert_eq!(cbpe.calibration, None);
    let spreads = cbpe.spreads;
    assert!(spreads.accuracy.is_some() && spreads.specificity.is_some());
    let unknown = Spreads { accuracy: None, specificity: None, ..spreads };
    assert_eq!(unknown, Spreads::default());
}

#[test]
fn perfect_scores_are_not_calibrated() {
    let rows = (0..200_u32).map(|i| (f64::from(i) / 200.0, f64::from(u8::from(i >= 60))));
    assert_eq!(fit(rows).unwrap().calibration, None);
}

#[test]
fn the_error_of_equal_bins_by_hand() {
    // 4 rows make 2 bins; the tie at .5 lies across their edge and counts half for each.
    let rows = [(0.1, at(1, 0)), (0.5, at(1, 1)), (0.8, at(0, 1))];
    // |(.1 - 0) + (.5 - .5)| and |(.5 - .5) + (.8 - 1)|, over 4 rows.
    let error = calibration_error(rows.into_iter());
    assert!((error - 0.3 / 4.0).abs() < 1e-15, "{error}");
    assert_eq!(calibration_error([(0.25, at(3, 1))].into_iter()), 0.0);
    assert_eq!(calibration_error([].into_iter()), 0.0);
}

#[test]
fn calibration_helps_where_scores_are_shifted_only() {
    let grid = |rate: fn(f64) -> f64| -> Vec<(f64, At)> {
        let scores = (1..100_u32).map(|i| f64::from(i) / 100.0);
        let rows = scores.map(|score| (score, (40.0 * rate(score)).round() as u64));
        rows.map(|(score, positive)| (score, at(40 - positive, positive))).collect()
    };
    assert!(helps(&grid(|score| score * score)));
    assert!(!helps(&grid(|score| score)));
}

proptest! {
    #[test]
    fn folds_are_of_one_size_and_hold_each_row_once(
        counts in proptest::collection::vec((0..30_u64, 0..30_u64), 1..40)
    ) {
        let rows: Vec<_> =
            counts.iter().zip(0_u32..).map(|((n, p), i)| (f64::from(i), at(*n, *p))).collect();
        let mut held = vec![at(0, 0); rows.len()];
        let total: u64 = counts.iter().map(|(_, positive)| positive).sum();
        for fold in 0..10 {
            let mut positives = 0;
            for (index, (score, inside, outside)) in split(&rows, fold).enumerate() {
                prop_assert_eq!(score, rows[index].0);
                prop_assert_eq!(inside.negative + outside.negative, rows[index].1.negative);
                prop_assert_eq!(inside.positive + outside.positive, rows[index].1.positive);
                held[index].negative += inside.negative;
                held[index].positive += inside.positive;
                positives += inside.positive;
            }
            prop_assert!(positives == total / 10 || positives == total.div_ceil(10));
        }
        prop_assert!(held.iter().zip(&rows).all(|(held, (_, at))| held == at));
    }
}
