//! `finish` keeps its budget and leaves no row uncounted; settings out of range do not start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::{Collector, Config, Error, Finished, Roll};
use object_store::memory::InMemory;

use crate::rows::{
    all_rows, config, counted, expected, hand, lawful, record, schema, start, still,
};
use crate::scripted::{Act, Scripted};

/// Far above what `finish` may take in these tests, far below a put's own time limit.
const PROMPT: Duration = Duration::from_secs(10);

#[test]
fn a_hanging_store_is_cut_off() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Hang);
    let mut config = config();
    config.roll.rows = 10;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    (0..95).for_each(|n| rows.append(record(n, 1)));
    watch.next_put();
    let begun = Instant::now();
    let finished = collector.finish(Duration::from_millis(100));
    assert!(begun.elapsed() < PROMPT, "took {:?}", begun.elapsed());
    assert_eq!(finished, Finished { written: 0, pending: 0, lost: 95 });
    assert_eq!(counted(&collector, "lost", "shutdown"), 95);
}

#[test]
fn a_thread_that_hangs_is_left_behind() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Block);
    let mut config = config();
    config.roll.rows = 10;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    (0..25).for_each(|n| rows.append(record(n, 1)));
    watch.next_put();
    let begun = Instant::now();
    let finished = collector.finish(Duration::from_millis(100));
    assert!(begun.elapsed() < PROMPT, "took {:?}", begun.elapsed());
    assert_eq!(finished, Finished { written: 0, pending: 25, lost: 0 });
    lawful(&collector);
}

#[test]
fn a_slow_store_within_the_budget() {
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Block);
    let mut config = config();
    config.roll.rows = 10;
    let collector = start(config, &store, still);
    let mut rows = hand(&collector, schema());
    (0..95).for_each(|n| rows.append(record(n, 1)));
    watch.next_put();
    let finished = std::thread::scope(|scope| {
        let finishing = scope.spawn(|| collector.finish(Duration::from_secs(60)));
        drop(watch.gate);
        finishing.join().expect("no panic")
    });
    assert_eq!(finished, Finished { written: 95, pending: 0, lost: 0 });
    lawful(&collector);
    assert_eq!(all_rows(&*store), expected(0..95, 1));
}

#[test]
fn settings_out_of_range_do_not_start() {
    const LONG: Duration = Duration::from_secs(1);
    type Change = fn(&mut Config);
    let cases: [(Change, &str); 11] = [
        (|c| c.replica = "../etc".to_owned(), "replica `../etc`"),
        (|c| c.replica = String::new(), "replica ``"),
        (|c| c.boot = "a-b".to_owned(), "boot id `a-b` holds a `-`"),
        (|c| c.writers = 0, "writers"),
        (|c| c.writers = usize::MAX, "writers"),
        (|c| c.spool.bytes = 1 << 20, "spool.bytes"),
        (|c| c.spool.age = Duration::ZERO, "spool.age"),
        (|c| c.spool.folder = Some("/proc/no/spool".into()), "spool, /proc/no/spool: "),
        (|c| c.roll = Roll { rows: 0, bytes: 1, age: LONG }, "roll.rows"),
        (|c| c.roll = Roll { rows: 1, bytes: 0, age: LONG }, "roll.bytes"),
        (|c| c.roll = Roll { rows: 1, bytes: 1, age: Duration::ZERO }, "roll.age"),
    ];
    for (change, want) in cases {
        let mut config = config();
        change(&mut config);
        let refused = Collector::start(config, Arc::new(InMemory::new()), still);
        let message = refused.expect_err(want).to_string();
        assert!(message.contains(want), "{message} names {want}");
    }
}

#[test]
fn names_are_in_the_errors_type() {
    let config = Config { boot: "x-y".to_owned(), ..config() };
    let started = Collector::start(config, Arc::new(InMemory::new()), still);
    assert!(matches!(started, Err(Error::Boot(boot)) if boot == "x-y"));
}
