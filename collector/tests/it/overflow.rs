//! A full spool drops and counts, exactly; so do records that do not fit their schema.

use std::sync::Arc;
use std::time::Duration;

use collector::{Config, Record, Values};
use object_store::memory::InMemory;

use crate::rows::{
    TIME_US, all_rows, config, counted, expected, hand, kept, lawful, record, schema, start, still,
};
use crate::scripted::{Act, Scripted};

/// One thread, with as little as a spool may have.
fn small() -> Config {
    let mut config = config();
    (config.writers, config.roll.rows) = (1, 100);
    config.spool.bytes = 3 << 16;
    config
}

#[test]
fn what_does_not_fit_is_dropped_and_what_does_is_put_later() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Block);
    let collector = start(small(), &store, still);
    let mut rows = hand(&collector, schema());
    let mut stored = Vec::new();
    for n in 0..2000 {
        let before = counted(&collector, "dropped", "spool_full");
        rows.append(record(n, 1));
        if counted(&collector, "dropped", "spool_full") == before {
            stored.extend(expected(n..n + 1, 1));
        }
    }
    let dropped = counted(&collector, "dropped", "spool_full");
    let ledger = lawful(&collector);
    assert_eq!(ledger.spooled() + dropped, 2000);
    assert!((1..2000).contains(&dropped), "{dropped}");
    drop(watch.gate);
    let finished = collector.finish(Duration::from_secs(60));
    assert_eq!((finished.written, finished.lost), (ledger.spooled(), 0));
    // Dropped are exactly those that were counted as such when they came.
    stored.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(all_rows(&*store).len() as u64, ledger.spooled());
    assert!(all_rows(&*store) == stored, "other rows than those that were not counted as dropped");
    lawful(&collector);
}

#[test]
fn room_comes_back() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Pass);
    let collector = start(small(), &store, still);
    let mut rows = hand(&collector, schema());
    // Ten times what the spool holds, but each batch is put before the next comes.
    for number in 0..200 {
        rows.append(record(number, 100));
        watch.next_put();
    }
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 20_000);
    assert_eq!(lawful(&collector).dropped(), 0);
}

#[test]
fn a_request_that_is_larger_than_a_segment() {
    let store = Arc::new(InMemory::new());
    let collector = start(small(), &store, still);
    let mut rows = hand(&collector, schema());
    // In parts, while there is a segment for each.
    rows.append(record(1, 2500));
    rows.append(record(2, 200_000));
    rows.append(record(3, 10));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 2510);
    // It never would fit.
    assert_eq!(counted(&collector, "dropped", "shape"), 200_000);
    lawful(&collector);
    let mut wanted = expected(1..2, 2500);
    wanted.extend(expected(3..4, 10));
    assert_eq!(all_rows(&*store), wanted);
}

#[test]
fn misfits() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let mut rows = hand(&collector, schema());
    let good = || record(1, 2);
    let values = good().values;
    let misfits = [
        Record { values: &values[..2], ..good() },
        Record { rows: 3, ..good() },
        Record { rows: 1 << 33, ..good() },
        Record { time_us: -1, ..good() },
        Record { time_us: i64::MAX, ..good() },
        Record { values: kept(vec![values[0], values[1], Values::I32(&[1, 2])]), ..good() },
        Record { request_id: String::leak("x".repeat(1 << 16)), ..good() },
    ];
    let wrong: u64 = misfits.iter().map(|misfit| misfit.rows as u64).sum();
    misfits.into_iter().for_each(|misfit| rows.append(misfit));
    rows.append(Record { time_us: TIME_US, ..good() });
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 2);
    let ledger = lawful(&collector);
    assert_eq!((counted(&collector, "dropped", "shape"), ledger.dropped()), (wrong, wrong));
    assert_eq!(all_rows(&*store), expected(1..2, 2));
}

#[test]
fn after_the_end() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let mut rows = hand(&collector, schema());
    rows.append(record(1, 1));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 1);
    rows.append(record(2, 5));
    assert_eq!(counted(&collector, "dropped", "closed"), 5);
    lawful(&collector);
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 1);
}
