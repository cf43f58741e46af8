//! Baselines from batches and Parquet, and the file there and back.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Baseline, Bins, Rows, Skipped, Summary};
use crate::error::Error;
use crate::table::Table;

fn build(batches: &[RecordBatch], columns: &[&str]) -> Result<Baseline, Error> {
    Baseline::build(&Rows::of_batches(batches)?, Some(&names(columns)), &mut |_| {})
}

fn of_parquet(bytes: Bytes, columns: Option<&[String]>) -> Result<Baseline, Error> {
    let table = Table::of_bytes("train.parquet", bytes)?;
    Baseline::build(&Rows::of_table(&table), columns, &mut |_| {})
}

fn summary(baseline: &Baseline, column: usize) -> Option<Summary> {
    match baseline.columns()[column].bins() {
        Bins::Numbers(numbers) => numbers.summary().copied(),
        Bins::Categories(_) => None,
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// 40 rows: a float with 4 missing, an integer, a text, a date.
fn batch() -> RecordBatch {
    let amounts = (0..40).map(|i| match i % 20 {
        0 => None,
        1 => Some(f32::NAN),
        i => Some(i as f32),
    });
    let amount: ArrayRef = Arc::new(amounts.collect::<Float32Array>());
    let count: ArrayRef = Arc::new((0..40).map(|i| i % 2).collect::<Int64Array>());
    let country: ArrayRef = Arc::new(StringArray::from(vec!["NL"; 40]));
    let day: ArrayRef = Arc::new(Date32Array::from(vec![7; 40]));
    let columns = [("amount", amount), ("count", count), ("country", country), ("day", day)];
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
fn values_are_counted_and_what_is_none_is_noted() {
    let built = build(&[batch()], &["count", "amount", "country", "day"]).unwrap();
    assert_eq!(built.rows(), 40);
    assert_eq!(built.skipped(), [Skipped { name: "day".into(), why: "Date32".into() }]);
    let [count, amount, country] = built.columns() else { panic!("{built:?}") };
    assert_eq!((count.name(), count.short_name(), count.nulls()), ("in.count", "count", 0));
    assert_eq!(count.counts(), [0, 20, 20, 0]);
    let about = Summary { min: 0.0, max: 1.0, mean: 0.5, std: (10.0f64 / 39.0).sqrt() };
    let found = summary(&built, 0).unwrap();
    assert!((found.std - about.std).abs() < 1e-15 && (found.mean - about.mean).abs() < 1e-15);
    assert_eq!((found.min, found.max), (about.min, about.max));
    assert_eq!((amount.nulls(), amount.nans(), amount.missing()), (2, 2, 4));
    // 18 values, one bin each, and two outside.
    assert_eq!(amount.counts().len(), 20);
    assert_eq!(amount.counts().iter().sum::<u64>(), 36);
    assert_eq!((country.counts(), country.is_output()), (&[40, 0][..], false));
}

#[test]
fn names_of_row_files_are_kept() {
    let column = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.0])) };
    let batch = RecordBatch::try_from_iter([("in.a", column()), ("out.p", column())]).unwrap();
    let built = build(&[batch], &["in.a", "out.p"]).unwrap();
    let found: Vec<_> =
        built.columns().iter().map(|c| (c.name(), c.short_name(), c.is_output())).collect();
    assert_eq!(found, [("in.a", "a", false), ("out.p", "p", true)]);
}

#[test]
fn a_tie_goes_to_the_bin_below_the_edge() {
    let json = r#"{"format":"skeg-baseline/2","rows":2,"skipped":[],"columns":[
        {"name":"in.x","edges":[1.0,2.0],"counts":[1,1,0],"nulls":0,"min":1.0,"max":2.0,
         "mean":1.5,"std":0.7}]}"#;
    let baseline = Baseline::from_json(json.as_bytes()).unwrap();
    let Bins::Numbers(numbers) = baseline.columns()[0].bins() else { panic!("{baseline:?}") };
    let found = [0.9, 1.0, 1.1, 2.0, 2.1].map(|value| numbers.bin(value));
    assert_eq!(found, [0, 0, 1, 1, 2]);
    assert_eq!([f64::NEG_INFINITY, f64::INFINITY].map(|value| numbers.bin(value)), [0, 2]);
}

#[test]
fn batches_add_up_and_progress_is_told_twice() {
    let whole = build(&[batch()], &["amount", "count"]).unwrap();
    let parts = [batch().slice(0, 7), batch().slice(7, 0), batch().slice(7, 33)];
    let rows = Rows::of_batches(&parts).unwrap();
    let mut told = Vec::new();
    let names = names(&["amount", "count"]);
    let built = Baseline::build(&rows, Some(&names), &mut |rows| told.push(rows)).unwrap();
    assert_eq!((built, told), (whole, vec![7, 0, 33, 7, 0, 33]));
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
        let expected = build(&[batch()], &["amount", "country"]).unwrap();
        assert_eq!(of_parquet(file.clone(), Some(&some)).unwrap(), expected);
        let all = of_parquet(file, None).unwrap();
        assert_eq!((all.columns().len(), all.skipped().len()), (3, 1));
    }
}

