//! Each way in which the law can break, and the ways in which it only seems to.

use super::*;

const END_US: i64 = 7_200_000_000;
const LATER_US: i64 = END_US + OPEN_US;

fn sums(counts: &[(Count, i64)], found: i64) -> Sums {
    let mut sums = Sums { found, files: 1, ..Sums::default() };
    counts.iter().for_each(|(count, rows)| sums.tally.add(Tally::of(*count, *rows)));
    sums
}

/// 100 offered: 10 left out, 6 refused, 84 spooled, 80 planned.
fn all() -> Vec<(Count, i64)> {
    vec![
        (Count::Offered, 100),
        (Count::SampledOut, 10),
        (Count::SpoolFull, 3),
        (Count::Closed, 2),
        (Count::Shape, 1),
        (Count::Spooled, 84),
        (Count::Planned, 80),
        (Count::LostTorn, 4),
        (Count::LostEncode, 5),
        (Count::LostPut, 6),
        (Count::LostExpired, 7),
    ]
}

fn with(count: Count, rows: i64) -> Vec<(Count, i64)> {
    all().into_iter().chain([(count, rows)]).collect()
}

#[test]
fn it_holds_to_the_row() {
    for now_us in [END_US, LATER_US] {
        let sound = sums(&all(), 62);
        assert_eq!((sound.pending(), sound.said()), (0, 62));
        assert_eq!(judge(&sound, END_US, now_us), (Holds::Yes, Vec::new()));
    }
    assert_eq!(judge(&Sums::default(), END_US, LATER_US).0, Holds::Yes);
}

#[test]
fn rows_found_are_rows_said_at_any_time() {
    for found in [61, 63] {
        for now_us in [END_US, LATER_US] {
            let (holds, why) = judge(&sums(&all(), found), END_US, now_us);
            assert_eq!(holds, Holds::No);
            assert_eq!(why, [format!("62 rows said to be in files, {found} found")]);
        }
    }
}

#[test]
fn rows_that_nothing_became_of() {
    let lacking = sums(&with(Count::Offered, 1), 62);
    assert_eq!(judge(&lacking, END_US, LATER_US - 1).0, Holds::Pending);
    let (holds, why) = judge(&lacking, END_US, LATER_US);
    assert_eq!(holds, Holds::No);
    assert_eq!(why, ["101 rows offered, 100 sampled out, dropped, spooled"]);
    // More than were offered are never on their way.
    for count in [Count::SampledOut, Count::SpoolFull, Count::Closed, Count::Shape] {
        assert_eq!(judge(&sums(&with(count, 1), 62), END_US, END_US).0, Holds::No, "{count:?}");
    }
}

#[test]
fn rows_in_a_spool_are_pending_until_the_hour_is_closed() {
    let mut counts = with(Count::Offered, 9);
    counts.push((Count::Spooled, 9));
    let waiting = sums(&counts, 62);
    assert_eq!(waiting.pending(), 9);
    assert_eq!(judge(&waiting, END_US, LATER_US - 1).0, Holds::Pending);
    assert_eq!(
        judge(&waiting, END_US, LATER_US),
        (Holds::No, vec!["9 rows are in no file".into()])
    );
}

#[test]
fn rows_planned_before_they_are_counted() {
    let early = sums(&with(Count::Planned, 2), 64);
    assert_eq!(early.pending(), -2);
    assert_eq!(judge(&early, END_US, END_US).0, Holds::Pending);
    assert_eq!(judge(&early, END_US, LATER_US).0, Holds::No);
}

#[test]
fn what_a_shutdown_lost_was_in_the_spool_as_far_as_it_can_be() {
    let counts = [(Count::Offered, 10), (Count::Spooled, 10), (Count::Planned, 6)];
    let lost = |rows| [&counts[..], &[(Count::LostShutdown, rows)]].concat();
    for (rows, pending, said) in [(0, 4, 6), (3, 1, 6), (4, 0, 6), (5, 0, 5)] {
        let sums = sums(&lost(rows), 0);
        assert_eq!((sums.pending(), sums.said()), (pending, said), "{rows}");
    }
}

#[test]
fn files_that_nobody_speaks_of() {
    let (holds, why) = judge(&sums(&[], 5), END_US, END_US);
    assert_eq!((holds, why), (Holds::No, vec!["5 rows in files that no accounts speak of".into()]));
    let early = Sums { early: 5, files: 1, ..Sums::default() };
    assert_eq!(judge(&early, END_US, END_US).0, Holds::Pending);
}

#[test]
fn absurd_numbers_are_numbers() {
    let worst = Count::ALL.map(|count| (count, i64::MIN));
    assert_eq!(judge(&sums(&worst, i64::MAX), END_US, LATER_US).0, Holds::No);
    let most = Count::ALL.map(|count| (count, i64::MAX));
    assert_eq!(judge(&sums(&most, 0), END_US, i64::MIN).0, Holds::No);
}
