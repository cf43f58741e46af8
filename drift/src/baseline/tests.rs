//! Baselines from batches and Parquet, and the file there and back.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Baseline, Skipped};
use crate::error::Error;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// 40 rows: a float with 4 missing, an integer, a text.
fn batch() -> RecordBatch {
    let amounts = (0..40).map(|i| match i % 20 {
        0 => None,
        1 => Some(f32::NAN),
        i => Some(i as f32),
    });
    let amount: ArrayRef = Arc::new(amounts.collect::<Float32Array>());
    let count: ArrayRef = Arc::new((0..40).map(|i| i % 2).collect::<Int64Array>());
    let country: ArrayRef = Arc::new(StringArray::from(vec!["NL"; 40]));
    let columns = [("amount", amount), ("count", count), ("country", country)];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, a)| (name, a, true))).unwrap()
}

fn parquet(batch: &RecordBatch, compression: Compression) -> Bytes {
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes.into()
}

#[test]
fn values_are_counted_and_text_is_noted() {
    let built = Baseline::build([batch()], &names(&["count", "amount", "country"])).unwrap();
    assert_eq!(built.rows(), 40);
    assert_eq!(built.skipped(), [Skipped { name: "country".into(), found: "Utf8".into() }]);
    let [count, amount] = built.features() else { panic!("{built:?}") };
    assert_eq!(
        (count.name(), count.missing(), count.min(), count.max()),
        ("count", 0, Some(0.0), Some(1.0))
    );
    assert_eq!(count.counts(), [0, 20, 20, 0]);
    assert_eq!((amount.missing(), amount.min(), amount.max()), (4, Some(2.0), Some(19.0)));
    assert_eq!(amount.counts().iter().sum::<u64>(), 36);
    assert_eq!(amount.edges().len() + 1, amount.counts().len());
}

#[test]
fn a_tie_goes_to_the_bin_below_the_edge() {
    let json = r#"{"format":"skeg-baseline/1","rows":2,"skipped":[],"features":[
        {"name":"x","edges":[1.0,2.0],"counts":[1,1,0],"missing":0,"min":1.0,"max":2.0}]}"#;
    let baseline = Baseline::from_json(json.as_bytes()).unwrap();
    let bin = |value| baseline.features()[0].bin(value);
    assert_eq!([bin(0.9), bin(1.0), bin(1.1), bin(2.0), bin(2.1)], [0, 0, 1, 1, 2]);
    assert_eq!([bin(f64::NEG_INFINITY), bin(f64::INFINITY)], [0, 2]);
}

#[test]
fn batches_add_up() {
    let whole = Baseline::build([batch()], &names(&["amount", "count"])).unwrap();
    let parts = [batch().slice(0, 7), batch().slice(7, 0), batch().slice(7, 33)];
    assert_eq!(Baseline::build(parts, &names(&["amount", "count"])).unwrap(), whole);
}

#[test]
fn parquet_gives_the_same_as_its_batches() {
    let some = names(&["amount", "country"]);
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
    ] {
        let file = parquet(&batch(), compression);
        let expected = Baseline::build([batch()], &some).unwrap();
        assert_eq!(Baseline::from_parquet(file.clone(), Some(&some)).unwrap(), expected);
        let all = Baseline::from_parquet(file, None).unwrap();
        assert_eq!(all.features().len(), 2);
        assert_eq!(all.skipped().len(), 1);
    }
}

#[test]
fn training_rows_that_make_no_baseline_are_refused() {
    let build = |features: &[&str]| Baseline::build([batch()], &names(features)).unwrap_err();
    assert_eq!(build(&["amount", "size"]).to_string(), "no column `size` in the training rows");
    assert_eq!(build(&["count", "count"]).to_string(), "features: `count` stands there twice");
    assert_eq!(build(&["country"]).to_string(), "features: none of them holds numbers");
    assert_eq!(build(&[]).to_string(), "features: none of them holds numbers");
    assert!(matches!(build(&["a\nb"]), Error::Features(_)));
    let empty = Baseline::build([batch().slice(0, 0)], &names(&["amount"]));
    assert!(matches!(empty, Err(Error::NoRows)));
    assert!(matches!(Baseline::build([], &names(&["amount"])), Err(Error::NoRows)));
    let many: Vec<String> = (0..5000).map(|i| i.to_string()).collect();
    assert!(matches!(Baseline::build([batch()], &many), Err(Error::TooLarge { .. })));
}

#[test]
fn a_column_that_turns_into_text_is_refused() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let later = RecordBatch::try_from_iter([("amount", text)]).unwrap();
    let error = Baseline::build([batch(), later], &names(&["amount"])).unwrap_err();
    assert_eq!(error.to_string(), "column `amount` holds Utf8, not numbers");
}

