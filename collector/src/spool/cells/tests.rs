//! Counts are read as they were added, while they are and from the file; freed slots are taken
//! again.

use super::{Cells, Count, Ink, Of, SLOTS, Tally};

/// Rows that were offered and spooled.
fn both(rows: i64) -> Tally {
    let mut tally = Tally::of(Count::Offered, rows);
    tally.add(Tally::of(Count::Spooled, rows));
    tally
}

fn tallies(cells: &Cells) -> Vec<(Of, Tally)> {
    cells.tallies().collect()
}

fn offer(ink: &mut Ink, of: Of, rows: u64) -> bool {
    ink.add(of, Count::Offered, rows) && ink.add(of, Count::Spooled, rows)
}

#[test]
fn counts_are_read_as_they_were_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells");
    let mut ink = Cells::create(&path).unwrap();
    let (first, second) = (Of { lane: 0, hour: 0 }, Of { lane: u32::MAX - 1, hour: 7 });
    for _ in 0..3 {
        assert!(offer(&mut ink, first, 2) && offer(&mut ink, second, 5));
    }
    for what in [Count::SampledOut, Count::SpoolFull, Count::Closed, Count::Shape] {
        assert!(ink.add(second, what, what as u64));
    }
    let mut other = both(15);
    for what in [Count::SampledOut, Count::SpoolFull, Count::Closed, Count::Shape] {
        other[what] = what as i64;
    }
    let wanted = vec![(first, both(6)), (second, other)];
    assert_eq!(tallies(ink.cells()), wanted);
    assert_eq!(tallies(&Cells::read(&path).unwrap()), wanted);
    assert!(Cells::create(&path).is_err());
    std::fs::write(&path, [0; 64]).unwrap();
    assert!(Cells::read(&path).unwrap_err().to_string().contains("64 bytes"));
}

#[test]
fn slots_are_freed_and_taken_again() {
    let mut ink = Cells::anonymous().unwrap();
    let of = |lane: usize| Of { lane: u32::try_from(lane).unwrap(), hour: 1 };
    assert!((0..SLOTS).all(|lane| offer(&mut ink, of(lane), 1)));
    assert!(!offer(&mut ink, of(SLOTS), 1));
    ink.cells().free(of(5));
    assert!(offer(&mut ink, of(SLOTS), 9) && !offer(&mut ink, of(5), 1));
    let found = tallies(ink.cells());
    assert_eq!(found.len(), SLOTS);
    assert!(
        found.contains(&(of(SLOTS), both(9))) && found.iter().all(|(found, _)| *found != of(5))
    );
}
