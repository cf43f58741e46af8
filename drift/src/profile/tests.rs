//! What is counted, and that sums do not depend on how rows are split.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;

use super::Profile;
use crate::baseline::Baseline;
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
    let features = ["a".to_owned(), "b".to_owned()];
    Arc::new(Baseline::build([batch("", a, b)], &features).unwrap())
}

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

#[test]
fn rows_are_counted_in_bins_missing_and_out_of_range() {
    let mut profile = Profile::new(&baseline());
    let a = some(&[-5.0, 0.0, 9.4, 9.6, 99.0, 1e9, f64::NAN, f64::INFINITY]);
    profile.fold(&batch("in.", a, vec![None; 8]), "in.").unwrap();
    let tallies: Vec<_> = profile.features().map(|(_, tally)| tally).collect();
    assert_eq!(profile.rows(), 8);
    assert_eq!(tallies[0].counts(), [3, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
    assert_eq!((tallies[0].missing(), tallies[0].below_min(), tallies[0].above_max()), (1, 1, 2));
    assert_eq!((tallies[1].missing(), tallies[1].rows()), (8, 8));
}

#[test]
fn the_reference_folds_back_into_its_own_counts() {
    let baseline = baseline();
    let a = (0..100).map(|i| Some(f64::from(i))).collect();
    let b = (0..100).map(|i| (i % 4 > 0).then_some(f64::from(i % 4))).collect();
    let mut profile = Profile::new(&baseline);
    profile.fold(&batch("in.", a, b), "in.").unwrap();
    for (feature, tally) in profile.features() {
        assert_eq!(feature.counts(), tally.counts());
        assert_eq!(feature.missing(), tally.missing());
        assert_eq!((tally.below_min(), tally.above_max()), (0, 0));
    }
}

#[test]
fn a_feature_without_a_column_has_no_rows() {
    let mut profile = Profile::new(&baseline());
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    profile.fold(&RecordBatch::try_from_iter([("in.a", a)]).unwrap(), "in.").unwrap();
    let rows: Vec<u64> = profile.features().map(|(_, tally)| tally.rows()).collect();
    assert_eq!((profile.rows(), rows), (3, vec![3, 0]));
}

#[test]
fn text_is_refused_and_nothing_counted() {
    let mut profile = Profile::new(&baseline());
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let b: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let batch = RecordBatch::try_from_iter([("in.a", a), ("in.b", b)]).unwrap();
    let error = profile.fold(&batch, "in.").unwrap_err();
    assert_eq!(error.to_string(), "column `in.b` holds Utf8, not numbers");
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
    profile.fold(&covered, "in.").unwrap();
    profile.fold(&batch("in.", some(&[1.0]), some(&[1.0])), "in.").unwrap();
    let twice = sum(&profile, &profile);
    let counts: Vec<_> = twice.features().map(|(_, t)| (t.rows(), t.covered())).collect();
    assert_eq!((twice.rows(), counts), (6, vec![(2, 4), (2, 4)]));
}

#[test]
fn a_training_value_rounded_to_32_bits_is_not_out_of_range() {
    assert!(f64::from(0.7f32) < 0.7 && f64::from(0.8f32) > 0.8);
    let x: ArrayRef = Arc::new(Float64Array::from(vec![0.7, 0.72, 0.75, 0.8]));
    let training = RecordBatch::try_from_iter([("x", x)]).unwrap();
    let baseline = Baseline::build([training], &["x".to_owned()]).unwrap();
    let mut profile = Profile::new(&Arc::new(baseline));
    let x: ArrayRef = Arc::new(Float32Array::from(vec![0.7, 0.72, 0.75, 0.8]));
    profile.fold(&RecordBatch::try_from_iter([("in.x", x)]).unwrap(), "in.").unwrap();
    let (feature, tally) = profile.features().next().unwrap();
    assert_eq!((tally.below_min(), tally.above_max()), (0, 0));
    assert_eq!(tally.counts(), feature.counts());
}

#[test]
fn profiles_over_different_baselines_do_not_add() {
    let other = Baseline::build([batch("", some(&[1.0]), some(&[1.0]))], &["a".to_owned()]);
    let other = Profile::new(&Arc::new(other.unwrap()));
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
    profile.fold(&batch("in.", a, b), "in.").unwrap();
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
        for (_, tally) in whole.features() {
            prop_assert_eq!(tally.rows(), all.len() as u64);
        }
        prop_assert_eq!(sum(&sum(&a, &b), &c), whole);
    }
}
