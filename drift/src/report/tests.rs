//! The report's words: golden table and JSON, what is not judged, and the overall verdict.

use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Float64Array, RecordBatch};
use serde_json::{Value, json};

use super::{Comparison, Findings, Report};
use crate::analyze::{Thresholds, Verdict};
use crate::baseline::{Baseline, Rows};
use crate::profile::Profile;
use crate::window::{DeploymentProfile, Window};

fn window() -> Window {
    Window::new(1_767_225_600_000_000, 1_767_312_000_000_000).unwrap()
}

/// `n` rows: `amount` even over `shift..shift + 100`, `age` with every tenth missing, a date.
fn batch(n: u32, shift: f64) -> RecordBatch {
    let spread = |i: u32| 100.0 * f64::from(i) / f64::from(n);
    let amount: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..n).map(|i| spread(i) + shift)));
    let age: Float64Array = (0..n).map(|i| (i % 10 > 0).then(|| spread(i).floor())).collect();
    let day: ArrayRef = Arc::new(Date32Array::from(vec![1; n as usize]));
    let columns = [("amount", amount), ("age", Arc::new(age) as _), ("day", day)];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, a)| (name, a, true))).unwrap()
}

fn judged(deployment: &str, version: &str, rows: u32, shift: f64) -> DeploymentProfile {
    let batches = [batch(10_000, 0.0)];
    let training = Rows::of_batches(&batches).unwrap();
    let baseline = Baseline::build(&training, None, &mut |_| {}).unwrap();
    let mut profile = Profile::new(&Arc::new(baseline));
    profile.fold(&batch(rows, shift)).unwrap();
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
        is_mirrored: false,
        profile: None,
        traffic: None,
    }
}

fn report(profiles: &[DeploymentProfile]) -> Report {
    report_with(profiles, Vec::new())
}

fn report_with(profiles: &[DeploymentProfile], comparisons: Vec<Comparison<'_>>) -> Report {
    let (endpoint, window, thresholds) = ("fraud", window(), Thresholds::default());
    Report::new(&Findings { endpoint, window, thresholds, deployments: profiles, comparisons })
}

