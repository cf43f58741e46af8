//! Row-major in, columns out, over records of different sizes.

use arrow_array::cast::AsArray;

use super::*;
use crate::schema::tests::{block, source};

fn record(id: &str, rows: usize, values: Vec<Values>) -> Record {
    Record { request_id: id.to_owned(), time_us: 5, latency_us: 6, revision: 7, rows, values }
}

#[test]
fn transposed_over_records() {
    let blocks = vec![
        block(Kind::I16, &["in.a", "in.b", "in.c"]),
        block(Kind::Bool, &["in.d", "in.e"]),
        block(Kind::Text, &["out.f"]),
    ];
    let schema = RowSchema::new(source(), blocks).unwrap();
    let texts = |texts: &[&str]| Values::Text(texts.iter().map(|t| (*t).to_owned()).collect());
    let records = [
        record(
            "x",
            1,
            vec![Values::I16(vec![1, 2, 3]), Values::Bool(vec![true, false]), texts(&["p"])],
        ),
        record(
            "y",
            2,
            vec![
                Values::I16(vec![4, 5, 6, 7, 8, 9]),
                Values::Bool(vec![false, false, true, true]),
                texts(&["q", "r"]),
            ],
        ),
    ];
    let batch = batch(&schema, &records).unwrap();
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
    let indexes = column("row_index").as_primitive::<UInt32Type>().values().to_vec();
    assert_eq!(indexes, [0, 0, 1]);
}

#[test]
fn no_records_no_rows() {
    let schema = RowSchema::new(source(), vec![block(Kind::F32, &["in.a"])]).unwrap();
    assert_eq!(batch(&schema, &[]).unwrap().num_rows(), 0);
}

#[test]
fn a_misfit_is_an_error() {
    let schema = RowSchema::new(source(), vec![block(Kind::F32, &["in.a", "in.b"])]).unwrap();
    let misfits = [
        record("x", 1, vec![Values::F32(vec![1.0])]),
        record("x", 1, vec![Values::F64(vec![1.0, 2.0])]),
        record("x", 1, vec![]),
    ];
    for misfit in misfits {
        let refused = batch(&schema, &[misfit]);
        assert!(matches!(refused, Err(Error::Shape(of)) if of == "fraud/blue/cards:2"));
    }
}
