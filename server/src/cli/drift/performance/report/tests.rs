//! What people and machines read of the same rows.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use collector::column;
use drift::Window;
use serde_json::{Value, json};

use super::Report;
use super::text::number;
use crate::cli::drift::performance::reference::Reference;
use crate::cli::drift::performance::seat::Seats;
use crate::cli::drift::performance::task::Task;

/// 2026-11-27T05:00:00Z.
const START: i64 = 1_795_755_600_000_000;

/// A row a second whose label is the second of each pair, its score or prediction the first.
fn report(task: &Task, judged: ArrayRef, labels: &[Option<f64>], of: Option<&Reference>) -> Report {
    let rows = labels.len();
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value; rows])) };
    let times: Vec<i64> = (0..rows as i64).map(|row| START + row * 1_000_000).collect();
    let texts: Vec<Option<String>> = labels.iter().map(|of| of.map(|of| of.to_string())).collect();
    let columns: [(&str, ArrayRef); 9] = [
        (column::EVENT_TIME, Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))),
        (column::REQUEST_ID, text("a")),
        (column::ROW_INDEX, Arc::new(UInt32Array::from_iter_values(0..rows as u32))),
        (column::DEPLOYMENT_NAME, text("green")),
        (column::MODEL_NAME, text("fraud")),
        (column::MODEL_VERSION, text("1")),
        ("out.y", judged),
        ("label", Arc::new(StringArray::from(texts))),
        ("label_value", Arc::new(Float64Array::from(labels.to_vec()))),
    ];
    let columns = columns.map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut seats = Seats::new(of.map(Reference::cbpe));
    if rows > 0 {
        seats.fold(&batch, task).unwrap();
    }
    let window = Window::new(START, START + 3_600_000_000).unwrap();
    Report::new("fraud", window, task, of, seats)
}

fn binary() -> Task {
    Task::Binary { scores: vec!["out.y".to_owned()], threshold: 0.5, positive: None }
}

/// 1,000 rows that are right, then 200 that are not.
fn broken(of: Option<&Reference>) -> Report {
    let scores: ArrayRef = Arc::new(Float64Array::from_iter_values(
        (0..1200).map(|row| if row % 2 == 0 { 0.25 } else { 0.75 }),
    ));
    let label = |row| f64::from(u8::from((row % 2 == 1) != (row >= 1000)));
    let labels: Vec<Option<f64>> = (0..1200).map(|row| Some(label(row))).collect();
    report(&binary(), scores, &labels, of)
}

#[test]
fn machines_read_numbers_nulls_and_times() {
    let json: Value = serde_json::from_str(&broken(None).to_json()).unwrap();
    assert_eq!(json["format"], "skeg-performance/1");
    let hour = json!({"start": "2026-11-27T05:00:00Z", "end": "2026-11-27T06:00:00Z"});
    assert_eq!(json["window"], hour);
    assert_eq!((&json["threshold"], &json["reference"]), (&json!(0.5), &Value::Null));
    let seat = &json["deployments"][0];
    let name = ["deployment", "model", "version"].map(|key| seat[key].as_str().unwrap());
    assert_eq!(name, ["green", "fraud", "1"]);
    let metrics = &seat["metrics"];
    assert_eq!(metrics["accuracy"], 1000.0 / 1200.0);
    assert_eq!(metrics["brier"], (1000.0 * 0.0625 + 200.0 * 0.5625) / 1200.0);
    assert_eq!(metrics["confusion"]["false_positive"], 100);
    assert_eq!(metrics["calibration"].as_array().unwrap().len(), 10);
    assert_eq!(metrics["calibration"][0]["mean_score"], Value::Null);
    let changes = &seat["concept_drift"];
    let first = changes["ddm"]["drift"][0].as_str().unwrap();
    // The thousandth second.
    assert!(("2026-11-27T05:16:40Z".."2026-11-27T05:20:00Z").contains(&first), "{first}");
    assert_eq!(seat["estimates"], Value::Null);
}

