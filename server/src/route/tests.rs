//! Draws swept over the whole range give exactly the weights.

use super::{RouteError, RouteTable, WHOLE, Weight};

fn table(percents: &[f64]) -> Result<RouteTable, RouteError> {
    let weights: Result<Vec<Weight>, _> =
        percents.iter().map(|p| Weight::from_percent(*p)).collect();
    RouteTable::new(&weights?)
}

/// One draw in the middle of each hundredth of a percent.
fn sweep(table: &RouteTable, deployments: usize) -> Vec<u32> {
    let mut seen = vec![0; deployments];
    for step in 0..u64::from(WHOLE) {
        let draw = (((2 * step + 1) << 32) / (2 * u64::from(WHOLE))) as u32;
        if let Some(index) = table.pick(draw) {
            seen[index] += 1;
        }
    }
    seen
}

#[test]
fn a_sweep_of_draws_gives_exactly_the_weights() {
    for (percents, counts) in [
        (&[90.0, 10.0][..], &[9_000, 1_000][..]),
        (&[0.0, 100.0], &[0, 10_000]),
        (&[33.33, 33.33, 33.34], &[3_333, 3_333, 3_334]),
        (&[0.01, 99.99], &[1, 9_999]),
        (&[100.0], &[10_000]),
    ] {
        assert_eq!(sweep(&table(percents).unwrap(), percents.len()), counts, "{percents:?}");
    }
}

#[test]
fn the_ends_of_the_range_fall_inside() {
    let table = table(&[50.0, 50.0]).unwrap();
    assert_eq!(table.pick(0), Some(0));
    assert_eq!(table.pick(u32::MAX / 2), Some(0));
    assert_eq!(table.pick(u32::MAX / 2 + 1), Some(1));
    assert_eq!(table.pick(u32::MAX), Some(1));
}

#[test]
fn a_drained_endpoint_picks_nothing() {
    let table = table(&[0.0, 0.0]).unwrap();
    assert_eq!(table.pick(0), None);
    assert_eq!(table.pick(u32::MAX), None);
}

#[test]
fn unsound_weights_are_refused_with_the_sum() {
    for percents in [&[90.0, 11.0][..], &[50.0], &[100.0, 100.0]] {
        let error = table(percents).unwrap_err();
        let sum: f64 = percents.iter().sum();
        assert!(error.to_string().contains(&format!("sum to {sum} %")), "{error}");
    }
    for percent in [-1.0, 100.01, f64::NAN, f64::INFINITY, 0.001, 33.333] {
        assert!(matches!(Weight::from_percent(percent), Err(RouteError::Weight(_))), "{percent}");
    }
}
