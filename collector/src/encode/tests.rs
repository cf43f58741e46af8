//! A file's shape: chunks in order, row groups bounded, the same rows the same bytes.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::columns::tests::{bytes, record, rows};
use crate::row::{Kind, Values};
use crate::schema::tests::{block, source};

fn group(entries: &[Vec<u8>]) -> Group<'_> {
    let schema = RowSchema::new(source(), vec![block(Kind::U64, &["in.n"])]).unwrap();
    let rows = entries.iter().map(|bytes| rows(bytes)).collect();
    Group { schema: Arc::new(schema), hour: 0, rows, counts: BTreeMap::new() }
}

#[test]
fn chunks_keep_their_order_and_row_groups_their_bound() {
    let (mut entries, mut count) = (Vec::new(), 0);
    for size in [1, 4095, 1, 4096, 5000, 300_000, 2] {
        let numbers: Vec<u64> = (count..count + size as u64).collect();
        entries.push(bytes(&record("r", size, &[Values::U64(&numbers)])));
        count += size as u64;
    }
    let group = group(&entries);
    let footer = Footer { batch: "b/1".to_owned(), ..Footer::default() };
    let bytes = file(&group, &footer, &mut None).unwrap();
    assert_eq!(bytes, file(&group, &footer, &mut None).unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let groups = reader.metadata().row_groups().iter().map(|g| g.num_rows()).collect::<Vec<_>>();
    assert_eq!(groups.iter().sum::<i64>(), count as i64);
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
    assert_eq!(next, count);
}

#[test]
fn a_misfit_spoils_the_file() {
    let entries =
        [bytes(&record("r", 1, &[Values::U64(&[1])])), bytes(&record("r", 1, &[Values::U8(&[1])]))];
    assert!(matches!(file(&group(&entries), &Footer::default(), &mut None), Err(Error::Shape(_))));
}

#[test]
fn counts_as_json() {
    let mut counts = Tally::of(Count::Offered, 12);
    counts.add(Tally::of(Count::LostPut, 3));
    let read: BTreeMap<String, i64> = serde_json::from_str(&json(counts)).unwrap();
    assert_eq!((read["offered"], read["lost.put"], read["dropped.spool_full"]), (12, 3, 0));
    assert_eq!(read.len(), Count::ALL.len());
}
