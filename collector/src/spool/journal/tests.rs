//! A journal that is read again says what the one that was written did, wherever it is cut.

use std::collections::BTreeSet;

use super::{Account, Journal, LINES, Piece, Plan};
use crate::spool::cells::Of;
use crate::spool::tally::{Count, Tally};

const OF: Of = Of { lane: 3, hour: 500_000 };

fn plan(batch: u64) -> Plan {
    let at = usize::try_from(batch).unwrap() * 100;
    let pieces = vec![
        Piece { writer: 0, segment: batch, from: at, to: at + 100 },
        Piece { writer: 1, segment: 7, from: at, to: at + 100 },
    ];
    let accounts = vec![Account { of: OF, tally: Tally::of(Count::Offered, 10) }];
    let rows = vec![vec![(OF, 10)]];
    Plan { batch, time_us: 1, first_file: batch * 2, rows, accounts_files: 1, pieces, accounts }
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = Journal::create(Some(path.clone())).unwrap();
    for batch in 0..3 {
        journal.plan(plan(batch)).unwrap();
    }
    let unsaid = vec![Account { of: OF, tally: Tally::of(Count::Offered, 3) }];
    journal.done(1, vec![(OF, Tally::of(Count::LostPut, 4))], unsaid).unwrap();
    let state = journal.state().clone();
    assert_eq!(state.open.keys().copied().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(
        (state.next, state.said[&OF][Count::Offered], state.lost[&OF][Count::LostPut]),
        ((3, 6), 27, 4)
    );
    let of = |segments: &[u64]| BTreeSet::from_iter(segments.iter().copied());
    assert_eq!((state.needed(0), state.needed(1)), ((2, of(&[0, 2])), (7, of(&[7]))));
    assert_eq!(state.needed(2), (0, of(&[])));
    assert_eq!(Journal::resume(&path).unwrap().state(), &state);

    journal.done(0, Vec::new(), Vec::new()).unwrap();
    assert_eq!(journal.state().needed(0), (2, of(&[2])));
    journal.settled(BTreeSet::from([OF])).unwrap();
    assert!(journal.state().said.is_empty());
    assert_eq!(Journal::resume(&path).unwrap().state(), journal.state());
}

#[test]
fn a_line_that_is_cut_off_was_never_acted_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = Journal::create(Some(path.clone())).unwrap();
    journal.plan(plan(0)).unwrap();
    let (before, whole) = (journal.state().clone(), std::fs::read(&path).unwrap().len());
    journal.plan(plan(1)).unwrap();
    let all = std::fs::read(&path).unwrap();
    for end in whole..all.len() {
        std::fs::write(&path, &all[..end]).unwrap();
        let mut resumed = Journal::resume(&path).unwrap();
        assert_eq!(resumed.state(), &before);
        resumed.plan(plan(1)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), all);
    }
    let mut damaged = all;
    damaged[10] = b'#';
    std::fs::write(&path, damaged).unwrap();
    assert!(Journal::resume(&path).unwrap_err().to_string().starts_with("line 1: "));
}

#[test]
fn a_long_journal_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = Journal::create(Some(path.clone())).unwrap();
    let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
    let mut most = 0;
    for batch in 0..LINES as u64 * 2 {
        journal.plan(plan(batch)).unwrap();
        journal.done(batch, Vec::new(), Vec::new()).unwrap();
        if batch % 512 == 511 {
            most = most.max(lines());
        }
    }
    assert!((1024..=LINES + 1).contains(&most), "{most}");
    assert_eq!(Journal::resume(&path).unwrap().state(), journal.state());
    assert_eq!(journal.state().next.0, LINES as u64 * 2);
}
