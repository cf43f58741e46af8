//! The law, and what is shown of it.

use super::*;

fn ledger(counts: &[(Count, i64)], written: u64) -> Ledger {
    let mut ledger = Ledger { written, ..Ledger::default() };
    counts.iter().for_each(|(count, rows)| ledger.front(Tally::of(*count, *rows)));
    ledger
}

#[test]
fn the_law_notices_a_missing_row() {
    use Count::{Closed, LostPut, Offered, SampledOut, Shape, SpoolFull, Spooled};
    let all = [
        (Offered, 21),
        (SampledOut, 1),
        (SpoolFull, 2),
        (Closed, 3),
        (Shape, 4),
        (Spooled, 11),
        (LostPut, 5),
    ];
    let whole = ledger(&all, 4);
    assert!(whole.holds());
    assert_eq!((whole.dropped(), whole.lost(), whole.pending()), (9, 5, 2));
    for missing in [0, 1, 2, 3, 4, 5] {
        let mut fewer = all;
        fewer[missing].1 -= 1;
        assert!(!ledger(&fewer, 4).holds(), "{missing}");
    }
    assert!(!ledger(&all, 7).holds(), "more written than spooled");
    let recovered = Ledger { recovered: 1, ..ledger(&all, 7) };
    assert!(recovered.holds());
}

#[test]
fn every_stage_of_every_endpoint_is_shown() {
    let (house, _ink) = House::new(None, ("r", "b"), "", 1).unwrap();
    let books = Books::default();
    books.count("b", |ledger| ledger.front(Tally::of(Count::Offered, 1)));
    books.count("a", |ledger| ledger.front(Tally::of(Count::Offered, 2)));
    books.count("a", |ledger| ledger.written += 3);
    let counted = books.counted(&house);
    assert_eq!(counted.len(), 26);
    let rows = |of: &str, stage: &str| {
        let one = counted.iter().find(|c| c.endpoint == of && c.stage == stage);
        one.unwrap().rows
    };
    assert_eq!((rows("a", "offered"), rows("a", "written"), rows("b", "offered")), (2, 3, 1));
    assert_eq!(books.total(&house).offered(), 3);
}
