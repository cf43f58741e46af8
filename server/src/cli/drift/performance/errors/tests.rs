//! Order is that of time, and what changes is found after it changed.

use super::{Changes, Errors, Place, Room};

/// An error a second: none for 1,000, then all.
fn broken() -> Vec<f64> {
    let mut errors = vec![0.0; 1000];
    errors.extend([1.0; 1000]);
    errors
}

/// In that order of rows, each of its own time.
fn changes(errors: &[f64], order: impl Iterator<Item = usize>, are_classes: bool) -> Changes {
    let (mut kept, mut room) = (Errors::default(), Room::default());
    for row in order {
        let place = Place { time_us: row as i64, request: "a", index: 0 };
        kept.add(place, errors[row], &mut room).unwrap();
    }
    kept.changes(are_classes)
}

#[test]
fn a_model_that_goes_wrong_is_found_after_it_did() {
    let errors = broken();
    let found = changes(&errors, 0..errors.len(), true);
    let ddm = found.ddm.as_ref().unwrap();
    for (name, times) in
        [("adwin", &found.adwin), ("page-hinkley", &found.page_hinkley), ("ddm", &ddm.drift)]
    {
        assert!((1000..1100).contains(times.first().unwrap()), "{name}: {times:?}");
    }
    assert_eq!(found.errors, 2000);
    assert_eq!(changes(&errors, (0..errors.len()).rev(), true), found, "the order of rows");
}

#[test]
fn a_warning_is_said_once_as_long_as_it_lasts() {
    // A third of the rows wrong, then a little more of them.
    let mut errors: Vec<f64> = (0..600).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
    errors.extend((0..60).map(|row| f64::from(u8::from(row % 3 != 0))));
    let ddm = changes(&errors, 0..errors.len(), true).ddm.unwrap();
    assert!(ddm.drift.is_empty(), "{ddm:?}");
    assert!(ddm.warnings.len() == 1 && ddm.warnings[0] > 600, "{ddm:?}");
}

#[test]
fn steady_errors_are_no_change() {
    let errors: Vec<f64> = (0..5000).map(|row| f64::from(u8::from(row % 20 == 0))).collect();
    let found = changes(&errors, 0..errors.len(), true);
    assert!(found.adwin.is_empty() && found.page_hinkley.is_empty(), "{found:?}");
    assert!(found.ddm.unwrap().drift.is_empty());
}

#[test]
fn distances_are_not_for_ddm() {
    let errors: Vec<f64> = broken().iter().map(|error| 7.5 + 20.0 * error).collect();
    let found = changes(&errors, 0..errors.len(), false);
    assert_eq!(found.ddm, None);
    assert!(*found.adwin.first().unwrap() >= 1000);
}

#[test]
fn rows_of_one_time_go_by_request_then_by_index() {
    let fires = |rows: &[(&str, u32, f64)]| {
        let (mut kept, mut room) = (Errors::default(), Room::default());
        for (request, index, error) in rows.iter().rev() {
            kept.add(Place { time_us: 5, request, index: *index }, *error, &mut room).unwrap();
        }
        kept.changes(true).ddm.unwrap().drift
    };
    // Right ones come first: in another order, errors would only fall, or come evenly.
    let by_index: Vec<_> =
        (0..1000).map(|index| ("a", index, f64::from(u8::from(index >= 500)))).collect();
    assert_eq!(fires(&by_index), [5]);
    let by_request: Vec<_> =
        (0..500).flat_map(|index| [("a", index, 0.0), ("b", index, 1.0)]).collect();
    assert_eq!(fires(&by_request), [5]);
}

#[test]
fn there_is_an_end_of_what_is_kept() {
    let (mut kept, mut room) = (Errors::default(), Room(1));
    let place = Place { time_us: 1, request: "a", index: 0 };
    kept.add(place, 1.0, &mut room).unwrap();
    assert!(kept.add(place, 1.0, &mut room).unwrap_err().contains("shorter window"));
}
