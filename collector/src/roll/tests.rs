//! Each rule closes a file at its limit and not before.

use super::*;

/// Some hour, and the instant it begins.
const HOUR: i64 = 498_730;
const START_US: i64 = HOUR * HOUR_US;

const ROLL: Roll = Roll { rows: 100, bytes: 1000, age: Duration::from_secs(60) };

fn open() -> Open {
    Open { rows: 99, bytes: 999, opened_us: START_US, hour: HOUR }
}

#[test]
fn by_rows_bytes_and_age() {
    let now_us = START_US + 59_999_999;
    assert!(!ROLL.closes(&open(), now_us));
    assert!(ROLL.closes(&Open { rows: 100, ..open() }, now_us));
    assert!(ROLL.closes(&Open { bytes: 1000, ..open() }, now_us));
    assert!(ROLL.closes(&open(), now_us + 1));
}

#[test]
fn by_the_hour_with_grace() {
    let roll = Roll { age: Duration::from_hours(24), ..ROLL };
    let end_us = START_US + HOUR_US;
    assert!(!roll.closes(&open(), end_us));
    assert!(!roll.closes(&open(), end_us + HOUR_GRACE_US - 1));
    assert!(roll.closes(&open(), end_us + HOUR_GRACE_US));
    // Rows of an hour long past gather as long as late ones do.
    let late = Open { opened_us: end_us + 40 * HOUR_US, ..open() };
    assert!(!roll.closes(&late, late.opened_us + HOUR_GRACE_US - 1));
    assert!(roll.closes(&late, late.opened_us + HOUR_GRACE_US));
}

#[test]
fn a_clock_that_went_back_closes() {
    assert!(ROLL.closes(&open(), START_US - 1));
    assert!(ROLL.closes(&open(), i64::MIN));
    assert!(ROLL.closes(&Open { opened_us: i64::MIN, hour: i64::MAX, ..open() }, i64::MAX));
}

#[test]
fn crowds() {
    assert!(!ROLL.crowded(MAX_OPEN_FILES, 4000));
    assert!(ROLL.crowded(MAX_OPEN_FILES + 1, 0));
    assert!(ROLL.crowded(2, 4001));
    assert!(!Roll { bytes: usize::MAX, ..ROLL }.crowded(1, usize::MAX));
}

#[test]
fn settings() {
    let refused = |roll: Roll| match roll.check() {
        Err(Error::Config { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert!(ROLL.check().is_ok());
    assert_eq!(refused(Roll { rows: 0, ..ROLL }), "roll.rows");
    assert_eq!(refused(Roll { rows: usize::MAX, ..ROLL }), "roll.rows");
    assert_eq!(refused(Roll { bytes: 0, ..ROLL }), "roll.bytes");
    assert_eq!(refused(Roll { bytes: usize::MAX, ..ROLL }), "roll.bytes");
    assert_eq!(refused(Roll { age: Duration::ZERO, ..ROLL }), "roll.age");
    assert_eq!(refused(Roll { age: Duration::MAX, ..ROLL }), "roll.age");
}