#[test]
fn the_table_of_a_healthy_day() {
    let expected = "\
endpoint  fraud
window    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
rows      green fraud:1: 4500, baseline 10000, ok

column  green fraud:1  missing  threshold  verdict
amount        0.0000     0.00%        0.2  ok
age           0.0000    10.00%        0.2  ok

not compared in green fraud:1, Date32: day
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

column  blue fraud:2  green fraud:1  red fraud:1  missing  threshold  verdict
amount       3.4475!        0.0000       0.0000?    0.00%        0.2  drift
age          0.0000         0.0000       0.0105?   10.00%        0.2  insufficient data

! drift  ? too few rows to tell
not compared in blue fraud:2, Date32: day
not compared in green fraud:1, Date32: day
not compared in red fraud:1, Date32: day
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
fn a_column_that_row_files_lack_is_named() {
    let mut profile = judged("green", "1", 500, 0.0);
    let counted = profile.profile.as_mut().unwrap();
    *counted = Profile::new(counted.baseline());
    counted.fold(&batch(500, 0.0).project(&[0]).unwrap()).unwrap();
    let text = report(&[profile]).table();
    assert!(text.contains("not logged by green fraud:1: age\n"), "{text}");
    assert!(text.ends_with("verdict: insufficient data\n"), "{text}");
}

#[test]
fn copies_of_requests_do_not_judge_the_whole() {
    let ok = judged("green", "1", 4500, 0.0);
    let copy = DeploymentProfile { is_mirrored: true, ..judged("blue", "2", 500, 60.0) };
    let report = report(&[ok, copy]);
    assert_eq!(
        (report.verdict(), report.deployments[1].verdict),
        (Verdict::Ok, Some(Verdict::Drift))
    );
    assert!(report.table().contains("blue fraud:2 (mirrored): 500"), "{}", report.table());
}

#[test]
fn what_is_held_against_something_else_has_a_line() {
    let (green, blue) = (judged("green", "1", 4500, 0.0), judged("blue", "2", 500, 60.0));
    let comparison = Comparison {
        kind: "deployment",
        names: ("green fraud:1", "blue fraud:2"),
        reference: green.profile.as_ref().unwrap(),
        current: blue.profile.as_ref().unwrap(),
    };
    let text = report_with(std::slice::from_ref(&green), vec![comparison]).table();
    let line = "blue fraud:2 against green fraud:1 (deployment): drift (amount)\n";
    assert!(text.contains(line), "{text}");
    // It does not judge the whole.
    assert!(text.ends_with("verdict: ok\n"), "{text}");
}

#[test]
fn the_json_has_every_number() {
    let report = report(&[judged("green", "1", 4500, 60.0), unjudged("green", "2", 3)]);
    let text = report.to_json();
    let back: Report = serde_json::from_str(&text).unwrap();
    assert_eq!((back.to_json(), back), (text.clone(), report));
    let mut json: Value = serde_json::from_str(&text).unwrap();
    let columns = &mut json["deployments"][0]["columns"];
    // Measures and bars are checked for what they must be; all else is golden.
    for (column, drifts) in columns.as_array_mut().unwrap().iter_mut().zip([true, false]) {
        let measures = column["measures"].take();
        assert_eq!(measures["psi"]["value"].as_f64().unwrap() > 0.2, drifts);
        assert!(measures["psi"]["critical"].as_f64().unwrap() < 0.02);
        assert_eq!(measures["ks"]["low"].as_f64().unwrap() > 0.1, drifts);
        assert!(measures["chi_square"].is_null() && measures["l_infinity"].is_null());
        let bars = column["histogram"].take();
        assert_eq!(bars["labels"].as_array().unwrap().len(), 26);
    }
    let quality = |rows: u64, nulls: f64, above: u64, range: [f64; 2]| {
        json!({"rows": rows, "null_rate": nulls, "nan_rate": 0.0, "infinite_rate": 0.0,
               "below": 0, "above": above, "unseen": 0, "min": range[0], "max": range[1]})
    };
    let expected = json!({
        "format": "skeg-drift-report/2",
        "endpoint": "fraud",
        "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
        "verdict": "drift",
        "thresholds": {"psi": 0.2, "ks": 0.1, "confidence": 0.99},
        "deployments": [
            {"deployment": "green", "model": "fraud", "version": "1", "mirrored": false,
             "rows": 4500, "traffic": null, "baseline_rows": 10000, "verdict": "drift",
             "not_compared": [{"name": "day", "why": "Date32"}],
             "columns": [
                {"name": "in.amount", "kind": "number", "verdict": "drift",
                 "drifting": ["psi", "ks"], "measures": null, "histogram": null,
                 "current": quality(4500, 0.0, 2700, [60.0, 60.0 + 100.0 * 4499.0 / 4500.0]),
                 "reference": quality(10_000, 0.0, 0, [0.0, 99.99])},
                {"name": "in.age", "kind": "number", "verdict": "ok", "drifting": [],
                 "measures": null, "histogram": null,
                 "current": quality(4500, 0.1, 0, [0.0, 99.0]),
                 "reference": quality(10_000, 0.1, 0, [0.0, 99.0])},
             ]},
            {"deployment": "green", "model": "fraud", "version": "2", "mirrored": false,
             "rows": 3, "traffic": null, "baseline_rows": null, "verdict": null,
             "not_compared": [], "columns": []},
        ],
        "comparisons": [],
    });
    assert_eq!(json, expected, "{json:#}");
}

#[test]
fn two_deployments_fit_a_hundred_columns() {
    let text = report(&[judged("green", "1", 4500, 0.0), judged("blue", "2", 500, 0.0)]).table();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
}
