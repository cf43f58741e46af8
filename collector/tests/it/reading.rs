//! `read` over files that a collector wrote, and over what is no such file.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use bytes::Bytes;
use collector::read::{columns, files};
use collector::{Error, RowsPath};
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use crate::rows::{
    HOUR_US, TIME_US, block_on, config, hand, lawful, record, schema, schema_of, start, still,
};

/// Files of hours -1, 0, +1 and +15 around `TIME_US`, 10 rows each.
fn four_hours() -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    for (version, hours) in [("1", -1), ("1", 0), ("2b", 1), ("2b", 15)] {
        let mut rows = hand(&collector, schema_of("green", version));
        let mut record = record(0, 10);
        record.time_us += hours * HOUR_US;
        rows.append(record);
    }
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 40);
    lawful(&collector);
    store
}

fn one_file(rows: usize) -> (Arc<InMemory>, RowsPath) {
    let store = Arc::new(InMemory::new());
    let mut config = config();
    config.roll.rows = rows;
    let collector = start(config, &store, still);
    hand(&collector, schema()).append(record(0, rows));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, rows as u64);
    lawful(&collector);
    let path = block_on(files(&*store, "fraud", 0..i64::MAX)).expect("a listing")[0].path.clone();
    (store, path)
}

#[test]
fn a_window_has_the_files_of_its_hours() {
    let store = four_hours();
    let hours = |start_us: i64, end_us: i64| {
        let listed = block_on(files(&*store, "fraud", start_us..end_us)).expect("a listing");
        listed.iter().map(|f| f.path.hour_us().start.div_euclid(HOUR_US)).collect::<Vec<_>>()
    };
    let hour = TIME_US.div_euclid(HOUR_US);
    let start = hour * HOUR_US;
    assert_eq!(hours(i64::MIN, i64::MAX), [hour - 1, hour, hour + 1, hour + 15]);
    assert_eq!(hours(start, start + HOUR_US), [hour]);
    assert_eq!(hours(start + HOUR_US - 1, start + HOUR_US + 1), [hour, hour + 1]);
    assert_eq!(hours(start - 1, start), [hour - 1]);
    assert_eq!(hours(start + 2 * HOUR_US, start + 15 * HOUR_US), [0_i64; 0]);
    assert_eq!(hours(start + 5, start + 5), [] as [i64; 0], "an empty window");
}

#[test]
fn sizes_are_true_and_other_objects_passed_over() {
    let store = four_hours();
    let dir =
        "rows/v1/endpoint=fraud/deployment=green/model=cards/version=1/date=2026-11-23/hour=10";
    let junk = [
        format!("{dir}/notes.txt"),
        format!("{dir}/deeper/pod-7-b00t-00000009.parquet"),
        format!("{dir}/pod-7-b00t-9.parquet"),
        "rows/v1/endpoint=fraud/deployment=green/x/y/date=2026-11-23/z".to_owned(),
        "rows/v1/endpoint=fraud/deployment=green/model=cards/version=1/date=never/x".to_owned(),
    ];
    for path in junk {
        block_on(store.put(&path.into(), "junk".into())).expect("stored");
    }
    let listed = block_on(files(&*store, "fraud", 0..i64::MAX)).expect("a listing");
    assert_eq!(listed.len(), 4);
    for file in listed {
        let size = block_on(store.head(&file.path.object())).expect("there").size;
        assert_eq!(file.size, size);
    }
    assert!(block_on(files(&*store, "frau", 0..i64::MAX)).expect("a listing").is_empty());
    let refused = block_on(files(&*store, "../fraud", 0..i64::MAX));
    assert!(matches!(refused, Err(Error::Name { what: "endpoint", .. })), "{refused:?}");
}

#[test]
fn an_empty_disk_has_no_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = LocalFileSystem::new_with_prefix(dir.path()).expect("a store");
    assert!(block_on(files(&store, "fraud", 0..i64::MAX)).expect("a listing").is_empty());
}

#[test]
fn asked_columns_and_the_time_in_bounded_batches() {
    let (store, path) = one_file(20_000);
    let read = |names: &[&str]| block_on(columns(&*store, &path, names));
    let batches = read(&["out.label", "in.amount"]).expect("rows");
    let sizes = batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>();
    assert_eq!(sizes.iter().sum::<usize>(), 20_000);
    assert!(sizes.iter().all(|size| *size <= 8192), "{sizes:?}");
    let schema = batches[0].schema();
    let names = schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["event_time", "in.amount", "out.label"]);
    let missing = read(&["in.amount", "in"]).expect_err("no such column");
    assert!(matches!(&missing, Error::NoColumn { column, .. } if column == "in"), "{missing}");
}

#[test]
fn an_absent_file_is_the_stores_error() {
    let (_, path) = one_file(10);
    let read = block_on(columns(&InMemory::new(), &path, &[]));
    assert!(matches!(read, Err(Error::Store { .. })), "{read:?}");
}

/// Cut anywhere or with any byte changed, a file gives rows or an error, never a panic.
#[test]
fn broken_files_are_errors() {
    let (store, path) = one_file(200);
    let whole = block_on(async { store.get(&path.object()).await?.bytes().await }).expect("bytes");
    let read = |bytes: Bytes| {
        block_on(store.put(&path.object(), bytes.into())).expect("stored");
        block_on(columns(&*store, &path, &["in.amount", "in.country", "request_id"]))
    };
    assert!(read(whole.clone()).is_ok());
    let lengths = (0..whole.len()).step_by(97).chain([1, 4, 7, 8, 11, 12, whole.len() - 1]);
    for length in lengths {
        let cut = read(whole.slice(..length));
        assert!(matches!(cut, Err(Error::File { .. })), "cut at {length}: {cut:?}");
    }
    let mut refused = 0;
    for place in 0..whole.len() {
        let mut changed = whole.to_vec();
        changed[place] ^= 0xff;
        match read(changed.into()) {
            Ok(_) => {}
            Err(Error::File { .. } | Error::NoColumn { .. }) => refused += 1,
            Err(other) => panic!("byte {place}: {other}"),
        }
    }
    assert!(refused > 100, "{refused} of {} changes were noticed", whole.len());
    let junk = read(Bytes::from_static(b"PAR1 this is no Parquet file PAR1"));
    assert!(matches!(junk, Err(Error::File { .. })), "{junk:?}");
}