/// Rows in no order, without a value that comes twice.
fn scrambled(rows: u64) -> RecordBatch {
    let value = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64;
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(value)));
    RecordBatch::try_from_iter([("x", column)]).unwrap()
}

#[test]
fn beyond_the_sample_edges_are_about_quantiles_and_counts_are_exact() {
    let rows = 400_000;
    let built = build(&[scrambled(rows)], &["x"]).unwrap();
    let counts = built.columns()[0].counts();
    assert_eq!(counts.iter().sum::<u64>(), rows);
    assert_eq!((counts.len(), counts[0], counts[1001]), (1002, 0, 0));
    // About 65 values of the sample a bin: a twelfth part more or less is one standard deviation.
    let inner = &counts[1..1001];
    assert!(inner.iter().all(|count| (100..900).contains(count)), "{inner:?}");
    assert_eq!(built, build(&[scrambled(rows)], &["x"]).unwrap());
}

#[test]
fn training_rows_that_make_no_baseline_are_refused() {
    let refused = |columns: &[&str]| build(&[batch()], columns).unwrap_err();
    assert_eq!(refused(&["amount", "size"]).to_string(), "no column `size`");
    assert_eq!(refused(&["count", "count"]).to_string(), "columns: `count` stands there twice");
    let none = "columns: none of them holds numbers, truth values or texts";
    assert_eq!(refused(&["day"]).to_string(), none);
    assert_eq!(refused(&[]).to_string(), none);
    assert!(matches!(refused(&["a\nb"]), Error::Columns(_)));
    assert!(matches!(build(&[batch().slice(0, 0)], &["amount"]), Err(Error::NoRows)));
    assert!(matches!(build(&[], &["amount"]), Err(Error::NoRows)));
    let many: Vec<String> = (0..5000).map(|i| i.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(build(&[batch()], &many), Err(Error::TooLarge { .. })));
}

#[test]
fn a_column_that_turns_into_text_is_refused() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let later = RecordBatch::try_from_iter([("amount", text)]).unwrap();
    let error = build(&[batch(), later], &["amount"]).unwrap_err();
    assert_eq!(error.to_string(), "column `amount` holds Utf8, unlike before");
}

#[test]
fn rows_that_change_between_the_passes_are_refused() {
    let (short, long) = (batch().slice(0, 10), batch());
    let pass = std::cell::Cell::new(0);
    let rows = Rows::new(long.schema(), 40, |_| {
        pass.set(pass.get() + 1);
        let batch = if pass.get() == 1 { long.clone() } else { short.clone() };
        Ok(Box::new(std::iter::once(Ok(batch))))
    });
    let error = Baseline::build(&rows, None, &mut |_| {}).unwrap_err().to_string();
    assert_eq!(error, "columns: 40 rows when first read, 10 when read again");
}

