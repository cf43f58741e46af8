//! Everything appended is in the store once, over memory and over a disk.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use collector::{Collector, Finished};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use crate::rows::{
    all_rows, config, counted, expected, files, hand, lawful, record, rows_in, schema, schema_of,
    start, still,
};

/// 600 records of 3 rows through a collector into `store`, and back.
fn everything_once(store: Arc<dyn ObjectStore>) {
    let collector = Collector::start(config(), Arc::clone(&store), still).expect("started");
    let mut rows = hand(&collector, schema());
    for number in 0..600 {
        rows.append(record(number, 3));
    }
    let finished = collector.finish(Duration::from_secs(60));
    assert_eq!(finished, Finished { written: 1800, pending: 0, lost: 0 });
    let ledger = lawful(&collector);
    assert_eq!((ledger.offered(), ledger.spooled(), ledger.written), (1800, 1800, 1800));
    assert_eq!(all_rows(&*store), expected(0..600, 3));
    let puts = collector.put_seconds();
    assert!(puts.count() >= files(&*store).len() as u64);
    assert_eq!(collector.puts()[0], puts.count());
    assert_eq!(puts.counts.len(), puts.bounds_seconds.len() + 1);
}

#[test]
fn in_memory() {
    everything_once(Arc::new(InMemory::new()));
}

#[test]
fn on_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = LocalFileSystem::new_with_prefix(dir.path()).expect("a store").with_fsync(true);
    everything_once(Arc::new(store));
    // No half-written file is left behind.
    let mut names = HashSet::new();
    let mut dirs = vec![dir.path().to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                dirs.push(entry.path());
            } else {
                names.insert(entry.file_name().into_string().expect("our own name"));
            }
        }
    }
    assert!(!names.is_empty() && names.iter().all(|name| name.ends_with(".parquet")), "{names:?}");
}

#[test]
fn deployments_and_versions_have_files_of_their_own() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let mut green = hand(&collector, schema_of("green", "1"));
    let mut blue = hand(&collector, schema_of("blue", "2b"));
    (0..20).for_each(|n| green.append(record(n, 1)));
    (20..50).for_each(|n| blue.append(record(n, 1)));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 50);
    lawful(&collector);
    let found = files(&*store);
    let of = |i: usize| {
        let path = &found[i].path;
        (path.deployment(), path.version(), rows_in(&*store, &found[i]))
    };
    assert_eq!((of(0), of(1), found.len()), (("blue", "2b", 30), ("green", "1", 20), 2));
}

#[test]
fn appenders_of_equal_schemas_share_a_file() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let (mut one, mut other) = (hand(&collector, schema()), hand(&collector, schema()));
    (0..10).for_each(|n| one.append(record(n, 1)));
    (10..20).for_each(|n| other.append(record(n, 1)));
    collector.finish(Duration::from_secs(60));
    lawful(&collector);
    assert_eq!(files(&*store).len(), 1);
    assert_eq!(all_rows(&*store), expected(0..20, 1));
}

#[test]
fn many_threads_while_the_collector_finishes() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let finished = std::thread::scope(|scope| {
        for thread in 0..4 {
            let mut rows = hand(&collector, schema());
            scope.spawn(move || {
                (0..5000).for_each(|n| rows.append(record(thread * 5000 + n, 1)));
            });
        }
        collector.finish(Duration::from_secs(60))
    });
    let ledger = lawful(&collector);
    assert_eq!(ledger.offered(), 20_000);
    assert_eq!((ledger.lost(), counted(&collector, "dropped", "shape")), (0, 0));
    assert!(ledger.written >= finished.written);
    let rows = all_rows(&*store);
    // What came while the sink looked for the last time stays in the spool.
    assert_eq!(rows.len() as u64, ledger.written);
    assert_eq!(rows.iter().map(|row| &row.0).collect::<HashSet<_>>().len(), rows.len());
}

#[test]
fn no_rows_no_effect() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    hand(&collector, schema()).append(record(1, 0));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 0);
    assert_eq!(lawful(&collector).offered(), 0);
    assert!(files(&*store).is_empty());
}
