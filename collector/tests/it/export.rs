//! `export` over files that a collector wrote: which rows come, with which columns and labels.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use collector::export::{Exported, Format, Wanted, export};
use collector::{
    Block, Error, FileWriter, Kind, Label, LabelTimes, Labels, LabelsPath, RowSchema, Values,
};
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::rows::{
    HOUR_US, TIME_US, block_on, config, hand, kept, lawful, record, schema_of, source, start, still,
};

const ALL: i64 = i64::MAX;

fn wanted(window: std::ops::Range<i64>) -> Wanted {
    Wanted {
        endpoint: "fraud".to_owned(),
        window,
        deployment: None,
        model: None,
        version: None,
        columns: None,
        labels: false,
        format: Format::Parquet,
    }
}

/// Version 1 at `green` with records 0 to 29 a minute apart, 10 rows each; version 2 at `blue` with
/// one record of 5 rows, `in.age` whole and `out.score` besides.
fn store() -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let mut green = hand(&collector, schema_of("green", "1"));
    for number in 0..30 {
        let mut record = record(number, 10);
        record.time_us = TIME_US + number as i64 * 60_000_000;
        green.append(record);
    }
    let block = |kind, name: &str| Block { kind, columns: vec![name.to_owned()] };
    let blocks = vec![block(Kind::I64, "in.age"), block(Kind::F64, "out.score")];
    let schema = RowSchema::new(source("blue", "2"), blocks).expect("a sound schema");
    let mut blue = hand(&collector, Arc::new(schema));
    let mut other = record(77, 5);
    other.values = kept(vec![
        Values::I64(kept(vec![40; 5])),
        Values::F64(kept(vec![0.1, 0.2, 0.3, 0.4, 0.5])),
    ]);
    blue.append(other);
    collector.finish(Duration::from_secs(60));
    lawful(&collector);
    store
}

fn exported(store: &InMemory, wanted: &Wanted) -> (Exported, RecordBatch) {
    let mut bytes = Vec::new();
    let exported = block_on(export(store, wanted, &mut bytes)).expect("an export");
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).expect("Parquet");
    let schema = Arc::clone(reader.schema());
    let batches: Vec<_> = reader.build().expect("readable").map(|b| b.expect("a batch")).collect();
    let all = concat_batches(&schema, &batches).expect("one schema");
    assert_eq!(exported.rows, all.num_rows() as u64);
    (exported, all)
}

fn requests(rows: &RecordBatch) -> Vec<String> {
    let ids = rows.column_by_name("request_id").expect("there").as_string::<i32>();
    let mut ids: Vec<String> = ids.iter().map(|id| id.expect("no null").to_owned()).collect();
    ids.dedup();
    ids
}

#[test]
fn the_window_is_half_open_to_the_microsecond() {
    let store = store();
    let minute = |number: i64| TIME_US + number * 60_000_000;
    let of = |window| {
        let mut wanted = wanted(window);
        wanted.deployment = Some("green".to_owned());
        let (exported, rows) = exported(&store, &wanted);
        assert_eq!(exported.rows, 10 * requests(&rows).len() as u64);
        requests(&rows)
    };
    assert_eq!(of(minute(3)..minute(6)), ["r-3", "r-4", "r-5"]);
    assert_eq!(of(minute(3) + 1..minute(6) + 1), ["r-4", "r-5", "r-6"]);
    assert_eq!(of(minute(29)..ALL), ["r-29"]);
    assert_eq!(of(minute(4) + 1..minute(5)), [""; 0]);
    assert_eq!(of(0..ALL).len(), 30);
    // No file at all: nothing is written.
    let mut bytes = Vec::new();
    let none = wanted(TIME_US + 9 * HOUR_US..ALL);
    let none = block_on(export(&*store, &none, &mut bytes)).expect("an export");
    assert_eq!((none, bytes.len()), (Exported::default(), 0));
}

