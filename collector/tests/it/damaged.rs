//! What a life has left is not as it was: files that are short, missing or another's, a spool that
//! is full of it. Each row that can be read is put once; the others are counted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use collector::{Collector, Config, Finished};
use object_store::memory::InMemory;

use crate::killed::copy_of;
use crate::rows::{
    all_rows, config, counted, expected, hand, lawful, record, schema, schema_of, start, still,
};
use crate::scripted::{Act, Scripted};

const LONG: Duration = Duration::from_secs(60);

/// One thread, with segments of 64 KiB.
fn config_in(spool: &Path, boot: &str) -> Config {
    let mut config = config();
    config.boot = boot.to_owned();
    (config.writers, config.roll.rows) = (1, 100_000);
    config.spool.bytes = 4 << 16;
    config.spool.folder = Some(spool.to_owned());
    config
}

/// A life that has left `rows` rows, of which nothing was put, in several segments.
fn left_by_one(spool: &Path, rows: usize) -> PathBuf {
    let memory = Arc::new(InMemory::new());
    let collector = start(config_in(spool, "one"), &memory, still);
    let mut hand = hand(&collector, schema());
    // Until the thread that makes segments has made all that it makes beforehand.
    while collector.spool_bytes() < 2 << 16 {
        std::thread::yield_now();
    }
    (0..rows).for_each(|n| hand.append(record(n, 1)));
    assert_eq!(lawful(&collector).spooled(), rows as u64);
    // As a kill leaves it: a copy, under the name that it has.
    let (from, copy) = (spool.join("pod-7-one"), spool.join("copy"));
    copy_of(&from, &copy);
    assert_eq!(collector.finish(LONG).lost, 0);
    assert!(!from.exists());
    std::fs::rename(&copy, &from).expect("a folder");
    from
}

fn segments(house: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(house).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "segment"));
    paths.sort();
    paths
}

fn next_life(spool: &Path, memory: &Arc<InMemory>) -> (Collector, Finished) {
    let collector = start(config_in(spool, "two"), memory, still);
    let finished = collector.finish(LONG);
    (collector, finished)
}

#[test]
fn a_segment_that_never_reached_the_disk_has_no_rows() {
    for zeros in [0, 8, 1 << 16] {
        let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
        let house = left_by_one(spool.path(), 100);
        let last = house.join("0000-00000009.segment");
        std::fs::write(last, vec![0; zeros]).unwrap();
        let (_collector, finished) = next_life(spool.path(), &memory);
        assert_eq!(finished, Finished { written: 100, pending: 0, lost: 0 });
        assert_eq!(all_rows(&*memory), expected(0..100, 1));
        assert!(!house.exists());
    }
}

#[test]
fn rows_of_a_segment_that_is_gone_or_none_are_counted_as_lost() {
    let damage: [fn(&Path); 3] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| {
            std::fs::write(path, b"something else, which has more bytes than a header of ours")
                .unwrap()
        },
        |path| {
            // The hash of an entry finds it.
            let mut bytes = std::fs::read(path).unwrap();
            bytes[80] ^= 1;
            std::fs::write(path, bytes).unwrap();
        },
    ];
    for damage in damage {
        let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
        let house = left_by_one(spool.path(), 800);
        let all = segments(&house);
        damage(&all[0]);
        let (collector, finished) = next_life(spool.path(), &memory);
        let found = all_rows(&*memory);
        assert!((1..800).contains(&found.len()), "{}", found.len());
        let lost = 800 - found.len() as u64;
        assert_eq!(finished, Finished { written: found.len() as u64, pending: 0, lost });
        assert_eq!(counted(&collector, "lost", "torn"), lost);
        lawful(&collector);
        assert!(!house.exists());
    }
    // What is no segment is kept for a person to look at.
    let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
    let house = left_by_one(spool.path(), 10);
    std::fs::write(&segments(&house)[0], b"something else").unwrap();
    next_life(spool.path(), &memory);
    assert!(spool.path().join("damaged/pod-7-one-0000-00000000.segment").exists());
}

