//! Batches are made by rows, bytes, age and hour.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use collector::Roll;
use object_store::memory::InMemory;

use crate::rows::{
    HOUR_US, TIME_US, all_rows, config, expected, files, hand, lawful, record, rows_in, schema,
    start, still,
};
use crate::scripted::{Act, Scripted};

#[test]
fn by_rows_exactly() {
    let store = Arc::new(InMemory::new());
    let mut config = config();
    config.roll.rows = 10;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    (0..105).for_each(|n| rows.append(record(n, 1)));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 105);
    lawful(&collector);
    let sizes = files(&*store).iter().map(|file| rows_in(&*store, file)).collect::<Vec<_>>();
    assert_eq!(sizes, [vec![10; 10], vec![5]].concat());
    assert_eq!(all_rows(&*store), expected(0..105, 1));
}

#[test]
fn a_record_is_never_split() {
    let store = Arc::new(InMemory::new());
    let mut config = config();
    config.roll.rows = 10;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    (0..4).for_each(|n| rows.append(record(n, 7)));
    collector.finish(Duration::from_secs(60));
    lawful(&collector);
    let sizes = files(&*store).iter().map(|file| rows_in(&*store, file)).collect::<Vec<_>>();
    assert_eq!(sizes, [14, 14]);
}

#[test]
fn by_bytes() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Pass);
    let mut config = config();
    config.roll = Roll { rows: 1_000_000, bytes: 10_000, age: Duration::from_secs(600) };
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    // 100 rows take 100 x (2 x 4 + 4 + 2 + 8) bytes and more: five of them pass 10,000.
    (0..5).for_each(|n| rows.append(record(n, 100)));
    let path = watch.next_put();
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 500);
    lawful(&collector);
    assert_eq!(files(&*store)[0].path.object(), path);
    assert_eq!(all_rows(&*store), expected(0..5, 100));
}

#[test]
fn by_age_without_another_row() {
    /// A second further at each look.
    fn clock() -> i64 {
        static NOW_US: AtomicI64 = AtomicI64::new(TIME_US);
        NOW_US.fetch_add(1_000_000, Ordering::SeqCst)
    }
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Pass);
    let mut config = config();
    config.roll.age = Duration::from_secs(2);
    let collector = start(config, &store, clock);
    hand(&collector, schema()).append(record(1, 1));
    watch.next_put();
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 1);
    lawful(&collector);
    // Puts take time by this clock, and the histogram shows it.
    assert!(collector.put_seconds().sum_seconds >= 1.0);
}

#[test]
fn by_hour_of_the_event() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let mut rows = hand(&collector, schema());
    for (number, hours) in [(1, 0), (2, 1), (3, 0), (4, 14)] {
        let mut record = record(number, 1);
        record.time_us += hours * HOUR_US;
        rows.append(record);
    }
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 4);
    lawful(&collector);
    let found = files(&*store);
    let at = |i: usize| {
        let path = found[i].path.to_string();
        let (start, end) = (path.find("date=").expect("a date"), path.rfind('/').expect("a name"));
        (path[start..end].to_owned(), rows_in(&*store, &found[i]))
    };
    let want = [("date=2026-11-23/hour=10", 2), ("date=2026-11-23/hour=11", 1)];
    assert_eq!([at(0), at(1)], want.map(|(hour, rows)| (hour.to_owned(), rows)));
    assert_eq!((at(2), found.len()), (("date=2026-11-24/hour=00".to_owned(), 1), 3));
}
