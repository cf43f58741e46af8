//! ADWIN against river 0.26.1, index by index; the streams and indices are `make_detectors.py`'s.

use proptest::prelude::*;

use super::{Adwin, MAX_BUCKETS};
use crate::performance::tests::{fires_where_river_does, floats, near, scaled, streams};

#[test]
fn fires_where_river_fires() {
    fires_where_river_does("adwin", Adwin::default, Adwin::update);
    let sensitive = || Adwin::new(0.2).unwrap();
    fires_where_river_does("adwin_delta_0.2", sensitive, Adwin::update);
}

#[test]
fn the_stream_of_rivers_doc_string() {
    let mut adwin = Adwin::default();
    let fired = scaled(&streams()[0], "values").iter().position(|value| adwin.update(*value));
    assert_eq!(fired, Some(1023));
    // river's `width` and `estimation` there: 24 values after the change, and the 8 before it.
    assert_eq!((adwin.width(), adwin.mean()), (32, Some(4.5)));
    adwin.update(7.0);
    assert_eq!((adwin.width(), adwin.mean()), (1, Some(7.0)), "a window of its own");
}

#[test]
fn its_window_is_rivers_wherever_it_fires_and_at_the_end() {
    for case in streams() {
        let mut adwin = Adwin::default();
        let mut windows = case["adwin_windows"].as_array().unwrap().iter();
        let values = scaled(&case, "values");
        for (index, value) in values.iter().enumerate() {
            if !adwin.update(*value) && index + 1 < values.len() {
                continue;
            }
            let window = floats(windows.next().unwrap());
            assert_eq!(adwin.width() as f64, window[0], "{} at {index}", case["name"]);
            near(adwin.mean(), Some(window[1]), 1e-12, "mean");
            // river's `variance` is the sum, too.
            let deviations = adwin.window.deviations;
            near(Some(deviations), Some(window[2]), 1e-12 * window[2].abs(), "deviations");
        }
        assert!(windows.next().is_none());
    }
}

#[test]
fn values_that_are_no_numbers_are_not_taken() {
    let mut adwin = Adwin::default();
    for value in [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e151, 3.0] {
        assert!(!adwin.update(value));
    }
    assert_eq!((adwin.width(), adwin.mean()), (2, Some(2.0)));
    assert_eq!(Adwin::default().mean(), None);
}

#[test]
fn delta_is_a_probability() {
    for delta in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
        assert!(Adwin::new(delta).is_err(), "{delta}");
    }
}

#[test]
fn memory_grows_with_the_logarithm() {
    let mut adwin = Adwin::default();
    for _ in 0..100_000 {
        assert!(!adwin.update(0.25));
    }
    assert_eq!(adwin.width(), 100_000);
    // 5 (2^levels - 1) values fit at most, and 3 of a level at least.
    assert!(adwin.window.levels.len() <= 16, "{}", adwin.window.levels.len());
    assert!(adwin.window.levels.iter().all(|level| level.len() <= MAX_BUCKETS));
}

proptest! {
    /// The window's width and mean are those of the last values, whatever these are.
    #[test]
    fn the_window_is_the_end_of_the_stream(
        values in proptest::collection::vec(prop_oneof![-1e3..1e3_f64, 0.0..1.0_f64], 1..600)
    ) {
        let mut adwin = Adwin::new(0.3).unwrap();
        for (index, value) in values.iter().enumerate() {
            adwin.update(*value);
            let width = adwin.width() as usize;
            prop_assert!(width >= 1 && width <= index + 1);
            let end = &values[index + 1 - width..=index];
            let mean = end.iter().sum::<f64>() / width as f64;
            prop_assert!((adwin.mean().unwrap() - mean).abs() <= 1e-8, "{width}");
        }
    }

    #[test]
    fn any_float_is_survived(values in proptest::collection::vec(any::<f64>(), 0..300)) {
        let mut adwin = Adwin::default();
        for value in values {
            adwin.update(value);
        }
        prop_assert!(adwin.window.deviations.is_finite() && adwin.window.total.is_finite());
    }
}
