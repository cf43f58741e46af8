//! The store fails, loses answers, panics, holds another's file: rows are written once, or counted
//! as lost.

use std::sync::Arc;
use std::time::Duration;

use collector::{FileWriter, Finished, RowsPath};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;

use crate::rows::{
    TIME_US, all_rows, block_on, config, counted, expected, hand, lawful, record, schema, source,
    start, still,
};
use crate::scripted::{Act, Scripted};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_store_that_always_fails() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Fail);
    let collector = start(config(), &store, still);
    let mut rows = hand(&collector, schema());
    (0..30).for_each(|n| rows.append(record(n, 1)));
    let finished = collector.finish(Duration::from_millis(300));
    assert_eq!(finished, Finished { written: 0, pending: 0, lost: 30 });
    assert_eq!(counted(&collector, "lost", "shutdown"), 30);
    lawful(&collector);
    assert!(watch.more_puts() >= 1);
    assert!(all_rows(&*store).is_empty());
}

#[test]
fn a_store_that_recovers() {
    let script = |put| if put < 3 { Act::Fail } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let collector = start(config(), &store, still);
    let mut rows = hand(&collector, schema());
    (0..30).for_each(|n| rows.append(record(n, 1)));
    assert_eq!(collector.finish(LONG), Finished { written: 30, pending: 0, lost: 0 });
    lawful(&collector);
    assert_eq!(watch.more_puts(), 4);
    assert_eq!(all_rows(&*store), expected(0..30, 1));
}

#[test]
fn a_lost_answer() {
    let script = |put| if put == 0 { Act::LoseAnswer } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let collector = start(config(), &store, still);
    let mut rows = hand(&collector, schema());
    (0..30).for_each(|n| rows.append(record(n, 1)));
    assert_eq!(collector.finish(LONG), Finished { written: 30, pending: 0, lost: 0 });
    lawful(&collector);
    assert_eq!(watch.more_puts(), 2);
    assert_eq!(all_rows(&*store), expected(0..30, 1));
}

#[test]
fn a_file_of_another() {
    let store = Arc::new(InMemory::new());
    let writer = FileWriter { replica: "pod-7".to_owned(), boot: "b00t".to_owned(), seq: 0 };
    let path = RowsPath::new(&source("green", "1"), TIME_US, writer).expect("a path");
    block_on(store.put(&path.object(), "not ours".into())).expect("stored");
    let collector = start(config(), &store, still);
    hand(&collector, schema()).append(record(1, 9));
    assert_eq!(collector.finish(LONG), Finished { written: 0, pending: 0, lost: 9 });
    assert_eq!(counted(&collector, "lost", "put"), 9);
    let kept = block_on(async { store.get(&path.object()).await?.bytes().await });
    assert_eq!(kept.expect("still there"), "not ours", "create-only");
}

#[test]
fn a_store_that_panics_once() {
    let script = |put| if put == 0 { Act::Panic } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let mut config = config();
    config.roll.rows = 10;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    (0..10).for_each(|n| rows.append(record(n, 1)));
    watch.next_put();
    (10..20).for_each(|n| rows.append(record(n, 1)));
    assert_eq!(collector.finish(LONG), Finished { written: 10, pending: 0, lost: 10 });
    assert_eq!(counted(&collector, "lost", "put"), 10);
    assert_eq!(all_rows(&*store), expected(10..20, 1), "the sink lives on");
}

#[test]
fn one_hung_put_does_not_hold_up_others() {
    let script = |put| if put == 0 { Act::Hang } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let mut config = config();
    config.roll.rows = 1;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    for number in 0..20 {
        rows.append(record(number, 1));
        watch.next_put();
    }
    let finished = collector.finish(Duration::from_millis(200));
    assert_eq!((finished.written, finished.lost), (19, 1));
    assert_eq!(counted(&collector, "lost", "shutdown"), 1);
    assert_eq!(store.to_string(), "Scripted");
    assert_eq!(all_rows(&*store), expected(1..20, 1));
}
