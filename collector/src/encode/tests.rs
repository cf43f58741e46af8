//! A file's shape: chunks in order, row groups bounded.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::row::{Kind, Values};
use crate::schema::tests::{block, source};

fn schema() -> Arc<RowSchema> {
    Arc::new(RowSchema::new(source(), vec![block(Kind::U64, &["in.n"])]).unwrap())
}

fn record(first: u64, rows: usize) -> Record {
    Record {
        request_id: first.to_string(),
        time_us: 0,
        latency_us: 0,
        revision: 0,
        rows,
        values: vec![Values::U64((first..first + rows as u64).collect())],
    }
}

#[test]
fn chunks_keep_their_order_and_row_groups_their_bound() {
    let mut file = FileWriter::new(schema()).unwrap();
    let mut rows = 0;
    for size in [1, 4095, 1, 4096, 5000, 300_000, 2] {
        file.push(record(rows, size), 10).unwrap();
        rows += size as u64;
    }
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.finish(&Ledger::default()).unwrap());
    let reader = reader.unwrap();
    let groups = reader.metadata().row_groups().iter().map(|g| g.num_rows()).collect::<Vec<_>>();
    assert_eq!(groups.iter().sum::<i64>(), rows as i64);
    assert!(groups.iter().all(|rows| *rows <= ROW_GROUP_ROWS as i64), "{groups:?}");
    let mut next = 0;
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let numbers = batch.column_by_name("in.n").unwrap().as_primitive::<UInt64Type>().clone();
        for number in numbers.values() {
            assert_eq!(*number, next);
            next += 1;
        }
    }
    assert_eq!(next, rows);
}

#[test]
fn heavy_rows_are_encoded_early() {
    let mut file = FileWriter::new(schema()).unwrap();
    file.push(record(0, 1), CHUNK_BYTES - 1).unwrap();
    assert_eq!(file.chunk.len(), 1);
    file.push(record(1, 1), 1).unwrap();
    assert_eq!((file.chunk.len(), file.chunk_rows, file.chunk_bytes), (0, 0, 0));
}

#[test]
fn a_misfit_spoils_the_file() {
    let mut file = FileWriter::new(schema()).unwrap();
    file.push(record(0, 5), 10).unwrap();
    file.push(Record { values: vec![Values::U8(vec![1])], ..record(0, 1) }, 10).unwrap();
    assert!(matches!(file.finish(&Ledger::default()), Err(Error::Shape(_))));
}

#[test]
fn counts_as_json() {
    let ledger = Ledger { offered: 12, lost_put: 3, ..Ledger::default() };
    let text = json(&ledger);
    assert!(
        text.starts_with(r#"{"offered":12,"sampled_out":0,"dropped.buffer_full":0,"#),
        "{text}"
    );
    assert!(text.ends_with(r#""lost.put":3,"lost.encode":0,"lost.shutdown":0}"#), "{text}");
}
