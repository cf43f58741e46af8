//! Each form gives the same labels; whatever is none is refused whole, with its place.

use collector::Label;

use super::{About, Form, MAX_LABELS, MAX_TEXT, read};
use crate::error::Error;

const NOW_US: i64 = 1_795_755_600_000_000;
const TIME: &str = "2026-11-27T05:00:00Z";

fn json(body: &str) -> Result<Vec<Label>, Error> {
    read(Form::Json, body.as_bytes(), About { received_us: NOW_US + 7, depth: 10 })
}

fn csv(body: &str) -> Result<Vec<Label>, Error> {
    read(Form::Csv, body.as_bytes(), About { received_us: NOW_US + 7, depth: 10 })
}

fn label(request_id: &str, row_index: u32, label: &str, value: Option<f64>) -> Label {
    let (request_id, label) = (request_id.to_owned(), label.to_owned());
    Label { request_id, row_index, label, value, time_us: NOW_US + 7 }
}

/// What both say of a body, the status and the text.
fn refused(read: Result<Vec<Label>, Error>) -> (u16, String) {
    let error = read.expect_err("no labels");
    (error.status(), error.to_string())
}

#[test]
fn one_object_is_one_label() {
    let whole = format!(r#"{{"request_id":"a","row_index":3,"label":1,"time":"{TIME}"}}"#);
    let expected = Label { time_us: NOW_US, ..label("a", 3, "1", Some(1.0)) };
    assert_eq!(json(&whole).unwrap(), [expected]);
    let least = r#" {"label" : "cat", "request_id": "a"} "#;
    assert_eq!(json(least).unwrap(), [label("a", 0, "cat", None)]);
    let null = r#"{"request_id":"a","row_index":null,"label":"x","time":null}"#;
    assert_eq!(json(null).unwrap(), [label("a", 0, "x", None)]);
}

#[test]
fn lists_keep_their_order() {
    let list = r#"[{"request_id":"a","label":0},{"request_id":"b","row_index":1,"label":2.50}]"#;
    let expected = [label("a", 0, "0", Some(0.0)), label("b", 1, "2.50", Some(2.5))];
    assert_eq!(json(list).unwrap(), expected);
    assert_eq!(json(&format!(r#"{{"labels":{list}}}"#)).unwrap(), expected);
    assert!(json("[]").unwrap().is_empty() && json(r#"{"labels":[]}"#).unwrap().is_empty());
}

#[test]
fn a_label_has_its_text_and_its_number() {
    for (written, text, value) in [
        ("true", "true", Some(1.0)),
        ("false", "false", Some(0.0)),
        ("-1.5e3", "-1.5e3", Some(-1500.0)),
        ("9007199254740993", "9007199254740993", Some(9_007_199_254_740_992.0)),
        (r#""1""#, "1", Some(1.0)),
        (r#""True""#, "True", Some(1.0)),
        // A text that says so, not a number that is lost.
        (r#""nan""#, "nan", None),
        (r#""1e999""#, "1e999", None),
        (r#""caf\u00e9 \"x\"""#, "café \"x\"", None),
    ] {
        let read = json(&format!(r#"{{"request_id":"a","label":{written}}}"#)).unwrap();
        assert_eq!(read, [label("a", 0, text, value)], "{written}");
    }
}

#[test]
fn csv_names_its_columns() {
    let body = format!(
        "\u{feff}label,time,request_id,row_index\r\n1,{TIME},a,2\r\n\"x, y\",,b,\r\nTrue,,c,0\r\n"
    );
    let first = Label { time_us: NOW_US, ..label("a", 2, "1", Some(1.0)) };
    let expected = [first, label("b", 0, "x, y", None), label("c", 0, "True", Some(1.0))];
    assert_eq!(csv(&body).unwrap(), expected);
    assert_eq!(csv("request_id, label\na, 1").unwrap(), [label("a", 0, "1", Some(1.0))]);
    assert!(csv("request_id,label\n").unwrap().is_empty());
}

#[test]
fn times_are_instants() {
    for time in [TIME, "2026-11-27T06:00:00+01:00", "2026-11-27 05:00:00.000000+00:00"] {
        let read = csv(&format!("request_id,label,time\na,1,{time}\n")).unwrap();
        assert_eq!(read[0].time_us, NOW_US, "{time}");
    }
    for time in ["2026-11-27T05:00:00", "2026-11-27", "1795755600", "1969-12-31T23:59:59Z", "x"] {
        let (status, text) = refused(csv(&format!("request_id,label,time\na,1,{time}\n")));
        assert_eq!(status, 400);
        assert!(text.starts_with("line 2, column time: is no time"), "{time}: {text}");
    }
}

#[test]
fn json_says_where_it_is_wrong() {
    let long = "x".repeat(257);
    let text = "x".repeat(MAX_TEXT + 1);
    for (second, said) in [
        (r#"{"label":1}"#.to_owned(), "labels[1]: has no request_id"),
        (r#"{"request_id":"a"}"#.to_owned(), "labels[1]: has no label"),
        ("7".to_owned(), "labels[1]: is no object"),
        (r#"{"request_id":1,"label":1}"#.to_owned(), "labels[1].request_id: is no string"),
        (r#"{"request_id":"","label":1}"#.to_owned(), "labels[1].request_id: is not 1 to 256"),
        (format!(r#"{{"request_id":"{long}"}}"#), "labels[1].request_id: is not 1 to 256"),
        (r#"{"row_index":-1}"#.to_owned(), "labels[1].row_index: is no whole number"),
        (r#"{"row_index":1.0}"#.to_owned(), "labels[1].row_index: is no whole number"),
        (r#"{"row_index":4294967296}"#.to_owned(), "labels[1].row_index: is no whole number"),
        (r#"{"row_index":"0"}"#.to_owned(), "labels[1].row_index: is no number"),
        (r#"{"label":null}"#.to_owned(), "labels[1].label: is no number, boolean or string"),
        (r#"{"label":[1]}"#.to_owned(), "labels[1].label: is no number, boolean or string"),
        (r#"{"label":""}"#.to_owned(), "labels[1].label: is not 1 to 1024"),
        (format!(r#"{{"label":"{text}"}}"#), "labels[1].label: is not 1 to 1024"),
        (format!(r#"{{"label":{}}}"#, "1".repeat(1025)), "labels[1].label: is not 1 to 1024"),
        (r#"{"label":NaN}"#.to_owned(), "labels[1].label: is no finite number"),
        (r#"{"label":-Infinity}"#.to_owned(), "labels[1].label: is no finite number"),
        (r#"{"label":1e999}"#.to_owned(), "labels[1].label: is no finite number"),
        (r#"{"time":1}"#.to_owned(), "labels[1].time: is no string"),
        (r#"{"time":"today"}"#.to_owned(), "labels[1].time: is no time"),
        (r#"{"label":1,"label":1}"#.to_owned(), "labels[1].label: is there twice"),
        (r#"{"time":null,"time":null}"#.to_owned(), "labels[1].time: is there twice"),
        (r#"{"Label":1}"#.to_owned(), "labels[1]: has an unknown key \"Label\""),
        (r#"{"labels":[]}"#.to_owned(), "labels[1]: has an unknown key \"labels\""),
    ] {
        let first = r#"{"request_id":"a","label":1}"#;
        let (status, text) = refused(json(&format!(r#"{{"labels":[{first},{second}]}}"#)));
        assert_eq!(status, 400, "{second}");
        assert!(text.starts_with(said), "{second}: {text}");
    }
}

#[test]
fn what_is_no_body_of_labels_is_refused() {
    let one = r#"{"request_id":"a","label":1}"#;
    for (body, said) in [
        ("", "expected an object at byte 0"),
        ("7", "expected an object at byte 0"),
        ("{}", "the label has no label"),
        (r#"{"label":1}"#, "the label has no request_id"),
        (r#"{"row_index":true,"label":1}"#, "row_index: is no number"),
        (r#"{"other":1}"#, "the label has an unknown key \"other\""),
        (r#"{"labels":7}"#, "expected an array at byte 10"),
        (r#"{"labels":[],"labels":[]}"#, "key \"labels\" stands beside labels"),
        (r#"{"labels":[],"label":1}"#, "key \"label\" stands beside labels"),
        (r#"{"label":1,"labels":[]}"#, "key \"labels\" stands beside the keys of one label"),
        (r#"{"label":"#, "expected a value at byte 9"),
        (r#"{"request_id":"#, "expected a value at byte 14"),
        (r#"{"label":[[[[[[[[[[[[1]]]]]]]]]]]]}"#, "nested too deeply at byte 19"),
        (&format!("{one}{one}"), "text after the end of the document at byte 28"),
        (&format!("[{one}"), "expected ',' or ']' in an array at byte 29"),
    ] {
        assert_eq!(refused(json(body)), (400, said.to_owned()), "{body}");
    }
}

#[test]
fn csv_says_where_it_is_wrong() {
    for (body, said) in [
        ("", "line 1 has no column request_id"),
        ("label\n1\n", "line 1 has no column request_id"),
        ("request_id\na\n", "line 1 has no column label"),
        ("request_id,label,label\n", "line 1 has column label twice"),
        ("request_id,label,id\n", "line 1 has an unknown column \"id\""),
        ("request_id,label\na,1\n\n,1\n", "line 4, column request_id: is not 1 to 256"),
        ("request_id,label\r\na,1\r\nb,\r\n", "line 3, column label: is not 1 to 1024"),
        ("request_id,label\n\"a\nb\",1\nb,nan\n", "line 4, column label: is no finite number"),
        ("request_id,label\na,-inf\n", "line 2, column label: is no finite number"),
        ("request_id,label\na,1e999\n", "line 2, column label: is no finite number"),
        ("request_id,label,row_index\na,1,x\n", "line 2, column row_index: is no whole number"),
        ("request_id,label\r\na,1\r\na,1,2\r\n", "line 3 has 3 cells, the header 2"),
    ] {
        let (status, text) = refused(csv(body));
        assert_eq!(status, 400, "{body}");
        assert!(text.starts_with(said), "{body}: {text}");
    }
    let latin = read(Form::Csv, b"request_id,label\na,\xe9\n", About { received_us: 0, depth: 1 });
    assert_eq!(refused(latin), (400, "line 2 is not UTF-8".to_owned()));
}

#[test]
fn more_than_the_most_are_too_many() {
    let list = |count: usize| {
        let one = r#"{"request_id":"a","label":1}"#;
        format!("[{}]", vec![one; count].join(","))
    };
    let lines = |count: usize| format!("request_id,label\n{}", "a,1\n".repeat(count));
    assert_eq!(json(&list(MAX_LABELS)).unwrap().len(), MAX_LABELS);
    assert_eq!(csv(&lines(MAX_LABELS)).unwrap().len(), MAX_LABELS);
    let said = "100002 labels in one request: at most 100000 are taken";
    assert_eq!(refused(json(&list(MAX_LABELS + 2))), (413, said.to_owned()));
    assert_eq!(refused(csv(&lines(MAX_LABELS + 2))), (413, said.to_owned()));
}