#[test]
fn versions_share_a_table_and_filters_take_one() {
    let store = store();
    let (_, all) = exported(&store, &wanted(0..ALL));
    assert_eq!(all.num_rows(), 305);
    let ages = all.column_by_name("in.age").expect("there").as_primitive::<Float64Type>();
    let names = all.column_by_name("deployment_name").expect("there").as_string::<i32>();
    let scores = all.column_by_name("out.score").expect("there");
    let countries = all.column_by_name("in.country").expect("there");
    let indexes = all.column_by_name("row_index").expect("there").as_primitive::<UInt32Type>();
    for row in 0..all.num_rows() {
        let is_blue = names.value(row) == "blue";
        let age = if is_blue { 40.0 } else { f64::from(indexes.value(row)) };
        assert_eq!(ages.value(row), age);
        assert_eq!((scores.is_null(row), countries.is_null(row)), (!is_blue, is_blue));
    }
    let rows = |change: fn(&mut Wanted)| {
        let mut wanted = wanted(0..ALL);
        change(&mut wanted);
        let mut bytes = Vec::new();
        block_on(export(&*store, &wanted, &mut bytes)).expect("an export").rows
    };
    assert_eq!(rows(|wanted| wanted.deployment = Some("blue".to_owned())), 5);
    assert_eq!(rows(|wanted| wanted.version = Some("1".to_owned())), 300);
    assert_eq!(rows(|wanted| wanted.model = Some("cards".to_owned())), 305);
    assert_eq!(rows(|wanted| wanted.model = Some("other".to_owned())), 0);
    // One version alone keeps its types.
    let mut blue = wanted(0..ALL);
    blue.version = Some("2".to_owned());
    let (_, blue) = exported(&store, &blue);
    let age = blue.column_by_name("in.age").expect("there");
    assert_eq!(age.data_type(), &DataType::Int64);
}

#[test]
fn columns_come_as_they_are_named() {
    let store = store();
    let mut some = wanted(0..ALL);
    some.columns = Some(["out.score", "in.country"].map(str::to_owned).to_vec());
    let (_, rows) = exported(&store, &some);
    let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!((names, rows.num_rows()), (some.columns.clone().expect("named"), 305));
    some.columns = Some(vec!["in.nothing".to_owned()]);
    let error = block_on(export(&*store, &some, Vec::new())).expect_err("no such column");
    assert!(matches!(&error, Error::UnknownColumn { column, .. } if column == "in.nothing"));
}

#[test]
fn labels_join_and_the_latest_holds() {
    let store = store();
    let to: Arc<InMemory> = Arc::clone(&store);
    let labels = Labels::start(("pod-7", "b00t"), to, still, LabelTimes::default());
    let labels = labels.expect("started");
    let label = |id: &str, row_index, label: &str, time_us| Label {
        request_id: id.to_owned(),
        row_index,
        label: label.to_owned(),
        value: label.parse().ok(),
        time_us,
    };
    // Posted the other way round: the time decides, not the order.
    let later = vec![label("r-3", 4, "1", TIME_US + 9), label("r-77", 0, "fraud", TIME_US)];
    let earlier = vec![label("r-3", 4, "0", TIME_US), label("nobody", 0, "1", TIME_US)];
    block_on(labels.post("fraud", later, TIME_US)).expect("stored");
    block_on(labels.post("fraud", earlier, TIME_US + 24 * HOUR_US)).expect("stored");
    drop(labels);
    // A day before the window: these cannot be of its rows.
    let writer = FileWriter { replica: "x".to_owned(), boot: "b".to_owned(), seq: 0 };
    let old = LabelsPath::new("fraud", TIME_US - 24 * HOUR_US, writer).expect("a path");
    block_on(store.put(&old.object(), "junk".into())).expect("stored");

    let mut with = wanted(TIME_US..ALL);
    with.labels = true;
    with.columns = Some(vec!["out.score".to_owned()]);
    let (done, rows) = exported(&store, &with);
    assert_eq!((done.rows, done.labelled), (305, 2));
    let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["out.score", "label", "label_value", "label_time"]);
    let texts = rows.column(1).as_string::<i32>();
    let values = rows.column(2).as_primitive::<Float64Type>();
    let held = (0..305)
        .filter(|row| texts.is_valid(*row))
        .map(|row| (texts.value(row), values.is_valid(row).then(|| values.value(row))));
    assert_eq!(held.collect::<Vec<_>>(), [("fraud", None), ("1", Some(1.0))]);
    // From that day on it counts, and is broken.
    with.window = TIME_US - 24 * HOUR_US..ALL;
    let error = block_on(export(&*store, &with, Vec::new())).expect_err("a broken file");
    assert!(matches!(&error, Error::File { path, .. } if path.starts_with("labels/v1/")));
}

#[test]
fn a_file_that_cannot_be_read_fails_the_export() {
    let store = store();
    let files = crate::rows::files(&*store);
    block_on(store.put(&files[0].path.object(), "PAR1 junk PAR1".into())).expect("stored");
    let error = block_on(export(&*store, &wanted(0..ALL), Vec::new())).expect_err("broken");
    assert!(matches!(&error, Error::File { path, .. } if *path == files[0].path.to_string()));
    let mut other = wanted(0..ALL);
    other.deployment = Some(files[files.len() - 1].path.deployment().to_owned());
    block_on(export(&*store, &other, Vec::new())).expect("the file is not of that deployment");
}
