//! Panes count what profiles count, add up, and come back from their file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use bytes::Bytes;
use collector::{Block, Kind, Values};
use proptest::prelude::*;

use super::{Key, Pane, Plan, Sum, decode, encode};
use crate::baseline::{Baseline, Rows};
use crate::profile::Profile;

/// Rows of two numbers and a text.
type Row = (f32, f32, String);

fn batch(rows: &[Row]) -> RecordBatch {
    let a: ArrayRef = Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.0)));
    let b: ArrayRef = Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.1)));
    let t: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.2)));
    RecordBatch::try_from_iter([("in.a", a), ("out.b", b), ("in.t", t)]).unwrap()
}

fn baseline() -> Arc<Baseline> {
    let rows: Vec<Row> =
        (0u8..200).map(|i| (f32::from(i), f32::from(i % 7), format!("c{}", i % 3))).collect();
    let batches = [batch(&rows)];
    let rows = Rows::of_batches(&batches).unwrap();
    Arc::new(Baseline::build(&rows, None, &mut |_| {}).unwrap())
}

fn block(kind: Kind, columns: &[&str]) -> Block {
    Block { kind, columns: columns.iter().map(|name| (*name).to_owned()).collect() }
}

fn plan(baseline: &Arc<Baseline>) -> Arc<Plan> {
    let blocks = [
        block(Kind::F32, &["in.unknown", "in.a"]),
        block(Kind::Text, &["in.t"]),
        block(Kind::F32, &["out.b"]),
    ];
    Arc::new(Plan::new(Arc::clone(baseline), &blocks, |_| false))
}

fn count(pane: &mut Pane, rows: &[Row]) {
    let a: Vec<f32> = rows.iter().flat_map(|row| [f32::NAN, row.0]).collect();
    let b: Vec<f32> = rows.iter().map(|row| row.1).collect();
    let t: Vec<String> = rows.iter().map(|row| row.2.clone()).collect();
    pane.count(rows.len(), &[Values::F32(&a), Values::Text(&t), Values::F32(&b)]);
}

fn counted(plan: &Arc<Plan>, rows: &[Row]) -> Sum {
    let mut pane = Pane::new(plan);
    count(&mut pane, rows);
    rows.iter().for_each(|row| pane.traffic.count(if row.0 < 0.0 { 400 } else { 200 }, 77));
    let mut sum = Sum::new(plan.baseline());
    sum.add(&pane);
    sum
}

fn key(minute: i64, deployment: &str, baseline: Option<&str>) -> Key {
    Key {
        minute,
        deployment: deployment.to_owned(),
        model: "fraud".to_owned(),
        version: "1".to_owned(),
        baseline: baseline.map(str::to_owned),
        is_mirrored: deployment == "blue",
    }
}

fn row() -> impl Strategy<Value = Row> {
    let number = || prop_oneof![-10f32..210.0, Just(f32::NAN), Just(f32::INFINITY)];
    (number(), number(), "(c[0-4])?")
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 0..40)
}

fn added(a: &Sum, b: &Sum) -> Sum {
    let mut sum = a.clone();
    sum.add_lines(&b.lines()).unwrap();
    sum
}

#[test]
fn a_column_of_another_type_is_not_counted() {
    let baseline = baseline();
    let blocks = [block(Kind::Text, &["in.a"]), block(Kind::I64, &["in.t"])];
    let mut pane = Pane::new(&Arc::new(Plan::new(Arc::clone(&baseline), &blocks, |_| false)));
    pane.count(1, &[Values::Text(&["5".to_owned()]), Values::I64(&[5])]);
    let mut sum = Sum::new(&baseline);
    sum.add(&pane);
    let rows: Vec<u64> = sum.profile.columns().map(|(_, tally)| tally.rows()).collect();
    assert_eq!((sum.profile.rows(), rows), (1, vec![0, 0, 0]));
}

#[test]
fn of_a_column_under_a_privacy_rule_there_are_only_rows() {
    let baseline = baseline();
    let blocks = [block(Kind::F32, &["in.a"]), block(Kind::Text, &["in.t"])];
    let plan = Plan::new(Arc::clone(&baseline), &blocks, |name| name == "in.a");
    let mut pane = Pane::new(&Arc::new(plan));
    pane.count(2, &[Values::F32(&[1.0, 2.0]), Values::Text(&["c0".to_owned(), String::new()])]);
    let mut sum = Sum::new(&baseline);
    sum.add(&pane);
    let (_, covered) = sum.profile.columns().next().unwrap();
    assert_eq!((covered.rows(), covered.covered(), covered.range()), (0, 2, None));
    let bytes = encode(&BTreeMap::from([(key(1, "green", None), sum)])).unwrap();
    let lines = decode("panes", bytes, 0..60).unwrap().remove(&key(1, "green", None)).unwrap();
    assert_eq!(lines.columns["in.a"].bins, []);
}