/// Rows of a plan that are damaged before its files are put: known by the plan's own count.
#[test]
fn planned_rows_that_are_gone_are_counted_as_lost() {
    let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
    let (hung, watch) = Scripted::over(Arc::<InMemory>::clone(&memory), |_| Act::Hang);
    let mut config = config_in(spool.path(), "one");
    config.roll.rows = 50;
    let collector = start(config, &hung, still);
    let mut hand = hand(&collector, schema());
    (0..50).for_each(|n| hand.append(record(n, 1)));
    watch.next_put();
    collector.finish(Duration::ZERO);
    drop(collector);
    let house = spool.path().join("pod-7-one");
    let path = &segments(&house)[0];
    let mut bytes = std::fs::read(path).unwrap();
    // In the body of an entry, not the first.
    bytes[2000] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let (collector, finished) = next_life(spool.path(), &memory);
    let found = all_rows(&*memory);
    assert!((1..50).contains(&found.len()), "{}", found.len());
    assert_eq!(found, expected(0..found.len(), 1));
    assert_eq!(finished.written, found.len() as u64);
    assert_eq!((finished.pending, counted(&collector, "lost", "encode")), (0, finished.lost));
    lawful(&collector);
    assert!(!house.exists());
}

#[test]
fn a_folder_of_another_name_or_format_is_left_as_it_is() {
    let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
    let house = left_by_one(spool.path(), 10);
    let renamed = spool.path().join("pod-8-one");
    std::fs::rename(&house, &renamed).unwrap();
    assert_eq!(next_life(spool.path(), &memory).1.written, 0);
    assert!(renamed.exists());
    std::fs::rename(&renamed, &house).unwrap();
    let lock = std::fs::read_to_string(house.join("lock")).unwrap();
    std::fs::write(house.join("lock"), lock.replace("\"format\":1", "\"format\":2")).unwrap();
    assert_eq!(next_life(spool.path(), &memory).1.written, 0);
    std::fs::write(house.join("lock"), lock).unwrap();
    assert_eq!(next_life(spool.path(), &memory).1.written, 10);
    assert!(!house.exists());
}

#[test]
fn what_was_being_deleted_or_made_is_deleted() {
    let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
    let house = left_by_one(spool.path(), 10);
    let gone = spool.path().join("pod-7-one.gone");
    std::fs::rename(&house, &gone).unwrap();
    let house = left_by_one(spool.path(), 10);
    std::fs::remove_file(house.join("journal.jsonl")).unwrap();
    assert_eq!(next_life(spool.path(), &memory).1.written, 0);
    assert!(!gone.exists() && !house.exists());
}

/// A spool that is full of what was left drops rows until the store has taken some of it; it never
/// grows.
#[test]
fn a_start_over_a_full_spool() {
    let (spool, memory) = (tempfile::tempdir().unwrap(), Arc::new(InMemory::new()));
    for boot in ["one", "second", "third", "fourth"] {
        let (hung, _watch) = Scripted::over(Arc::<InMemory>::clone(&memory), |_| Act::Hang);
        let collector = start(config_in(spool.path(), boot), &hung, still);
        let mut hand = hand(&collector, schema_of("green", boot));
        (0..4000).for_each(|n| hand.append(record(n, 1)));
        let ledger = lawful(&collector);
        assert_eq!(ledger.offered(), 4000);
        assert_eq!(ledger.dropped() + ledger.spooled(), 4000);
        collector.finish(Duration::ZERO);
        let houses = std::fs::read_dir(spool.path()).unwrap();
        let all = houses.flat_map(|house| segments(&house.unwrap().path()));
        let bytes: u64 = all.map(|path| std::fs::metadata(path).unwrap().len()).sum();
        assert!(bytes <= 4 << 16, "{bytes} after {boot}");
    }
    let finished = next_life(spool.path(), &memory).1;
    assert_eq!((finished.pending, finished.lost), (0, 0));
    assert_eq!(all_rows(&*memory).len() as u64, finished.written);
    assert!(finished.written > 0);
}
