//! Windows: bounds, text, and which rows of a batch are inside.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use proptest::prelude::*;

use super::Window;

fn batch(times: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("event_time", times, true)]).unwrap()
}

/// The event times of each part that is inside.
fn inside(window: Window, times: &[i64]) -> Vec<Vec<i64>> {
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let parts = window.cut(&batch(Arc::new(times))).unwrap();
    let times =
        |part: &RecordBatch| part.column(0).as_primitive::<TimestampMicrosecondType>().clone();
    parts.iter().map(|part| times(part).values().to_vec()).collect()
}

#[test]
fn it_is_half_open() {
    let window = Window::new(10, 20).unwrap();
    assert_eq!(inside(window, &[9, 10, 19, 20]), [[10, 19]]);
    assert_eq!(inside(window, &[]), Vec::<Vec<i64>>::new());
    assert_eq!(inside(Window::new(10, 10).unwrap(), &[9, 10, 11]), Vec::<Vec<i64>>::new());
}

#[test]
fn rows_out_of_order_are_found() {
    let window = Window::new(10, 20).unwrap();
    assert_eq!(inside(window, &[11, 30, 12, 13, 5, 14]), [vec![11], vec![12, 13], vec![14]]);
}

#[test]
fn files_without_sound_event_times_are_refused() {
    let cut = |times: ArrayRef| Window::ALL.cut(&batch(times)).unwrap_err();
    let nulls = TimestampMicrosecondArray::from(vec![Some(1), None]);
    assert_eq!(cut(Arc::new(nulls)), "a row without an event time");
    let numbers = Int64Array::from(vec![1]);
    assert_eq!(cut(Arc::new(numbers)), "event times are no microsecond timestamps");
    let other: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let other = RecordBatch::try_from_iter([("x", other)]).unwrap();
    assert_eq!(Window::ALL.cut(&other).unwrap_err(), "no event times");
}

#[test]
fn windows_that_are_none_are_refused() {
    for (start, end) in [(20, 10), (-1, 10), (0, i64::MAX), (i64::MIN, 0)] {
        assert!(Window::new(start, end).is_err(), "{start} {end}");
    }
}

#[test]
fn it_reads_as_dates() {
    let day = 86_400_000_000;
    assert_eq!(
        Window::new(0, day + 1).unwrap().to_string(),
        "1970-01-01T00:00:00Z to 1970-01-02T00:00:00.000001Z"
    );
    assert_eq!(Window::ALL.to_string(), "1970-01-01T00:00:00Z to 9999-01-01T00:00:00Z");
}

proptest! {
    #[test]
    fn every_row_inside_is_taken_once(
        times in prop::collection::vec(0i64..100, 0..100), a in 0i64..100, b in 0i64..100,
    ) {
        let window = Window::new(a.min(b), a.max(b)).unwrap();
        let inside_of = |t: &i64| (a.min(b)..a.max(b)).contains(t);
        let expected: Vec<i64> = times.iter().copied().filter(inside_of).collect();
        prop_assert_eq!(inside(window, &times).concat(), expected);
    }
}
