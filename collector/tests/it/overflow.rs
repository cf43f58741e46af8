//! A full buffer drops and counts, exactly; so do records that do not fit their schema.

use std::sync::Arc;
use std::time::Duration;

use collector::{Collector, Config, Values};
use object_store::memory::InMemory;

use crate::rows::{TIME_US, all_rows, config, expected, lawful, record, schema, start, still};
use crate::scripted::{Act, Scripted, Watch};

/// Files on their way at once.
const PUTS: usize = 4;

/// A collector whose sink is stuck: four puts, of records 0 to 3, hang until the gate opens.
fn stuck(config: Config) -> (Collector, Arc<Scripted>, Watch) {
    let script = |put| if put < PUTS { Act::Hang } else { Act::Pass };
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), script);
    let collector = start(config, &store, still);
    let appender = collector.appender(schema());
    for number in 0..PUTS {
        appender.append(record(number, 1));
        watch.next_put();
    }
    (collector, store, watch)
}

#[test]
fn of_records() {
    let mut config = config();
    (config.roll.rows, config.buffer_records) = (1, 50);
    let (collector, store, _watch) = stuck(config);
    let appender = collector.appender(schema());
    (4..4 + 57).for_each(|n| appender.append(record(n, 2)));
    let ledger = lawful(&collector);
    assert_eq!(ledger.dropped_buffer_full, 14, "7 records of 2 rows");
    assert_eq!(ledger.pending(), 4 + 100);
    // The hung puts keep their places: nothing more can be written.
    let finished = collector.finish(Duration::from_millis(50));
    assert_eq!((finished.written, finished.pending, finished.lost), (0, 0, 104));
    assert_eq!(lawful(&collector).lost_shutdown, 104);
    assert!(all_rows(&*store).is_empty());
}

#[test]
fn of_bytes() {
    let mut config = config();
    (config.roll.rows, config.buffer_bytes) = (1, 100_000);
    let (collector, _store, _watch) = stuck(config);
    let appender = collector.appender(schema());
    // 1000 rows hold over 42,000 bytes: two fit, not three.
    (4..7).for_each(|n| appender.append(record(n, 1000)));
    // A small one still does.
    appender.append(record(8, 1));
    let ledger = lawful(&collector);
    assert_eq!((ledger.dropped_buffer_full, ledger.pending()), (1000, 4 + 2000 + 1));
    collector.finish(Duration::from_millis(50));
    lawful(&collector);
}

#[test]
fn larger_than_the_whole_buffer() {
    let mut config = config();
    config.buffer_bytes = 10_000;
    let store = Arc::new(InMemory::new());
    let collector = start(config, &store, still);
    let appender = collector.appender(schema());
    appender.append(record(1, 1000));
    appender.append(record(2, 10));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 10);
    assert_eq!(lawful(&collector).dropped_buffer_full, 1000);
    assert_eq!(all_rows(&*store), expected(2..3, 10));
}

#[test]
fn the_buffer_is_free_again_once_taken() {
    let mut config = config();
    config.buffer_bytes = 100_000;
    let (store, watch) = Scripted::over(Arc::new(InMemory::new()), |_| Act::Pass);
    config.roll.rows = 1;
    let collector = start(config, &store, still);
    let appender = collector.appender(schema());
    // Ten times what the buffer holds, but each is taken before the next comes.
    for number in 0..20 {
        appender.append(record(number, 1000));
        watch.next_put();
    }
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 20_000);
    assert_eq!(lawful(&collector).dropped(), 0);
}

#[test]
fn misfits() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let appender = collector.appender(schema());
    let good = || record(1, 2);
    let misfits = [
        collector::Record { values: good().values[..2].to_vec(), ..good() },
        collector::Record { rows: 3, ..good() },
        collector::Record { rows: usize::MAX / 2 + 2, ..good() },
        collector::Record { time_us: -1, ..good() },
        collector::Record { time_us: i64::MAX, ..good() },
        {
            let mut record = good();
            record.values[2] = Values::I32(vec![1, 2]);
            record
        },
    ];
    let rows = misfits.iter().map(|misfit| misfit.rows as u64).sum::<u64>();
    misfits.into_iter().for_each(|misfit| appender.append(misfit));
    appender.append(collector::Record { time_us: TIME_US, ..good() });
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 2);
    let ledger = lawful(&collector);
    assert_eq!((ledger.dropped_shape, ledger.dropped()), (rows, rows));
    assert_eq!(all_rows(&*store), expected(1..2, 2));
}

#[test]
fn after_the_end() {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let appender = collector.appender(schema());
    appender.append(record(1, 1));
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 1);
    appender.append(record(2, 5));
    assert_eq!(lawful(&collector).dropped_closed, 5);
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 1);
    let closed = collector.counters().into_iter().find(|c| c.reason == "closed");
    let closed = closed.expect("every reason is shown");
    assert_eq!((closed.endpoint.as_str(), closed.stage, closed.rows), ("fraud", "dropped", 5));
}
