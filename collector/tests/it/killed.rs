//! A collector that ends without its end, and the next one over the same spool: each row is in the
//! store once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use collector::{Collector, Config, Finished};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::rows::{all_rows, config, expected, hand, lawful, record, schema, start, still};
use crate::scripted::{Act, Scripted};

const LONG: Duration = Duration::from_secs(60);

fn config_in(spool: &Path, boot: &str) -> Config {
    let mut config = config();
    config.boot = boot.to_owned();
    config.roll.rows = 10;
    config.spool.folder = Some(spool.to_owned());
    config
}

/// The next life over the same spool: puts what was left, and nothing else.
fn next_life(spool: &Path, boot: &str, store: &Arc<InMemory>) -> Finished {
    let collector = start(config_in(spool, boot), store, still);
    let finished = collector.finish(LONG);
    if let [(_, ledger)] = collector.ledgers().as_slice() {
        assert!(ledger.holds(), "{ledger:?}");
        assert_eq!(ledger.recovered, finished.written);
    }
    finished
}

fn folders(spool: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(spool).expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string().expect("our own name")
    };
    entries.map(name).collect()
}

/// A life of which nothing is put; it ends in the midst of it.
fn cut_off(spool: &Path, store: Arc<dyn ObjectStore>, rows: usize) -> Collector {
    let collector = Collector::start(config_in(spool, "one"), store, still).expect("started");
    let mut hand = hand(&collector, schema());
    (0..rows).for_each(|n| hand.append(record(n, 1)));
    let finished = collector.finish(Duration::from_millis(200));
    assert_eq!((finished.lost, finished.pending + finished.written), (0, rows as u64));
    lawful(&collector);
    collector
}

#[test]
fn what_is_left_is_put_by_the_next() {
    let spool = tempfile::tempdir().expect("a folder");
    let memory = Arc::new(InMemory::new());
    let (hung, _watch) = Scripted::over(Arc::<InMemory>::clone(&memory), |_| Act::Hang);
    drop(cut_off(spool.path(), hung, 95));
    assert!(all_rows(&*memory).is_empty());
    let finished = next_life(spool.path(), "two", &memory);
    assert_eq!(finished, Finished { written: 95, pending: 0, lost: 0 });
    assert_eq!(all_rows(&*memory), expected(0..95, 1));
    assert!(folders(spool.path()).is_empty(), "{:?}", folders(spool.path()));
}

#[test]
fn what_is_stored_but_not_answered_is_not_put_twice() {
    let spool = tempfile::tempdir().expect("a folder");
    let memory = Arc::new(InMemory::new());
    let (lossy, _watch) = Scripted::over(Arc::<InMemory>::clone(&memory), |put| {
        if put.is_multiple_of(2) { Act::StoreAndHang } else { Act::Hang }
    });
    drop(cut_off(spool.path(), lossy, 95));
    let stored = all_rows(&*memory).len();
    assert!((1..95).contains(&stored), "{stored}");
    let finished = next_life(spool.path(), "two", &memory);
    assert_eq!(finished, Finished { written: 95, pending: 0, lost: 0 });
    assert_eq!(all_rows(&*memory), expected(0..95, 1));
}

#[test]
fn a_life_that_lives_is_left_alone() {
    let spool = tempfile::tempdir().expect("a folder");
    let memory = Arc::new(InMemory::new());
    let first = start(config_in(spool.path(), "one"), &memory, still);
    let mut hand = hand(&first, schema());
    (0..5).for_each(|n| hand.append(record(n, 1)));
    assert_eq!(next_life(spool.path(), "two", &memory).written, 0);
    assert_eq!(first.finish(LONG).written, 5);
    assert_eq!(all_rows(&*memory), expected(0..5, 1));
    assert!(folders(spool.path()).is_empty());
    // The same name again is another's.
    std::fs::create_dir(spool.path().join("pod-7-one")).expect("a folder");
    assert!(Collector::start(config_in(spool.path(), "one"), memory, still).is_err());
}

/// Copies a folder of the spool; files that are renamed meanwhile are none yet.
pub(crate) fn copy_of(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        match std::fs::copy(entry.path(), to.join(entry.file_name())) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied.expect("a copy")),
        }
    }
}

/// The spool as a kill leaves it, at any moment: a copy of the files of a running collector.
#[test]
fn a_copy_at_any_moment_gives_each_row_once() {
    for moment in 0..8 {
        let (spool, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let memory = Arc::new(InMemory::new());
        let (slow, watch) = Scripted::over(Arc::<InMemory>::clone(&memory), move |put| {
            if put < moment { Act::Pass } else { Act::Hang }
        });
        let collector = Collector::start(config_in(spool.path(), "one"), slow, still).unwrap();
        let mut hand = hand(&collector, schema());
        for number in 0..100 {
            hand.append(record(number, 1));
        }
        (0..=moment).for_each(|_| drop(watch.next_put()));
        let (from, to) = (spool.path().join("pod-7-one"), copy.path().join("pod-7-one"));
        copy_of(&from, &to);
        collector.finish(Duration::ZERO);
        next_life(copy.path(), "two", &memory);
        assert_eq!(all_rows(&*memory), expected(0..100, 1), "{moment}");
    }
}
