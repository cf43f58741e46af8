//! What is counted, and that sums do not depend on how rows are split.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;

use super::{Profile, Tally};
use crate::baseline::{Baseline, Rows};
use crate::error::Error;

fn batch(prefix: &str, a: Vec<Option<f64>>, b: Vec<Option<f64>>) -> RecordBatch {
    let column = |name: &str, values: Vec<Option<f64>>| {
        let array: ArrayRef = Arc::new(Float64Array::from(values));
        (format!("{prefix}{name}"), array, true)
    };
    RecordBatch::try_from_iter_with_nullable([column("a", a), column("b", b)]).unwrap()
}

fn baseline() -> Arc<Baseline> {
    let a = (0..100).map(|i| Some(f64::from(i))).collect();
    let b = (0..100).map(|i| (i % 4 > 0).then_some(f64::from(i % 4))).collect();
    Arc::new(build(batch("", a, b)))
}

fn build(batch: RecordBatch) -> Baseline {
    let batches = [batch];
    let rows = Rows::of_batches(&batches).unwrap();
    Baseline::build(&rows, None, &mut |_| {}).unwrap()
}

/// Rows below and above the reference's range.
fn outside(tally: &Tally<'_>) -> (u64, u64) {
    (tally.counts()[0], *tally.counts().last().unwrap())
}

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

#[test]
fn rows_are_counted_in_bins_missing_and_out_of_range() {
    let mut profile = Profile::new(&baseline());
    let mut a = some(&[-5.0, 0.0, 9.4, 9.6, 99.0, 1e9, f64::NAN, f64::INFINITY]);
    a.push(None);
    profile.fold(&batch("in.", a, vec![None; 9])).unwrap();
    let tallies: Vec<_> = profile.columns().map(|(_, tally)| tally).collect();
    assert_eq!(profile.rows(), 9);
    // A bin for each of the hundred values, and two outside.
    assert_eq!(tallies[0].counts().len(), 102);
    assert_eq!(tallies[0].counts()[..2], [1, 1]);
    assert_eq!((tallies[0].counts()[10], tallies[0].counts()[11]), (1, 1));
    assert_eq!(outside(&tallies[0]), (1, 2));
    let beside = (tallies[0].nulls(), tallies[0].nans(), tallies[0].infinite());
    assert_eq!((beside, tallies[0].missing(), tallies[0].rows()), ((1, 1, 1), 2, 9));
    assert_eq!(tallies[0].range(), Some((-5.0, 1e9)));
    assert_eq!((tallies[1].missing(), tallies[1].rows(), tallies[1].range()), (9, 9, None));
}

#[test]
fn truth_values_are_numbers_and_texts_are_categories() {
    let word: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), Some("a"), Some("b"), None]));
    let flag: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, true]));
    let columns = [("word", word, true), ("flag", flag, true)];
    let training = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let baseline = Arc::new(build(training));
    let word: ArrayRef = Arc::new(StringArray::from(vec!["a", "c", "", "b", "d"]));
    let flag: ArrayRef = Arc::new(Float32Array::from(vec![0.0, 1.0, 1.0, 2.0, f32::NAN]));
    let columns = [("in.word", word), ("in.flag", flag)];
    let mut profile = Profile::new(&baseline);
    profile.fold(&RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    let counts: Vec<_> = profile.columns().map(|(_, tally)| tally.counts().to_vec()).collect();
    assert_eq!(counts, [vec![1, 1, 3], vec![0, 1, 2, 1]]);
    let reference: Vec<_> = baseline.columns().iter().map(|c| c.counts().to_vec()).collect();
    assert_eq!(reference, [vec![2, 1, 0], vec![0, 1, 3, 0]]);
}

#[test]
fn many_rows_are_counted_by_many_threads_alike() {
    let values = |n: u32| (0..n).map(|i| Some(f64::from(i % 97))).collect::<Vec<_>>();
    let baseline = baseline();
    let mut whole = Profile::new(&baseline);
    whole.fold(&batch("in.", values(9700), values(9700))).unwrap();
    let mut parts = Profile::new(&baseline);
    for _ in 0..100 {
        parts.fold(&batch("in.", values(97), values(97))).unwrap();
    }
    assert_eq!(parts, whole);
}

#[test]
fn the_reference_folds_back_into_its_own_counts() {
    let baseline = baseline();
    let a = (0..100).map(|i| Some(f64::from(i))).collect();
    let b = (0..100).map(|i| (i % 4 > 0).then_some(f64::from(i % 4))).collect();
    let mut profile = Profile::new(&baseline);
    profile.fold(&batch("in.", a, b)).unwrap();
    for (column, tally) in profile.columns() {
        assert_eq!(column.counts(), tally.counts());
        assert_eq!(column.missing(), tally.missing());
        assert_eq!(outside(&tally), (0, 0));
    }
}

