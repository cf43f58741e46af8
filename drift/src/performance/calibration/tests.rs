//! Calibration bins at their edges; `binary/tests` compares them with scikit-learn.

use super::{BINS, CalibrationTally};

fn bins(scores: &[f64]) -> Vec<u64> {
    let mut tally = CalibrationTally::default();
    scores.iter().for_each(|score| tally.add(*score, true));
    tally.result().bins.iter().map(|bin| bin.rows).collect()
}

#[test]
fn a_bin_has_its_upper_edge() {
    assert_eq!(bins(&[0.0, 0.1, 0.2, 0.95, 1.0]), [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(bins(&[0.100_000_000_000_000_1]), [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn the_error_of_two_bins_by_hand() {
    let mut tally = CalibrationTally::default();
    for (score, positive) in [(0.25, true), (0.25, false), (0.75, true), (0.75, true)] {
        tally.add(score, positive);
    }
    // |0.25 - 0.5| of one half of the rows and |0.75 - 1| of the other.
    assert_eq!(tally.result().expected_error, Some(0.25));
}

#[test]
fn without_rows_there_is_no_error() {
    let empty = CalibrationTally::default().result();
    assert_eq!(empty.expected_error, None);
    assert_eq!(empty.bins.len(), BINS);
    assert!(empty.bins.iter().all(|bin| bin.mean_score.is_none() && bin.rows == 0));
    assert!(empty.bins.iter().all(|bin| bin.observed_rate.is_none()));
}
