//! Page-Hinkley against river 0.26.1, index by index; see `make_detectors.py`.

use super::{PageHinkley, PageHinkleyParams};
use crate::performance::tests::{fires_where_river_does, scaled, streams};

#[test]
fn fires_where_river_fires() {
    fires_where_river_does("page_hinkley", PageHinkley::default, PageHinkley::update);
    let params = PageHinkleyParams { min_values: 100, delta: 0.05, threshold: 8.0, alpha: 0.999 };
    let other = || PageHinkley::new(params);
    fires_where_river_does("page_hinkley_other", other, PageHinkley::update);
}

#[test]
fn the_stream_of_rivers_doc_string() {
    let mut detector = PageHinkley::default();
    let values = scaled(&streams()[0], "values");
    assert_eq!(values.iter().position(|value| detector.update(*value)), Some(1006));
}

#[test]
fn values_that_are_no_numbers_are_not_taken() {
    let mut with = PageHinkley::default();
    let mut without = PageHinkley::default();
    for (index, value) in scaled(&streams()[0], "values").into_iter().enumerate() {
        assert!(!with.update([f64::NAN, f64::INFINITY, -1e151][index % 3]));
        assert_eq!(with.update(value), without.update(value));
        assert_eq!(with.sums, without.sums);
    }
}
