//! What cannot be brought about from outside: rows that fail to encode.

use object_store::memory::InMemory;

use super::*;
use crate::counts::{Books, Lane, Ledger};
use crate::histogram::Histogram;
use crate::roll::Roll;
use crate::row::{Kind, Record, Values};
use crate::schema::RowSchema;
use crate::schema::tests::{block, source};

/// A sink that is driven by hand, and the counters of one of its endpoints.
fn sink() -> (Sink, Arc<Lane>, mpsc::Sender<Queued>) {
    let roll = Roll { rows: 100, bytes: 1 << 20, age: Duration::from_secs(60) };
    let config = Config {
        replica: "r".to_owned(),
        boot: "b".to_owned(),
        roll,
        buffer_records: 8,
        buffer_bytes: 1 << 20,
    };
    let (queue, records) = mpsc::channel(config.buffer_records);
    let puts = Arc::new(Histogram::default());
    let publisher = Publisher::new(Arc::new(InMemory::new()), || 0, puts);
    let budget = Arc::new(Budget::new(1 << 20));
    let schema = Arc::new(RowSchema::new(source(), vec![block(Kind::U8, &["in.a"])]).unwrap());
    let lane = Arc::new(Lane { schema, counts: Books::default().of("fraud") });
    (Sink::new(config, publisher, records, budget), lane, queue)
}

fn queued(lane: &Arc<Lane>, values: Values) -> Queued {
    let record = Record {
        request_id: String::new(),
        time_us: 0,
        latency_us: 0,
        revision: 0,
        rows: 1,
        values: vec![values],
    };
    Queued { record, stake: Stake::buffered(lane, 1), bytes: 0 }
}

fn ledger(lane: &Lane) -> Ledger {
    lane.counts.ledger()
}

#[tokio::test(flavor = "current_thread")]
async fn rows_that_do_not_encode_are_lost_with_their_file_only() {
    let (mut sink, lane, _queue) = sink();
    sink.add(queued(&lane, Values::U8(vec![1])), 0);
    sink.add(queued(&lane, Values::U16(vec![2])), 0);
    let key = *sink.files.keys().next().unwrap();
    sink.close(key);
    assert_eq!((ledger(&lane).lost_encode, sink.puts.len()), (2, 0));
    sink.add(queued(&lane, Values::U8(vec![3])), 0);
    sink.close(key);
    sink.next_put().await;
    assert_eq!((ledger(&lane).written, ledger(&lane).lost()), (1, 2));
    assert_eq!(ledger(&lane).pending(), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn a_dropped_sink_counts_what_it_held() {
    let (mut sink, lane, queue) = sink();
    sink.add(queued(&lane, Values::U8(vec![1])), 0);
    sink.inbox.push_back(queued(&lane, Values::U8(vec![2])));
    queue.try_send(queued(&lane, Values::U8(vec![3]))).unwrap();
    assert_eq!(ledger(&lane).pending(), 3);
    drop(sink);
    assert_eq!((ledger(&lane).lost_shutdown, ledger(&lane).pending()), (3, 0));
}

#[test]
fn a_panic_is_an_error() {
    let (_sink, lane, _queue) = sink();
    let stake = Stake::buffered(&lane, 1);
    let failed = guarded::<()>(&stake, || panic!("number {}", 7));
    let Err(Error::Encode { of, why }) = failed else { panic!("an error") };
    assert_eq!((of.as_str(), why.as_str()), ("fraud/blue/cards:2", "panicked: number 7"));
    assert_eq!(guarded(&stake, || Ok(3)).unwrap(), 3);
    assert_eq!(panic_text(&7), "unknown panic");
}