#[test]
fn minus_zero_is_zero() {
    let zeros: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, 0.0, -0.0]));
    let batch = RecordBatch::try_from_iter([("x", zeros)]).unwrap();
    let built = build(&[batch], &["x"]).unwrap();
    assert_eq!(built.columns()[0].counts(), [0, 4, 0]);
    assert!(built.to_json().contains(r#""min":0.0,"max":0.0"#), "{}", built.to_json());
}

#[test]
fn a_column_that_is_always_missing_is_kept() {
    let nothing: ArrayRef =
        Arc::new(Float64Array::from(vec![None, Some(f64::NAN), Some(f64::INFINITY)]));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", nothing, true)]).unwrap();
    let built = build(&[batch], &["x"]).unwrap();
    let column = &built.columns()[0];
    assert_eq!((column.counts(), column.missing(), column.infinite()), (&[1][..], 2, 1));
    assert_eq!((summary(&built, 0), column.median()), (None, None));
    assert_eq!(Baseline::from_json(built.to_json().as_bytes()).unwrap(), built);
}

#[test]
fn few_values_are_told_by_their_edges() {
    let values = |values: Vec<f64>| {
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        let built = build(&[batch], &["x"]).unwrap();
        let Bins::Numbers(numbers) = built.columns()[0].bins() else { panic!("{built:?}") };
        numbers.values()
    };
    assert_eq!(values(vec![7.0, 0.0, -1.0, 7.0, 0.0]), Some(vec![-1.0, 0.0, 7.0]));
    assert_eq!(values(vec![3.5; 4]), Some(vec![3.5]));
    assert_eq!(values((0..2000).map(f64::from).collect()), None);
}

#[test]
fn the_median_is_in_the_middle() {
    let median = |values: Vec<f64>| {
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        build(&[batch], &["x"]).unwrap().columns()[0].median().unwrap()
    };
    assert!((median((0..10_001).map(f64::from).collect()) - 5000.0).abs() < 6.0);
    assert_eq!(median(vec![3.5; 7]), 3.5);
    assert!((0.0..0.5).contains(&median(vec![0.0, 0.0, 1.0])));
}

#[test]
fn the_file_has_this_shape() {
    let x: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
    let t: ArrayRef = Arc::new(StringArray::from(vec!["b", "a", "b"]));
    let d: ArrayRef = Arc::new(Date32Array::from(vec![1, 2, 3]));
    let columns = [("x", x, true), ("t", t, true), ("d", d, true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let json = build(&[batch], &["x", "t", "d"]).unwrap().to_json();
    let expected = concat!(
        r#"{"format":"skeg-baseline/2","rows":3,"columns":[{"name":"in.x","#,
        r#""edges":[0.9999999701976776,1.5,2.0000001192092896],"distinct":true,"#,
        r#""counts":[0,1,1,0],"nulls":1,"nans":0,"infinite":0,"#,
        r#""min":1.0,"max":2.0,"mean":1.5,"std":0.7071067811865476},"#,
        r#"{"name":"in.t","categories":["b","a"],"counts":[2,1,0],"nulls":0}],"#,
        r#""skipped":[{"name":"d","why":"Date32"}]}"#,
    );
    assert_eq!(json, expected);
}

#[test]
fn files_whose_numbers_do_not_add_up_are_refused() {
    let sound = build(&[batch()], &["amount", "country", "day"]).unwrap();
    let sound: Value = serde_json::from_str(&sound.to_json()).unwrap();
    let cases: &[(&str, Value, &str)] = &[
        ("/format", json!("skeg-baseline/1"), "this version reads"),
        ("/rows", json!(41), "do not sum to 41 rows"),
        ("/rows", json!(0), "rows is 0"),
        ("/rows", json!(-1), "invalid value"),
        ("/rows", json!(u64::MAX), "rows is"),
        ("/columns", json!([]), "columns, not 1 to"),
        ("/columns/0/name", json!(""), "printable"),
        ("/columns/0/name", json!("a\u{1b}[2J"), "printable"),
        ("/columns/0/name", json!("amount"), "begins with neither"),
        ("/columns/0/name", json!("in.country"), "`in.country` stands there twice"),
        ("/columns/0/edges/0", json!(1e300), "do not rise strictly"),
        ("/columns/0/edges/0", Value::Null, "invalid type"),
        ("/columns/0/edges", json!([1.0]), "counts for 2 bins"),
        ("/columns/0/edges", Value::Null, "not either edges or categories"),
        ("/columns/0/edges", json!((0..2000).collect::<Vec<_>>()), "2000 edges, at most"),
        ("/columns/0/categories", json!(["a"]), "not either edges or categories"),
        ("/columns/0/counts/0", json!(u64::MAX), "do not sum"),
        ("/columns/0/counts/0", json!(1.5), "invalid type"),
        ("/columns/0/nulls", json!(5), "do not sum"),
        ("/columns/0/infinite", json!(41), "do not sum"),
        ("/columns/0/min", json!(200.0), "no range"),
        ("/columns/0/max", Value::Null, "not all there"),
        ("/columns/0/colour", json!(1), "unknown field"),
        ("/columns/1/categories", json!(["a", "a"]), "`a` stands there twice"),
        ("/columns/1/categories", json!(["a".repeat(600)]), "a category of 600 bytes"),
        ("/columns/1/min", json!(1.0), "not either edges or categories"),
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
    let json = r#"{"format":"skeg-baseline/2","rows":1,"skipped":[],"columns":[
        {"name":"in.x","edges":[1e999],"counts":[1,0],"nulls":0}]}"#;
    let error = Baseline::from_json(json.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("out of range"), "{error}");
}

proptest! {
    #[test]
    fn the_file_comes_back_as_it_went(
        values in prop::collection::vec(prop::option::of(any::<f64>()), 1..200),
        words in prop::collection::vec(prop::option::of(".{0,3}"), 200),
    ) {
        let words: ArrayRef = Arc::new(StringArray::from(words[..values.len()].to_vec()));
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        let columns = [("x", column, true), ("t", words, true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let built = build(&[batch], &["x", "t"]).unwrap();
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
        let built = build(&[batch()], &["amount"]).unwrap();
        let mut json = built.to_json().into_bytes();
        let place = at.index(json.len());
        json[place] = byte;
        let _ = Baseline::from_json(&json);
        prop_assert!(Baseline::from_json(&json[..keep.index(json.len() - 1)]).is_err());

        let mut file = parquet(&batch(), Compression::UNCOMPRESSED).to_vec();
        let place = at.index(file.len());
        file[place] = byte;
        let _ = of_parquet(file.clone().into(), None);
        file.truncate(keep.index(file.len() - 1));
        prop_assert!(of_parquet(file.into(), None).is_err());
    }
}
