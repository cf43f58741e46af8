//! How often is chance called drift? Windows drawn from the baseline's own distribution.

use std::sync::Arc;

use drift::{Profile, Thresholds, Verdict, analyze};

use crate::sample::{Dice, FEATURES, baseline, batch};

/// Verdicts on windows.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    drift: usize,
    insufficient: usize,
    ok: usize,
}

/// Judges `windows` windows of `rows` rows each, drawn as the 10,000 rows of the baseline are.
fn judge(windows: usize, rows: usize, thresholds: &Thresholds) -> Found {
    let mut dice = Dice::new(1);
    let baseline = Arc::new(baseline(batch(10_000, &mut dice)));
    let mut found = Found { drift: 0, insufficient: 0, ok: 0 };
    for _ in 0..windows {
        let mut profile = Profile::new(&baseline);
        profile.fold(&batch(rows, &mut dice)).unwrap();
        match analyze(&profile, thresholds).verdict() {
            Verdict::Drift => found.drift += 1,
            Verdict::InsufficientData => found.insufficient += 1,
            Verdict::Ok => found.ok += 1,
        }
    }
    found
}

#[test]
fn two_hundred_windows_without_drift_raise_no_alarm() {
    let found = judge(200, 2000, &Thresholds::default());
    assert_eq!(found, Found { drift: 0, insufficient: 0, ok: 200 });
}

#[test]
fn windows_of_few_rows_keep_the_promised_rate() {
    // 99 % confidence: at most 5 of 500 windows may say drift, and with so few rows none ok.
    for rows in [1, 3, 10, 30, 60, 100] {
        let found = judge(500, rows, &Thresholds::default());
        assert!(found.drift <= 5 && found.ok == 0, "{rows} rows: {found:?}");
    }
}

#[test]
fn each_feature_held_to_the_confidence_by_itself_breaks_the_promise() {
    // A confidence that, divided over the features, holds each to 99 %: what the correction for
    // many features is for. It also shows that these samples can raise an alarm.
    let each = Thresholds::new(0.2, 0.1, 1.0 - 0.01 * FEATURES as f64).unwrap();
    let found = judge(500, 30, &each);
    assert!(found.drift > 10, "{found:?}");
}