#[test]
fn minus_zero_is_zero() {
    let zeros: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, 0.0, -0.0]));
    let batch = RecordBatch::try_from_iter([("x", zeros)]).unwrap();
    let built = Baseline::build([batch], &names(&["x"])).unwrap();
    assert_eq!(built.features()[0].counts(), [0, 4, 0]);
    assert!(built.to_json().contains(r#""min":0.0,"max":0.0"#), "{}", built.to_json());
}

#[test]
fn a_feature_that_is_always_missing_is_kept() {
    let nothing: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(f64::NAN)]));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", nothing, true)]).unwrap();
    let built = Baseline::build([batch], &names(&["x"])).unwrap();
    let feature = &built.features()[0];
    assert_eq!((feature.counts(), feature.missing(), feature.min()), (&[0][..], 2, None));
    assert_eq!(Baseline::from_json(built.to_json().as_bytes()).unwrap(), built);
}

#[test]
fn the_file_has_this_shape() {
    let x: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
    let t: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", x, true), ("t", t, true)]).unwrap();
    let json = Baseline::build([batch], &names(&["x", "t"])).unwrap().to_json();
    let expected = concat!(
        r#"{"format":"skeg-baseline/1","rows":3,"features":[{"name":"x","#,
        r#""edges":[0.9999999701976776,1.5,2.0000001192092896],"counts":[0,1,1,0],"missing":1,"#,
        r#""min":1.0,"max":2.0}],"skipped":[{"name":"t","found":"Utf8"}]}"#,
    );
    assert_eq!(json, expected);
}

#[test]
fn files_whose_numbers_do_not_add_up_are_refused() {
    let sound: Value = serde_json::from_str(
        &Baseline::build([batch()], &names(&["amount", "country"])).unwrap().to_json(),
    )
    .unwrap();
    let cases: &[(&str, Value, &str)] = &[
        ("/format", json!("skeg-baseline/2"), "this version reads"),
        ("/rows", json!(41), "do not sum to 41 rows"),
        ("/rows", json!(0), "rows is 0"),
        ("/rows", json!(-1), "invalid value"),
        ("/rows", json!(u64::MAX), "rows is"),
        ("/features", json!([]), "features, not 1 to"),
        ("/features/0/name", json!(""), "printable"),
        ("/features/0/name", json!("a\u{1b}[2J"), "printable"),
        ("/features/0/name", json!("country"), "`country` stands there twice"),
        ("/features/0/edges/0", json!(1e300), "do not rise strictly"),
        ("/features/0/edges/0", Value::Null, "invalid type"),
        ("/features/0/edges", json!([1.0]), "counts for 1 edges"),
        ("/features/0/edges", json!(vec![0.0; 2000]), "2000 edges, at most"),
        ("/features/0/counts/0", json!(u64::MAX), "do not sum"),
        ("/features/0/counts/0", json!(1.5), "invalid type"),
        ("/features/0/missing", json!(5), "do not sum"),
        ("/features/0/min", json!(20.0), "no range"),
        ("/features/0/max", Value::Null, "no range"),
        ("/features/0/colour", json!(1), "unknown field"),
    ];
    for (pointer, value, expected) in cases {
        let mut broken = sound.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match broken.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
            object => object[key] = value.clone(),
        }
        let error = Baseline::from_json(broken.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{pointer} = {value}: {error}");
    }
}

#[test]
fn numbers_that_no_float_holds_are_refused() {
    let json = r#"{"format":"skeg-baseline/1","rows":1,"skipped":[],"features":[
        {"name":"x","edges":[1e999],"counts":[1,0],"missing":0,"min":1.0,"max":1.0}]}"#;
    let error = Baseline::from_json(json.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("out of range"), "{error}");
}

proptest! {
    #[test]
    fn the_file_comes_back_as_it_went(
        values in prop::collection::vec(prop::option::of(any::<f64>()), 1..200),
    ) {
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
        let built = Baseline::build([batch], &names(&["x"])).unwrap();
        let json = built.to_json();
        let back = Baseline::from_json(json.as_bytes()).unwrap();
        prop_assert_eq!(back.to_json(), json);
        prop_assert_eq!(back, built);
    }

    #[test]
    fn junk_is_an_error_and_never_a_panic(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        keep in any::<prop::sample::Index>(),
    ) {
        let built = Baseline::build([batch()], &names(&["amount"])).unwrap();
        let mut json = built.to_json().into_bytes();
        let place = at.index(json.len());
        json[place] = byte;
        let _ = Baseline::from_json(&json);
        prop_assert!(Baseline::from_json(&json[..keep.index(json.len() - 1)]).is_err());

        let mut file = parquet(&batch(), Compression::UNCOMPRESSED).to_vec();
        let place = at.index(file.len());
        file[place] = byte;
        let _ = Baseline::from_parquet(file.clone().into(), None);
        file.truncate(keep.index(file.len() - 1));
        prop_assert!(Baseline::from_parquet(file.into(), None).is_err());
    }
}
