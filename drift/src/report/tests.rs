//! The report's words: golden table and JSON, what is not judged, and the overall verdict.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use serde_json::{Value, json};

use super::Report;
use crate::analyze::{Thresholds, Verdict};
use crate::baseline::Baseline;
use crate::profile::Profile;
use crate::window::{DeploymentProfile, Window};

fn window() -> Window {
    Window::new(1_767_225_600_000_000, 1_767_312_000_000_000).unwrap()
}

/// `n` rows: `amount` even over `shift..shift + 100`, `age` with every tenth missing, a text.
fn batch(n: u32, shift: f64) -> RecordBatch {
    let spread = |i: u32| 100.0 * f64::from(i) / f64::from(n);
    let amount: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..n).map(|i| spread(i) + shift)));
    let age: Float64Array = (0..n).map(|i| (i % 10 > 0).then(|| spread(i).floor())).collect();
    let country: ArrayRef = Arc::new(StringArray::from(vec!["NL"; n as usize]));
    let columns = [("amount", amount), ("age", Arc::new(age) as _), ("country", country)];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, a)| (name, a, true))).unwrap()
}

fn judged(deployment: &str, version: &str, rows: u32, shift: f64) -> DeploymentProfile {
    let features = ["amount", "age", "country"].map(str::to_owned);
    let baseline = Baseline::build([batch(10_000, 0.0)], &features).unwrap();
    let mut profile = Profile::new(&Arc::new(baseline));
    profile.fold(&batch(rows, shift), "").unwrap();
    let of = unjudged(deployment, version, rows);
    DeploymentProfile { profile: Some(profile), ..of }
}

fn unjudged(deployment: &str, version: &str, rows: u32) -> DeploymentProfile {
    DeploymentProfile {
        deployment: deployment.to_owned(),
        model: "fraud".to_owned(),
        version: version.to_owned(),
        rows: rows.into(),
        files: 1,
        profile: None,
    }
}

fn report(profiles: &[DeploymentProfile]) -> Report {
    Report::new("fraud", window(), profiles, &Thresholds::default())
}

#[test]
fn the_table_of_a_healthy_day() {
    let expected = "\
endpoint  fraud
window    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
rows      green fraud:1: 4500, baseline 10000, ok

feature  green fraud:1  missing  threshold  verdict
amount         0.0000     0.00%        0.2  ok
age            0.0000    10.00%        0.2  ok

not compared in green fraud:1, no numbers: country
verdict: ok
";
    let text = report(&[judged("green", "1", 4500, 0.0)]).table();
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn the_table_of_a_bad_day() {
    let text = report(&[
        judged("blue", "2", 500, 60.0),
        judged("green", "1", 4500, 0.0),
        judged("red", "1", 40, 0.0),
        unjudged("red", "3", 17),
    ])
    .table();
    let expected = "\
endpoint  fraud
window    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
rows      blue fraud:2: 500, baseline 10000, drift
          green fraud:1: 4500, baseline 10000, ok
          red fraud:1: 40, baseline 10000, insufficient data
          red fraud:3: 17, no baseline

feature  blue fraud:2  green fraud:1  red fraud:1  missing  threshold  verdict
amount        3.4475!        0.0000       0.0000?    0.00%        0.2  drift
age           0.0000         0.0000       0.0105?   10.00%        0.2  insufficient data

! drift  ? too few rows to tell
not compared in blue fraud:2, no numbers: country
not compared in green fraud:1, no numbers: country
not compared in red fraud:1, no numbers: country
not judged: 17 rows of red fraud:3, which has no baseline
verdict: drift
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn an_empty_window_says_so() {
    let empty = report(&[]);
    assert_eq!(empty.verdict(), Verdict::InsufficientData);
    let expected = "\
endpoint  fraud
window    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
rows      none in this window

verdict: insufficient data
";
    assert_eq!(empty.table(), expected);
}

#[test]
fn the_worst_deployment_speaks_for_all() {
    let ok = judged("green", "1", 4500, 0.0);
    let few = judged("blue", "2", 20, 0.0);
    let drift = judged("blue", "2", 500, 60.0);
    let without = unjudged("blue", "3", 500);
    let verdict = |profiles: &[&DeploymentProfile]| {
        report(&profiles.iter().map(|p| (*p).clone()).collect::<Vec<_>>()).verdict()
    };
    assert_eq!(verdict(&[&ok]), Verdict::Ok);
    assert_eq!(verdict(&[&ok, &few]), Verdict::InsufficientData);
    assert_eq!(verdict(&[&ok, &few, &drift]), Verdict::Drift);
    assert_eq!(verdict(&[&ok, &without]), Verdict::Ok);
    assert_eq!(verdict(&[&without]), Verdict::InsufficientData);
}

#[test]
fn a_feature_that_row_files_lack_is_named() {
    let mut profile = judged("green", "1", 500, 0.0);
    let counted = profile.profile.as_mut().unwrap();
    *counted = Profile::new(counted.baseline());
    counted.fold(&batch(500, 0.0).project(&[0]).unwrap(), "").unwrap();
    let text = report(&[profile]).table();
    assert!(text.contains("not in the row files of green fraud:1: age\n"), "{text}");
    assert!(text.ends_with("verdict: insufficient data\n"), "{text}");
}

#[test]
fn the_json_has_every_number() {
    let report = report(&[judged("green", "1", 4500, 60.0), unjudged("green", "2", 3)]);
    let json = report.to_json();
    assert_eq!(json, report.to_json());
    let mut json: Value = serde_json::from_str(&json).unwrap();
    let features = &mut json["deployments"][0]["features"];
    // Reals are checked for what they must be; all else is golden.
    for (feature, drifts) in features.as_array_mut().unwrap().iter_mut().zip([true, false]) {
        assert_eq!(feature["psi"].take().as_f64().unwrap() > 0.2, drifts);
        assert!(feature["critical"].take().as_f64().unwrap() < 0.02);
    }
    let expected = json!({
        "format": "skeg-drift-report/1",
        "endpoint": "fraud",
        "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
        "verdict": "drift",
        "metric": "PSI over reference deciles and missing values, 1 added to each count",
        "threshold": 0.2,
        "confidence": 0.99,
        "deployments": [
            {"deployment": "green", "model": "fraud", "version": "1", "rows": 4500,
             "baseline_rows": 10000, "verdict": "drift", "not_compared": ["country"],
             "features": [
                {"feature": "amount", "verdict": "drift", "psi": null, "critical": null,
                 "threshold": 0.2, "bins": 10, "rows": 4500, "missing_rate": 0.0,
                 "baseline_missing_rate": 0.0, "below_min": 0, "above_max": 2700},
                {"feature": "age", "verdict": "ok", "psi": null, "critical": null,
                 "threshold": 0.2, "bins": 11, "rows": 4500, "missing_rate": 0.1,
                 "baseline_missing_rate": 0.1, "below_min": 0, "above_max": 0},
             ]},
            {"deployment": "green", "model": "fraud", "version": "2", "rows": 3,
             "baseline_rows": null, "verdict": null, "not_compared": [], "features": []},
        ],
    });
    assert_eq!(json, expected, "{json:#}");
}

#[test]
fn two_deployments_fit_a_hundred_columns() {
    let text = report(&[judged("green", "1", 4500, 0.0), judged("blue", "2", 500, 0.0)]).table();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
}