#[test]
fn every_kind_of_number_is_counted() {
    let baseline = baseline();
    let kinds = [
        (Kind::Bool, Values::Bool(&[true])),
        (Kind::U8, Values::U8(&[1])),
        (Kind::U16, Values::U16(&[1])),
        (Kind::U32, Values::U32(&[1])),
        (Kind::U64, Values::U64(&[1])),
        (Kind::I8, Values::I8(&[1])),
        (Kind::I16, Values::I16(&[1])),
        (Kind::I32, Values::I32(&[1])),
        (Kind::I64, Values::I64(&[1])),
        (Kind::F32, Values::F32(&[1.0])),
        (Kind::F64, Values::F64(&[1.0])),
    ];
    for (kind, values) in kinds {
        let plan = Plan::new(Arc::clone(&baseline), &[block(kind, &["in.a"])], |_| false);
        let mut pane = Pane::new(&Arc::new(plan));
        pane.count(1, &[values]);
        let mut sum = Sum::new(&baseline);
        sum.add(&pane);
        let (_, tally) = sum.profile.columns().next().unwrap();
        assert_eq!((tally.counts()[2], tally.rows()), (1, 1), "{kind:?}");
    }
}

#[test]
fn a_version_without_a_baseline_has_its_requests_counted() {
    let none = Arc::new(Baseline::none());
    let plan = Arc::new(Plan::new(none, &[block(Kind::F32, &["in.a", "in.b"])], |_| false));
    let mut pane = Pane::new(&plan);
    pane.count(1, &[Values::F32(&[1.0, 2.0])]);
    pane.traffic.count(503, 1_000_000_000);
    let mut sum = Sum::new(plan.baseline());
    sum.add(&pane);
    let traffic = &sum.traffic;
    assert_eq!((sum.profile.rows(), traffic.requests, traffic.server_errors), (1, 1, 1));
    assert_eq!(traffic.latency_quantile_us(0.5), None);
}

#[test]
fn latencies_have_quantiles() {
    let mut pane = Pane::new(&plan(&baseline()));
    assert_eq!(pane.traffic.latency_quantile_us(0.99), None);
    (0..98).for_each(|_| pane.traffic.count(200, 60));
    (0..2).for_each(|_| pane.traffic.count(200, 4_999));
    assert_eq!(
        [0.5, 0.98, 0.99].map(|q| pane.traffic.latency_quantile_us(q)),
        [Some(100), Some(100), Some(5_000)]
    );
}

#[test]
fn lines_that_do_not_fit_the_baseline_are_refused_whole() {
    let baseline = baseline();
    let sum = counted(&plan(&baseline), &[(1.0, 1.0, "c0".to_owned())]);
    let mut wrong = sum.lines();
    wrong.columns.get_mut("in.t").unwrap().bins[0].0 = 99;
    let mut to = Sum::new(&baseline);
    let error = to.add_lines(&wrong).unwrap_err();
    assert_eq!(error, "bin 99 of column `in.t`, which has 4");
    let column = wrong.columns.remove("in.t").unwrap();
    wrong.columns.insert("in.z".to_owned(), column);
    assert_eq!(to.add_lines(&wrong).unwrap_err(), "no column `in.z`");
    assert_eq!(to, Sum::new(&baseline));
}

#[test]
fn files_that_are_none_are_refused() {
    for bytes in [&b""[..], b"PAR1 no PAR1", b"event_minute,bin\n1,2\n"] {
        let error = decode("panes/v1/x.parquet", Bytes::from_static(bytes), 0..60).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("panes/v1/x.parquet") || error.contains("no column"), "{error}");
    }
}

proptest! {
    #[test]
    fn panes_count_what_profiles_count(rows in rows()) {
        let baseline = baseline();
        let mut profile = Profile::new(&baseline);
        profile.fold(&batch(&rows)).unwrap();
        prop_assert_eq!(counted(&plan(&baseline), &rows).profile, profile);
    }

    #[test]
    fn sums_do_not_depend_on_order_or_split(x in rows(), y in rows(), z in rows()) {
        let plan = plan(&baseline());
        let [a, b, c] = [&x, &y, &z].map(|rows| counted(&plan, rows));
        prop_assert_eq!(added(&a, &b), added(&b, &a));
        prop_assert_eq!(added(&added(&a, &b), &c), added(&a, &added(&b, &c)));
        let all: Vec<Row> = x.into_iter().chain(y).chain(z).collect();
        prop_assert_eq!(added(&added(&a, &b), &c), counted(&plan, &all));
    }

    #[test]
    fn the_file_comes_back_as_it_went(x in rows(), y in rows(), z in rows()) {
        let plan = plan(&baseline());
        let digest = Some("sha256:00");
        let sums = BTreeMap::from([
            (key(29_454_000, "green", digest), counted(&plan, &x)),
            (key(29_454_001, "green", digest), counted(&plan, &y)),
            (key(29_454_000, "blue", None), counted(&plan, &z)),
        ]);
        let bytes = encode(&sums).unwrap();
        prop_assert_eq!(&encode(&sums).unwrap(), &bytes);
        let mut back = decode("panes", bytes, 29_454_000..29_454_060).unwrap();
        for (key, sum) in &sums {
            // A minute in which nothing came has no line.
            let lines = back.remove(key).unwrap_or_default();
            let mut read = Sum::new(plan.baseline());
            read.add_lines(&lines).unwrap();
            prop_assert_eq!(&read, sum);
        }
        prop_assert!(back.is_empty());
    }

    #[test]
    fn junk_is_an_error_and_never_a_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), rows in rows(),
    ) {
        let sums = BTreeMap::from([(key(1, "green", None), counted(&plan(&baseline()), &rows))]);
        let mut bytes = encode(&sums).unwrap().to_vec();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(found) = decode("panes", bytes.into(), 0..60) {
            for lines in found.values() {
                let _ = Sum::new(&baseline()).add_lines(lines);
            }
        }
    }
}
