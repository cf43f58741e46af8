//! What the tests of the distances share.

use super::{Bin, shares};

pub(super) fn bins(reference: &[u64], current: &[u64]) -> Vec<Bin> {
    let pairs = reference.iter().zip(current);
    pairs.map(|(reference, current)| Bin { reference: *reference, current: *current }).collect()
}

/// The same bins with the sides changed.
pub(super) fn turned(bins: &[Bin]) -> Vec<Bin> {
    let turn = |bin: &Bin| Bin { reference: bin.current, current: bin.reference };
    bins.iter().map(turn).collect()
}

#[track_caller]
pub(super) fn close(got: f64, expected: f64, within: f64) {
    assert!((got - expected).abs() <= within, "{got}, expected {expected}");
}

/// Equal to a share of the expected value.
#[track_caller]
pub(super) fn near(got: f64, expected: f64, relative: f64) {
    close(got, expected, relative * expected.abs());
}

#[test]
fn shares_of_a_side_without_rows_are_none() {
    assert_eq!(shares(&bins(&[0, 0], &[1, 2])), None);
    assert_eq!(shares(&bins(&[1, 2], &[0, 0])), None);
    assert_eq!(shares(&[]), None);
    assert_eq!(shares(&bins(&[1, 3], &[1, 1])), Some(vec![(0.25, 0.5), (0.75, 0.5)]));
}
