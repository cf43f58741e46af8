//! Bars: few values, many values, categories; nothing is lost in drawing.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use proptest::prelude::*;

use super::{BARS, Histogram, number};
use crate::baseline::{Baseline, Rows};
use crate::profile::Profile;

fn drawn(reference: ArrayRef, current: ArrayRef) -> Histogram {
    let batch = |column| RecordBatch::try_from_iter([("x", column)]).unwrap();
    let batches = [batch(reference)];
    let rows = Rows::of_batches(&batches).unwrap();
    let baseline = Arc::new(Baseline::build(&rows, None, &mut |_| {}).unwrap());
    let mut profile = Profile::new(&baseline);
    profile.fold(&batch(current)).unwrap();
    let (column, tally) = profile.columns().next().unwrap();
    Histogram::new(column, (column, column.counts()), tally.counts())
}

fn numbers(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

#[test]
fn each_of_few_values_has_a_bar() {
    let found = drawn(numbers([0.0, 0.0, 1.0, 7.5]), numbers([-1.0, 7.5]));
    assert_eq!(found.labels, ["< 0", "0", "1", "7.5", "> 7.5"]);
    assert_eq!(found.reference, [0.0, 0.5, 0.25, 0.25, 0.0]);
    assert_eq!(found.current, [0.5, 0.0, 0.0, 0.5, 0.0]);
}

#[test]
fn many_values_have_bars_of_one_width() {
    let found = drawn(numbers((0..10_000).map(f64::from)), numbers([1e9, -1e9, 5000.0, 5000.0]));
    assert_eq!(found.labels.len(), BARS + 2);
    let inner = &found.reference[1..=BARS];
    assert!(inner.iter().all(|share| (share - 0.98 / 24.0).abs() < 0.001), "{inner:?}");
    assert_eq!((found.current[0], found.current[BARS + 1]), (0.25, 0.25));
    assert!((found.current[12] + found.current[13] - 0.5).abs() < 1e-9, "{found:?}");
}

#[test]
fn categories_beyond_twelve_are_one_bar() {
    let texts = |n: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..n).map(|i| format!("c{i:02}"))))
    };
    let found = drawn(texts(15), Arc::new(StringArray::from(vec!["c01", "c14", "new", "new"])));
    assert_eq!(found.labels[11..], ["c11", "3 others", "not in the baseline"]);
    assert_eq!(found.current[11..], [0.0, 0.25, 0.5]);
    assert_eq!(drawn(texts(2), texts(2)).labels, ["c00", "c01", "not in the baseline"]);
}

#[test]
fn numbers_are_short() {
    let texts = [0.0, 1.0, -0.5, 1234.567, 0.001_234_56, 1e9, -1e-9, 99.0].map(number);
    assert_eq!(texts, ["0", "1", "-0.5", "1235", "0.001235", "1.000e9", "-1.000e-9", "99"]);
}

proptest! {
    #[test]
    fn shares_add_up_to_one(
        reference in prop::collection::vec(-1e3f64..1e3, 1..300),
        current in prop::collection::vec(any::<f64>().prop_filter("NaN", |v| !v.is_nan()), 1..50),
    ) {
        let found = drawn(numbers(reference), numbers(current));
        for side in [&found.reference, &found.current] {
            prop_assert_eq!(side.len(), found.labels.len());
            prop_assert!((side.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{found:?}");
            prop_assert!(side.iter().all(|share| *share >= 0.0), "{found:?}");
        }
    }
}
