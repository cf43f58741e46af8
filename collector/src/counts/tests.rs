//! No stake is forgotten, whatever happens to it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::row::Kind;
use crate::schema::tests::{block, source};

fn lane(books: &Books) -> Arc<Lane> {
    let schema = RowSchema::new(source(), vec![block(Kind::F32, &["in.a"])]).unwrap();
    Arc::new(Lane { schema: Arc::new(schema), counts: books.of("fraud") })
}

#[test]
fn each_way_to_settle() {
    let books = Books::default();
    let lane = lane(&books);
    let stake = |rows| Stake::buffered(&lane, rows);
    stake(1).written();
    stake(20).lost(Lost::Put);
    stake(300).lost(Lost::Encode);
    drop(stake(4000));
    let mut sum = stake(50_000);
    sum.absorb(stake(600_000));
    assert_eq!(sum.rows(), 650_000);
    let ledger = lane.counts.ledger();
    assert_eq!((ledger.pending(), ledger.lost_shutdown), (650_000, 4000));
    sum.written();
    let ledger = lane.counts.ledger();
    assert_eq!((ledger.written, ledger.pending()), (650_001, 0));
    assert_eq!((ledger.lost_put, ledger.lost_encode, ledger.lost()), (20, 300, 4320));
}

#[test]
fn a_panic_costs_the_stage_it_struck() {
    let books = Books::default();
    let lane = lane(&books);
    let stake = |rows| Stake::buffered(&lane, rows);
    let unwind = |stake: Stake| {
        catch_unwind(AssertUnwindSafe(move || {
            let _held = stake;
            panic!("on purpose");
        }))
    };
    assert!(unwind(stake(7)).is_err());
    assert!(unwind(stake(11).encoded()).is_err());
    let ledger = lane.counts.ledger();
    assert_eq!((ledger.lost_encode, ledger.lost_put, ledger.lost_shutdown), (7, 11, 0));
}

#[test]
fn the_law_notices_a_missing_row() {
    let books = Books::default();
    let lane = lane(&books);
    lane.counts.offered(10);
    assert!(!lane.counts.ledger().holds());
    lane.counts.dropped(Dropped::BufferFull, 1);
    lane.counts.dropped(Dropped::Closed, 2);
    lane.counts.dropped(Dropped::Shape, 3);
    assert!(!lane.counts.ledger().holds());
    Stake::buffered(&lane, 4).written();
    assert!(lane.counts.ledger().holds());
    assert_eq!(lane.counts.ledger().dropped(), 6);
    let impossible = Ledger { offered: 1, buffered: 1, written: 2, ..Ledger::default() };
    assert!(!impossible.holds());
}

#[test]
fn every_stage_of_every_endpoint_is_shown() {
    let books = Books::default();
    books.of("b").offered(1);
    books.of("a").offered(2);
    books.of("a").offered(3);
    let counted = books.counted();
    assert_eq!(counted.len(), 20);
    let offered = |of: &str| {
        let one = counted.iter().find(|c| c.endpoint == of && c.stage == "offered");
        one.unwrap().rows
    };
    assert_eq!((offered("a"), offered("b")), (5, 1));
    assert_eq!(books.total().offered, 6);
}