#[test]
fn a_feature_without_a_column_has_no_rows() {
    let mut profile = Profile::new(&baseline());
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    profile.fold(&RecordBatch::try_from_iter([("in.a", a)]).unwrap()).unwrap();
    let rows: Vec<u64> = profile.columns().map(|(_, tally)| tally.rows()).collect();
    assert_eq!((profile.rows(), rows), (3, vec![3, 0]));
}

#[test]
fn text_is_refused_and_nothing_counted() {
    let mut profile = Profile::new(&baseline());
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let b: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let batch = RecordBatch::try_from_iter([("in.a", a), ("in.b", b)]).unwrap();
    let error = profile.fold(&batch).unwrap_err();
    assert_eq!(error.to_string(), "column `in.b` holds Utf8, unlike before");
    assert_eq!(profile, Profile::new(&baseline()));
}

#[test]
fn a_column_under_a_privacy_rule_is_not_counted_whatever_its_type() {
    let a: ArrayRef = Arc::new(Float64Array::from(vec![10.0, 20.0]));
    let b: ArrayRef = Arc::new(StringArray::from(vec!["4e5d", "ec9e"]));
    let told = |rule: &str| HashMap::from([("skeg.privacy".to_owned(), rule.to_owned())]);
    let fields = vec![
        Field::new("in.a", DataType::Float64, false).with_metadata(told(r#"{"bucket":10.0}"#)),
        Field::new("in.b", DataType::Utf8, false).with_metadata(told("\"hash\"")),
    ];
    let covered = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![a, b]).unwrap();
    let mut profile = Profile::new(&baseline());
    profile.fold(&covered).unwrap();
    profile.fold(&batch("in.", some(&[1.0]), some(&[1.0]))).unwrap();
    let twice = sum(&profile, &profile);
    let counts: Vec<_> = twice.columns().map(|(_, t)| (t.rows(), t.covered())).collect();
    assert_eq!((twice.rows(), counts), (6, vec![(2, 4), (2, 4)]));
}

#[test]
fn a_training_value_rounded_to_32_bits_is_not_out_of_range() {
    assert!(f64::from(0.7f32) < 0.7 && f64::from(0.8f32) > 0.8);
    let x: ArrayRef = Arc::new(Float64Array::from(vec![0.7, 0.72, 0.75, 0.8]));
    let training = RecordBatch::try_from_iter([("x", x)]).unwrap();
    let mut profile = Profile::new(&Arc::new(build(training)));
    let x: ArrayRef = Arc::new(Float32Array::from(vec![0.7, 0.72, 0.75, 0.8]));
    profile.fold(&RecordBatch::try_from_iter([("in.x", x)]).unwrap()).unwrap();
    let (column, tally) = profile.columns().next().unwrap();
    assert_eq!(outside(&tally), (0, 0));
    assert_eq!(tally.counts(), column.counts());
}

#[test]
fn profiles_over_different_baselines_do_not_add() {
    let other = Profile::new(&Arc::new(build(batch("", some(&[1.0]), some(&[1.0])))));
    let mut profile = Profile::new(&baseline());
    assert!(matches!(profile.merge(&other), Err(Error::Mismatch)));
    // An equal baseline, read from a file a second time, is the same.
    profile.merge(&Profile::new(&baseline())).unwrap();
}

fn rows() -> impl Strategy<Value = Vec<(Option<f64>, Option<f64>)>> {
    let value = || prop::option::of(prop_oneof![-50.0..150.0, Just(f64::NAN), any::<f64>()]);
    prop::collection::vec((value(), value()), 0..60)
}

fn counted(baseline: &Arc<Baseline>, rows: &[(Option<f64>, Option<f64>)]) -> Profile {
    let (a, b) = rows.iter().copied().unzip();
    let mut profile = Profile::new(baseline);
    profile.fold(&batch("in.", a, b)).unwrap();
    profile
}

fn sum(a: &Profile, b: &Profile) -> Profile {
    let mut sum = a.clone();
    sum.merge(b).unwrap();
    sum
}

proptest! {
    #[test]
    fn sums_do_not_depend_on_order_or_split(x in rows(), y in rows(), z in rows()) {
        let baseline = baseline();
        let [a, b, c] = [&x, &y, &z].map(|rows| counted(&baseline, rows));
        prop_assert_eq!(sum(&a, &b), sum(&b, &a));
        prop_assert_eq!(sum(&sum(&a, &b), &c), sum(&a, &sum(&b, &c)));
        prop_assert_eq!(sum(&a, &Profile::new(&baseline)), a.clone());
        let all: Vec<_> = x.into_iter().chain(y).chain(z).collect();
        let whole = counted(&baseline, &all);
        prop_assert_eq!(whole.rows(), all.len() as u64);
        for (_, tally) in whole.columns() {
            prop_assert_eq!(tally.rows(), all.len() as u64);
        }
        prop_assert_eq!(sum(&sum(&a, &b), &c), whole);
    }
}
