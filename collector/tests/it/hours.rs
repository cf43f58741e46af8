//! Cells of old hours are given back while rows go on coming, and no account is lost by it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::rows::{HOUR_US, TIME_US, block_on, config, hand, lawful, record, schema, start};
use crate::scripted::{Act, Scripted};

/// What all accounts files say together, by stage.
fn said(store: &dyn ObjectStore) -> BTreeMap<String, i64> {
    let list = store.list(Some(&Path::from("accounts/v1"))).try_collect::<Vec<_>>();
    let mut sums = BTreeMap::new();
    for file in block_on(list).expect("a listing") {
        let bytes: Bytes =
            block_on(async { store.get(&file.location).await?.bytes().await }).expect("a file");
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
        for batch in reader.build().expect("a reader") {
            let batch = batch.expect("a batch");
            let stages = batch.column_by_name("stage").expect("a column").as_string::<i32>();
            let rows = batch.column_by_name("rows").expect("a column").as_primitive::<Int64Type>();
            for (stage, rows) in stages.iter().zip(rows.values()) {
                *sums.entry(stage.expect("a stage").to_owned()).or_default() += rows;
            }
        }
    }
    sums
}

#[test]
fn cells_of_old_hours_come_back() {
    const HOURS: i64 = 3000;
    static NOW_US: AtomicI64 = AtomicI64::new(TIME_US);
    fn clock() -> i64 {
        NOW_US.load(Ordering::SeqCst)
    }
    let memory = Arc::new(InMemory::new());
    let (store, watch) = Scripted::over(Arc::<InMemory>::clone(&memory), |_| Act::Pass);
    let mut config = config();
    // Nothing waits for the clock.
    config.roll.rows = 1;
    let collector = start(config, &store, clock);
    let mut rows = hand(&collector, schema());
    for hour in 0..HOURS {
        let mut record = record(1, 1);
        record.time_us = TIME_US + hour * HOUR_US;
        NOW_US.store(record.time_us, Ordering::SeqCst);
        rows.append(record);
        // The sink keeps pace.
        watch.next_put();
    }
    let finished = collector.finish(Duration::from_secs(60));
    assert_eq!((finished.written, finished.lost), (HOURS as u64, 0));
    assert_eq!(lawful(&collector).offered(), HOURS as u64);
    let said = said(&*memory);
    assert_eq!((said["offered"], said["spooled"], said["planned"]), (HOURS, HOURS, HOURS));
    assert_eq!(said.len(), 3, "{said:?}");
}
