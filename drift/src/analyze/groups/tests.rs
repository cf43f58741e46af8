//! Which bins go together.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};

use super::{bins, groups, outside};
use crate::baseline::{Baseline, Column, Rows};
use crate::profile::Profile;

fn batch(column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap()
}

fn baseline(column: ArrayRef) -> Arc<Baseline> {
    let batches = [batch(column)];
    let rows = Rows::of_batches(&batches).unwrap();
    Arc::new(Baseline::build(&rows, None, &mut |_| {}).unwrap())
}

fn numbers(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

/// Rows of the reference and of `current` in each group.
fn compared(reference: ArrayRef, current: ArrayRef) -> Vec<(u64, u64)> {
    let mut profile = Profile::new(&baseline(reference));
    profile.fold(&batch(current)).unwrap();
    let (column, tally) = profile.columns().next().unwrap();
    bins(column, column.counts(), tally.counts())
        .iter()
        .map(|bin| (bin.reference, bin.current))
        .collect()
}

fn sizes(reference: ArrayRef) -> Vec<u64> {
    let baseline = baseline(reference);
    let column: &Column = &baseline.columns()[0];
    let mut sizes = vec![0; groups(column).last().unwrap() + 1];
    groups(column).iter().zip(column.counts()).for_each(|(group, count)| sizes[*group] += count);
    sizes
}

#[test]
fn many_values_make_ten_equal_groups() {
    assert_eq!(sizes(numbers((0..50_000).map(f64::from))), [5000; 10]);
    assert_eq!(sizes(numbers((0..100).map(f64::from))), [10; 10]);
    // What is out of range goes with the first and the last.
    let out = compared(numbers((0..50_000).map(f64::from)), numbers([-1.0, 60_000.0, 60_001.0]));
    assert_eq!((out[0], out[9]), ((5000, 1), (5000, 2)));
}

#[test]
fn few_values_make_few_groups_and_room_for_values_never_seen() {
    let halves = || numbers((0..100).map(|i| f64::from(i % 2)));
    assert_eq!(
        compared(halves(), numbers([-1.0, 0.0, 1.0, 7.0])),
        [(0, 1), (50, 1), (50, 1), (0, 1)]
    );
    assert_eq!(compared(numbers([5.0; 9]), numbers([4.9, 5.0, 5.1])), [(0, 1), (9, 1), (0, 1)]);
}

#[test]
fn a_mass_at_one_end_gets_room_at_that_end() {
    // Amounts capped at 100 for a fifth of the rows.
    let values = (0..80).map(f64::from).chain([100.0; 20]);
    assert_eq!(sizes(numbers(values)), [10, 10, 10, 10, 10, 10, 10, 10, 20, 0]);
}

#[test]
fn categories_beyond_fifty_are_taken_together() {
    let texts = |count: usize| -> ArrayRef {
        let each = (0..count).flat_map(|i| std::iter::repeat_n(format!("c{i:03}"), 200 - i));
        Arc::new(StringArray::from_iter_values(each))
    };
    let few = compared(texts(3), Arc::new(StringArray::from(vec!["c001", "new"])));
    assert_eq!(few, [(200, 0), (199, 1), (198, 0), (0, 1)]);
    let many = sizes(texts(60));
    assert_eq!(many.len(), 52);
    assert_eq!(many[50..], [(50..60).map(|i| 200 - i).sum::<u64>(), 0]);
}

#[test]
fn what_the_reference_has_no_place_for_is_counted() {
    let mut profile = Profile::new(&baseline(numbers((0..100).map(f64::from))));
    profile.fold(&batch(numbers([-1.0, f64::NEG_INFINITY, 99.0, 99.5, 1e9]))).unwrap();
    let (column, tally) = profile.columns().next().unwrap();
    let found = outside(column, tally.counts());
    assert_eq!((found.below, found.above, found.unseen), (2, 2, 0));
}
