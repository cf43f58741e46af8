//! Which label of a row holds, and which row gets it.

use arrow_array::{Float64Array, StringArray, TimestampMicrosecondArray, UInt32Array};
use arrow_schema::Schema;

use super::*;

/// Request id, row index, label, value, label time, time of receipt.
type Line<'a> = (&'a str, u32, &'a str, Option<f64>, i64, i64);

fn empty() -> Truths {
    Truths { limits: LIMITS, bytes: 0, rows: HashMap::new() }
}

fn times(times: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
}

fn batch(lines: &[Line<'_>]) -> RecordBatch {
    let texts = |of: fn(&Line<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(lines.iter().map(of)))
    };
    let values: Float64Array = lines.iter().map(|line| line.3).collect();
    let columns: [(&str, ArrayRef); 6] = [
        (column::REQUEST_ID, texts(|line| line.0.to_owned())),
        (column::ROW_INDEX, Arc::new(UInt32Array::from_iter_values(lines.iter().map(|l| l.1)))),
        (name::LABEL, texts(|line| line.2.to_owned())),
        (name::VALUE, Arc::new(values)),
        (name::TIME, times(lines.iter().map(|line| line.4))),
        (column::RECEIVED_AT, times(lines.iter().map(|line| line.5))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn found(truths: &Truths, rows: &[(&str, u32)]) -> (Vec<Option<String>>, u64) {
    let lines: Vec<Line<'_>> = rows.iter().map(|row| (row.0, row.1, "", None, 0, 0)).collect();
    let ([labels, ..], labelled) = truths.of(&batch(&lines)).unwrap();
    let labels = labels.as_string::<i32>().iter().map(|label| label.map(str::to_owned));
    (labels.collect(), labelled)
}

#[test]
fn the_latest_time_holds_then_the_last_received_then_the_last() {
    let lines = [
        ("a", 0, "old", None, 10, 99),
        ("a", 0, "new", None, 20, 1),
        ("b", 0, "received last", None, 10, 3),
        ("b", 0, "received first", None, 10, 2),
        ("c", 0, "first line", None, 10, 2),
        ("c", 0, "last line", None, 10, 2),
    ];
    let mut turned = lines;
    turned[..4].reverse();
    for lines in [lines, turned] {
        let mut truths = empty();
        truths.add(&batch(&lines)).unwrap();
        let expected = ["new", "received last", "last line"].map(|text| Some(text.to_owned()));
        let (labels, labelled) = found(&truths, &[("a", 0), ("b", 0), ("c", 0)]);
        assert_eq!((labels, labelled), (expected.to_vec(), 3));
        let bytes = |id: usize| id + 4;
        assert_eq!(truths.bytes, 3 * bytes(1) + "newreceived lastlast line".len());
    }
}

#[test]
fn only_the_row_itself_gets_its_label() {
    let mut truths = empty();
    truths.add(&batch(&[("a", 1, "0.5", Some(0.5), 7, 8), ("b", 0, "cat", None, 9, 9)])).unwrap();
    let rows = [("a", 0), ("a", 1), ("b", 0), ("c", 0), ("", 1)];
    let lines = rows.map(|(id, index)| (id, index, "", None, 0, 0));
    let (columns, labelled) = truths.of(&batch(&lines)).unwrap();
    let schema = Schema::new(fields().to_vec());
    let joined = RecordBatch::try_new(Arc::new(schema), columns.to_vec()).unwrap();
    let texts = [None, Some("0.5"), Some("cat"), None, None];
    assert_eq!(joined.column(0).as_string::<i32>(), &StringArray::from(texts.to_vec()));
    let values = Float64Array::from(vec![None, Some(0.5), None, None, None]);
    assert_eq!(joined.column(1).as_primitive::<Float64Type>(), &values);
    let times = [None, Some(7), Some(9), None, None];
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    assert_eq!(joined.column(2).as_primitive::<TimestampMicrosecondType>(), &times);
    assert_eq!(labelled, 2);
}

#[test]
fn files_that_are_none_of_labels_are_refused() {
    let good = batch(&[("a", 0, "x", None, 1, 1)]);
    for name in [column::REQUEST_ID, column::ROW_INDEX, name::LABEL, name::VALUE, name::TIME] {
        let strange: ArrayRef = Arc::new(StringArray::new_null(1));
        let columns =
            good.schema_ref().fields().iter().zip(good.columns()).map(|(field, column)| {
                let column = if field.name() == name { &strange } else { column };
                (field.name().clone(), Arc::clone(column))
            });
        let columns: Vec<_> = columns.collect();
        let why = empty().add(&RecordBatch::try_from_iter(columns).unwrap()).unwrap_err();
        assert!(why.contains(name), "{why}");
    }
    let long = "x".repeat(MAX_TEXT + 1);
    assert!(empty().add(&batch(&[("a", 0, &long, None, 1, 1)])).is_err());
    assert!(empty().add(&batch(&[(&long, 0, "x", None, 1, 1)])).is_err());
}
