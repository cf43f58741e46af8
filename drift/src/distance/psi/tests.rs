//! PSI against published formulas, SciPy, and its own laws.
//!
//! The vectors are worked by hand or computed with NumPy 2.4.6 and SciPy 1.17.1 from the same
//! deterministic inputs; each says from what.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch};
use proptest::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use super::{Bin, invented, psi, psi_of_shares};
use crate::analyze::groups;
use crate::distance::tests::{bins, close};
use crate::{Baseline, Profile, Rows};

fn standard_normal() -> Normal {
    Normal::new(0.0, 1.0).unwrap()
}

/// The `n` midpoints of the normal quantile function: a sample without chance.
fn normal_grid(n: u32) -> Vec<f64> {
    let normal = standard_normal();
    (1..=n).map(|i| normal.inverse_cdf((f64::from(i) - 0.5) / f64::from(n))).collect()
}

fn batch(values: Vec<f64>) -> RecordBatch {
    let column: Arc<Float64Array> = Arc::new(values.into());
    RecordBatch::try_from_iter([("x", column as _)]).unwrap()
}

/// Counts of two samples over the first one's deciles, as the product counts them.
fn decile_bins(reference: Vec<f64>, current: Vec<f64>) -> Vec<Bin> {
    let batches = [batch(reference)];
    let rows = Rows::of_batches(&batches).unwrap();
    let baseline = Baseline::build(&rows, None, &mut |_| {}).unwrap();
    let mut profile = Profile::new(&Arc::new(baseline));
    profile.fold(&batch(current)).unwrap();
    let (column, tally) = profile.columns().next().unwrap();
    groups::bins(column, column.counts(), tally.counts())
}

/// Plain PSI, nothing added.
fn plain(bins: &[Bin]) -> f64 {
    let n: u64 = bins.iter().map(|b| b.reference).sum();
    let m: u64 = bins.iter().map(|b| b.current).sum();
    let share = |b: &Bin| (b.reference as f64 / n as f64, b.current as f64 / m as f64);
    psi_of_shares(&bins.iter().map(share).collect::<Vec<_>>())
}

#[test]
fn shares_worked_by_hand() {
    // .15 ln 2.5 + .05 ln 1.25 + .05 ln 1.2 + .15 ln 1.6
    let shares = [(0.25, 0.10), (0.25, 0.20), (0.25, 0.30), (0.25, 0.40)];
    close(psi_of_shares(&shares), 0.228_217_409_573_391_82, 1e-15);
}

#[test]
fn an_empty_bin_as_azure_smooths_it() {
    // The formula of azureml-assets, numerical_data_drift_metrics.py: (count + 1) / (total + bins).
    let bins = bins(&[500, 300, 200, 0], &[200, 150, 100, 50]);
    close(psi(&bins), 0.485_455_192_462_693_7, 1e-15);
}

#[test]
fn heavy_tails_keep_their_drift() {
    // exp(2 z) over 50,000 grid points against exp(mu + 2 z) over 20,000. Plain PSI on deciles, and
    // the same with 1 added, both by NumPy with scipy.stats.norm.ppf.
    let cases = [
        (0.5, 0.059_825, 0.059_764_196_588),
        (1.0, 0.237_769, 0.237_517_747_561),
        (1.5, 0.529_183, 0.528_528_476_432),
    ];
    for (mu, deciles, smoothed) in cases {
        let reference = normal_grid(50_000).iter().map(|z| (2.0 * z).exp()).collect();
        let current = normal_grid(20_000).iter().map(|z| (mu + 2.0 * z).exp()).collect();
        let bins = decile_bins(reference, current);
        // A value at the very edge may fall to the other side: 1 of 20,000 rows.
        close(plain(&bins), deciles, 5e-5);
        close(psi(&bins), smoothed, 5e-5);
    }
}

#[test]
fn one_wild_row_moves_nothing() {
    // N(0,1) against N(0.5,1) on grids; the last value replaced. Equal-width bins lose the drift
    // here.
    let reference = normal_grid(50_000);
    let shifted: Vec<f64> = normal_grid(20_000).iter().map(|z| z + 0.5).collect();
    let calm = decile_bins(reference.clone(), shifted.clone());
    close(plain(&calm), 0.237_769, 5e-5);
    for wild in [100.0, 1e4, f64::INFINITY] {
        let mut current = shifted.clone();
        *current.last_mut().unwrap() = wild;
        assert_eq!(decile_bins(reference.clone(), current), calm, "{wild}");
    }
}

#[test]
fn infinite_samples_of_shifted_normals() {
    // Ten deciles of N(0,1) against N(mu, s): what each shift is worth.
    let cases = [
        (0.1, 1.0, 0.009_587),
        (0.2, 1.0, 0.038_311),
        (0.25, 1.0, 0.059_816),
        (0.5, 1.0, 0.237_749),
        (1.0, 1.0, 0.926_142),
        (0.0, 1.25, 0.063_755),
    ];
    let normal = standard_normal();
    for (mu, s, expected) in cases {
        let current = Normal::new(mu, s).unwrap();
        let edge = |k: usize| normal.inverse_cdf(k as f64 / 10.0);
        let share = |k: usize| (0.1, current.cdf(edge(k + 1)) - current.cdf(edge(k)));
        let shares: Vec<_> = (0..10).map(share).collect();
        close(psi_of_shares(&shares), expected, 1e-6);
    }
}

#[test]
fn only_rows_that_nobody_expected_are_invented() {
    // 20 rows: of the bin of 1 in a million none are expected, of the bin of a tenth two are.
    let rare = bins(&[899_999, 1, 100_000], &[20, 0, 0]);
    let made = invented(&rare);
    assert!(made > 0.4 && made < psi(&rare), "{made}");
    let (p, q) = (2.0 / 1_000_003.0, 1.0 / 23.0f64);
    close(made, (q - p) * (q / p).ln(), 1e-15);
    assert_eq!(invented(&bins(&[10, 10], &[5, 5])), 0.0);
}

#[test]
fn nothing_is_far_from_nothing() {
    assert_eq!(psi(&[]), 0.0);
    assert_eq!(psi(&bins(&[0, 0], &[0, 0])), 0.0);
}

proptest! {
    #[test]
    fn a_sample_is_at_no_distance_from_itself(
        counts in prop::collection::vec(0u64..1 << 40, 1..40),
    ) {
        prop_assert_eq!(psi(&bins(&counts, &counts)), 0.0);
    }

    #[test]
    fn it_is_symmetric_and_never_negative(
        pairs in prop::collection::vec((0u64..1 << 40, 0u64..1 << 40), 1..40),
    ) {
        let (a, b): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let (there, back) = (psi(&bins(&a, &b)), psi(&bins(&b, &a)));
        prop_assert!(there >= 0.0 && there.is_finite(), "{there}");
        prop_assert!((there - back).abs() <= 1e-12 * there.max(1.0), "{there} {back}");
    }

    #[test]
    fn the_order_of_bins_does_not_matter(
        pairs in prop::collection::vec((0u64..1000, 0u64..1000), 1..40),
    ) {
        let (mut a, mut b): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let there = psi(&bins(&a, &b));
        a.reverse();
        b.reverse();
        prop_assert!((psi(&bins(&a, &b)) - there).abs() <= 1e-12);
    }
}
