//! Row-major in, columns out, over entries of different sizes.

use arrow_array::cast::AsArray;

use super::*;
use crate::row::{Record, Route, TraceContext, Values};
use crate::schema::tests::{block, source};
use crate::spool::entry::{size, write};

/// A request's rows as they are in the spool.
pub(crate) fn bytes(record: &Record<'_>) -> Vec<u8> {
    let all = 0..record.rows;
    let mut bytes = vec![0; size(record, &all, None).unwrap()];
    write(0, record, &all, None, &mut bytes);
    bytes
}

pub(crate) fn rows(bytes: &[u8]) -> Rows<'_> {
    Rows { entry: Entry::read(bytes).unwrap(), place: 0, sampled_weight: 1.0 }
}

pub(crate) fn record<'a>(id: &'a str, rows: usize, values: &'a [Values<'a>]) -> Record<'a> {
    Record {
        request_id: id,
        correlation_id: None,
        trace: None,
        time_us: 5,
        latency_us: 6,
        revision: 7,
        route: Route::default(),
        rows,
        values,
    }
}

#[test]
fn transposed_over_entries() {
    let blocks = vec![
        block(Kind::I16, &["in.a", "in.b", "in.c"]),
        block(Kind::Bool, &["in.d", "in.e"]),
        block(Kind::Text, &["out.f"]),
    ];
    let schema = RowSchema::new(source(), blocks).unwrap();
    let texts = [["p"].map(str::to_owned).to_vec(), ["q", "r"].map(str::to_owned).to_vec()];
    let one = [Values::I16(&[1, 2, 3]), Values::Bool(&[true, false]), Values::Text(&texts[0])];
    let two = [
        Values::I16(&[4, 5, 6, 7, 8, 9]),
        Values::Bool(&[false, false, true, true]),
        Values::Text(&texts[1]),
    ];
    let trace = Some(TraceContext { trace_id: 0xabc, span_id: 1 });
    let first = bytes(&Record { trace, correlation_id: Some("c"), ..record("x", 1, &one) });
    let second = bytes(&record("y", 2, &two));
    let batch = columns(&schema, &[rows(&first), rows(&second)], 9).unwrap();
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let numbers = |name| column(name).as_primitive::<Int16Type>().values().to_vec();
    assert_eq!(numbers("in.a"), [1, 4, 7]);
    assert_eq!(numbers("in.b"), [2, 5, 8]);
    assert_eq!(numbers("in.c"), [3, 6, 9]);
    let truths = |name| column(name).as_boolean().iter().map(Option::unwrap).collect::<Vec<_>>();
    assert_eq!(truths("in.d"), [true, false, true]);
    assert_eq!(truths("in.e"), [false, false, true]);
    let texts =
        |name| column(name).as_string::<i32>().iter().map(Option::unwrap).collect::<Vec<_>>();
    assert_eq!(texts("out.f"), ["p", "q", "r"]);
    assert_eq!(texts("request_id"), ["x", "y", "y"]);
    assert_eq!(texts("deployment_name"), ["blue"; 3]);
    let traces: Vec<_> = column("trace_id").as_string::<i32>().iter().collect();
    assert_eq!(traces, [Some("00000000000000000000000000000abc"), None, None]);
    let indexes = column("row_index").as_primitive::<UInt32Type>().values().to_vec();
    assert_eq!(indexes, [0, 0, 1]);
}

#[test]
fn no_entries_no_rows() {
    let schema = RowSchema::new(source(), vec![block(Kind::F32, &["in.a"])]).unwrap();
    assert_eq!(columns(&schema, &[], 0).unwrap().num_rows(), 0);
}

#[test]
fn a_misfit_is_an_error() {
    let schema = RowSchema::new(source(), vec![block(Kind::F32, &["in.a", "in.b"])]).unwrap();
    let misfits: [&[Values<'_>]; 3] = [&[Values::F32(&[1.0])], &[Values::F64(&[1.0, 2.0])], &[]];
    for misfit in misfits {
        let bytes = bytes(&record("x", 1, misfit));
        let refused = columns(&schema, &[rows(&bytes)], 0);
        assert!(matches!(refused, Err(Error::Shape(of)) if of == "fraud/blue/cards:2"));
    }
}

#[test]
fn names_of_rows_are_uuids_of_version_7_that_differ() {
    let millis = 1_700_000_000_123;
    let places = [0, 1, 1 << 61, 1 << 62, 1 << 63, (1 << 74) - 1];
    let ids = places.map(|place| event_id(millis * 1000 + 999, place).to_string());
    for id in &ids {
        let uuid = Uuid::try_parse(id).unwrap();
        let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, millis as u64);
    }
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), places.len());
}