#[test]
fn people_read_estimates_beside_what_came_true() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reference.csv");
    let rows = "0.25,0\n0.25,0\n0.25,0\n0.25,1\n0.75,1\n0.75,1\n0.75,1\n0.75,0\n".repeat(50);
    std::fs::write(&file, format!("y,label\n{rows}")).unwrap();
    let reference = Reference::read(&file, "label", &binary()).unwrap();
    let text = broken(Some(&reference)).to_text();
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
    let words: Vec<&str> = line("accuracy").split_whitespace().collect();
    // 0.75 and 3 standard deviations of it over 1,200 rows.
    assert_eq!(words, ["accuracy", "0.8333", "0.7500", "0.7125", "to", "0.7875"]);
    assert!(line("reference").contains("400 rows of y and label"), "{text}");
    assert!(line("green").ends_with("fraud:1: 1200 rows, 1200 with a label"), "{text}");
    assert!(line("  ADWIN").contains("2026-11-27T05:1"), "{text}");
    assert!(line("  Page-Hinkley").ends_with(['Z', 'e']), "{text}");
    assert!(line("log loss").split_whitespace().count() == 3, "nobody estimates it: {text}");
}

#[test]
fn nothing_is_said_as_nothing() {
    let none: ArrayRef = Arc::new(Float64Array::from(Vec::<f64>::new()));
    assert!(report(&binary(), none, &[], None).to_text().ends_with("none in this window"));
    let one: ArrayRef = Arc::new(Float64Array::from(vec![0.3]));
    let unlabelled = report(&binary(), one, &[None], None);
    let text = unlabelled.to_text();
    assert!(text.ends_with("no row of this window has a label"), "{text}");
    assert!(text.contains("concept drift: no error to tell it by"), "{text}");
    let unsaid: ArrayRef = Arc::new(Float64Array::from(vec![None]));
    let text = report(&binary(), unsaid, &[Some(1.0)], None).to_text();
    assert!(text.ends_with("that cannot be used\nnone has a value in out.y"), "{text}");
    let json: Value = serde_json::from_str(&unlabelled.to_json()).unwrap();
    let metrics = &json["deployments"][0]["metrics"];
    assert_eq!((&metrics["rows"], &metrics["accuracy"]), (&json!(0), &Value::Null));
    assert_eq!(json["deployments"][0]["concept_drift"]["adwin"], json!([]));
}

#[test]
fn each_task_has_metrics_of_its_own() {
    let labels = [Some(1.0), Some(2.0), Some(2.0)];
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0]));
    let task = Task::Regression { scores: vec!["out.y".to_owned()] };
    let regression = report(&task, Arc::clone(&numbers), &labels, None);
    let json: Value = serde_json::from_str(&regression.to_json()).unwrap();
    let seat = &json["deployments"][0];
    assert_eq!(seat["metrics"]["mae"], 2.0 / 3.0);
    assert_eq!((&seat["concept_drift"]["ddm"], &json["threshold"]), (&Value::Null, &Value::Null));
    assert!(!regression.to_text().contains("DDM"));

    let task = Task::Classes { predictions: vec!["out.y".to_owned()] };
    let classes = report(&task, numbers, &labels, None);
    let json: Value = serde_json::from_str(&classes.to_json()).unwrap();
    let metrics = &json["deployments"][0]["metrics"];
    assert_eq!(metrics["accuracy"], 2.0 / 3.0);
    assert_eq!(metrics["confusion"], json!([[1, 0, 0], [0, 1, 1], [0, 0, 0]]));
    let text = classes.to_text();
    assert!(text.contains("LABEL \\ PREDICTION  1  2  4\n1                   1  0  0"), "{text}");
}

#[test]
fn small_and_large_numbers_keep_their_digits() {
    let shown =
        [None, Some(0.0), Some(0.12345), Some(1e-7), Some(-2.5e12), Some(-3.25)].map(number);
    assert_eq!(shown, ["-", "0.0000", "0.1235", "1.000e-7", "-2.500e12", "-3.2500"]);
}
