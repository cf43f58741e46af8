//! Rows of two seats in one batch, labelled and not, of each task.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array,
};
use collector::column;
use drift::performance::{BinaryTally, Cbpe};

use super::{Seat, Seats};
use crate::cli::drift::performance::task::{Tally, Task};

/// Rows of the deployments `blue`, `blue`, `green`, `green`, `blue`; the third has no label.
fn batch(judged: ArrayRef, labels: [&str; 5], values: [Option<f64>; 5]) -> RecordBatch {
    let text = |values: [&str; 5]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let mut labels: Vec<Option<&str>> = labels.into_iter().map(Some).collect();
    labels[2] = None;
    let times = TimestampMicrosecondArray::from(vec![5, 4, 3, 2, 1]).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 9] = [
        (column::EVENT_TIME, Arc::new(times)),
        (column::REQUEST_ID, text(["a", "b", "c", "d", "e"])),
        (column::ROW_INDEX, Arc::new(UInt32Array::from(vec![0; 5]))),
        (column::DEPLOYMENT_NAME, text(["blue", "blue", "green", "green", "blue"])),
        (column::MODEL_NAME, text(["fraud"; 5])),
        (column::MODEL_VERSION, text(["1"; 5])),
        ("out.y", judged),
        ("label", Arc::new(StringArray::from(labels))),
        ("label_value", Arc::new(Float64Array::from(values.to_vec()))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .unwrap()
}

fn fold(batch: &RecordBatch, task: &Task, cbpe: Option<&Arc<Cbpe>>) -> Vec<(String, Seat)> {
    let mut seats = Seats::new(cbpe);
    seats.fold(batch, task).unwrap();
    seats.into_seats().map(|((deployment, ..), seat)| (deployment, seat)).collect()
}

fn binary(positive: Option<&str>) -> Task {
    let positive = positive.map(str::to_owned);
    Task::Binary { scores: vec!["out.y".to_owned()], threshold: 0.5, positive }
}

fn scores() -> ArrayRef {
    Arc::new(Float64Array::from(vec![Some(0.9), Some(0.2), Some(0.9), Some(0.1), None]))
}

#[test]
fn labels_are_counted_where_they_are_and_scores_everywhere() {
    let mut reference = BinaryTally::new(0.5).unwrap();
    reference.add(0.1, 0.0);
    reference.add(0.9, 1.0);
    let cbpe = Arc::new(Cbpe::fit(&reference).unwrap());
    let values = [Some(1.0), Some(1.0), None, Some(0.0), Some(1.0)];
    let batch = batch(scores(), ["1", "1", "", "0", "1"], values);
    let seats = fold(&batch, &binary(None), Some(&cbpe));
    let [(blue, b), (green, g)] = &seats[..] else { panic!("{seats:?}") };
    assert_eq!((blue.as_str(), b.rows, b.labelled), ("blue", 3, 3));
    assert_eq!((green.as_str(), g.rows, g.labelled), ("green", 2, 1));
    assert_eq!((b.said, g.said), (2, 2));
    let (Tally::Binary(b_tally), Tally::Binary(g_tally)) = (&b.tally, &g.tally) else { panic!() };
    let metrics = b_tally.metrics();
    // The score that is missing cannot be used.
    assert_eq!((metrics.rows, metrics.unusable, metrics.rates.recall), (2, 1, Some(0.5)));
    assert_eq!(g_tally.metrics().rates.accuracy, Some(1.0));
    assert_eq!(b.errors.clone().changes(true).errors, 2);
    let estimates = g.cbpe.as_ref().unwrap().estimates();
    assert_eq!((estimates.rows, estimates.unusable), (2, 0), "without a label, too");
    assert_eq!(b.cbpe.as_ref().unwrap().estimates().unusable, 1);
}

#[test]
fn a_positive_class_may_be_a_word() {
    let batch = batch(scores(), ["fraud", "fine", "", "fraud", "fine"], [None; 5]);
    let seats = fold(&batch, &binary(Some("fraud")), None);
    let Tally::Binary(tally) = &seats[0].1.tally else { panic!() };
    assert_eq!((tally.metrics().rows, tally.metrics().rates.accuracy), (2, Some(1.0)));
    let seats = fold(&batch, &binary(None), None);
    let Tally::Binary(tally) = &seats[0].1.tally else { panic!() };
    assert_eq!((tally.metrics().rows, tally.metrics().unusable), (0, 3), "words are no numbers");
}

#[test]
fn classes_that_are_numbers_are_compared_as_numbers() {
    let task = Task::Classes { predictions: vec!["out.y".to_owned()] };
    let values = [Some(1.0), Some(2.0), None, Some(3.0), None];
    let labels = ["1.0", "2", "", "3e0", "x"];
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![1, 7, 1, 3, 1]));
    let seats = fold(&batch(whole, labels, values), &task, None);
    let Tally::Classes(tally, 0) = &seats[0].1.tally else { panic!() };
    let names: Vec<String> = tally.metrics().classes.into_iter().map(|of| of.name).collect();
    assert_eq!(names, ["1", "2", "7", "x"]);
    assert_eq!(tally.metrics().accuracy, Some(1.0 / 3.0));
    let Tally::Classes(tally, 0) = &seats[1].1.tally else { panic!() };
    assert_eq!(tally.metrics().accuracy, Some(1.0));

    let long = "x".repeat(257);
    let texts = vec![Some("1.0"), Some(long.as_str()), None, None, Some("x")];
    let texts: ArrayRef = Arc::new(StringArray::from(texts));
    let seats = fold(&batch(texts, labels, values), &task, None);
    let Tally::Classes(tally, 1) = &seats[0].1.tally else { panic!("a name too long") };
    assert_eq!(tally.metrics().accuracy, Some(1.0));
    assert!(matches!(&seats[1].1.tally, Tally::Classes(_, 1)), "a prediction that is missing");
}

#[test]
fn numbers_are_held_against_the_labels_value() {
    let task = Task::Regression { scores: vec!["out.y".to_owned()] };
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![3.0, 5.0, 0.0, 1.0, 2.0]));
    let values = [Some(2.0), Some(8.0), None, None, None];
    let seats = fold(&batch(numbers, ["2", "8", "", "x", "y"], values), &task, None);
    let Tally::Regression(tally) = &seats[0].1.tally else { panic!() };
    let metrics = tally.metrics();
    assert_eq!((metrics.rows, metrics.unusable, metrics.mae), (2, 1, Some(2.0)));
    assert_eq!(seats[0].1.errors.clone().changes(false).errors, 2);
}

#[test]
fn a_column_that_does_not_fit_is_named() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"; 5]));
    let batch = batch(texts, ["1"; 5], [Some(1.0); 5]);
    let why = Seats::new(None).fold(&batch, &binary(None)).unwrap_err();
    assert!(why.contains("`out.y`") && why.contains("Utf8"), "{why}");
    let why = Seats::new(None).fold(&batch.project(&[0, 1, 2]).unwrap(), &binary(None));
    assert!(why.unwrap_err().contains("`out.y`"));
}
