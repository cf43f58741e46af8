//! Which type holds which, and values that are the same afterwards.

use arrow_array::{
    BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, TimestampMicrosecondArray,
    UInt8Array, UInt32Array, UInt64Array,
};
use arrow_schema::DataType::{
    Binary, Boolean, Float32, Float64, Int8, Int32, Int64, Timestamp, UInt8, UInt16, UInt32,
    UInt64, Utf8,
};

use super::*;

fn fields(columns: &[(&str, DataType)]) -> Fields {
    columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), false)).collect()
}

fn utc() -> DataType {
    Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

#[test]
fn the_common_type_does_not_depend_on_the_order() {
    let cases: [(&[DataType], DataType); 14] = [
        (&[Float32], Float32),
        (&[Boolean, Boolean], Boolean),
        (&[UInt8, UInt64], UInt64),
        (&[UInt8, UInt16, Int8], Int64),
        (&[Int32, Int64, UInt32], Int64),
        (&[UInt64, Int8], Float64),
        (&[Float32, Float64], Float64),
        (&[Int64, Float32], Float64),
        (&[UInt64, Float64, Int8], Float64),
        (&[Boolean, Int8], Utf8),
        (&[Utf8, Float64], Utf8),
        (&[utc(), Int64], Utf8),
        (&[utc(), utc()], utc()),
        (&[Boolean, Utf8, Int64, Float32], Utf8),
    ];
    for (types, expected) in cases {
        let mut turned = types.to_vec();
        for _ in types {
            turned.rotate_left(1);
            assert_eq!(common(&turned), expected, "{turned:?}");
        }
    }
}

#[test]
fn columns_are_those_of_all_files_in_the_order_they_are_met() {
    let mut union = Union::default();
    let all = |_: &str| true;
    union.add(&fields(&[("a", Int32), ("b", Utf8)]), all).unwrap();
    union.add(&fields(&[("c", Boolean), ("a", Float32)]), all).unwrap();
    let shown = |fields: Vec<Field>| {
        fields.iter().map(|f| (f.name().clone(), f.data_type().clone())).collect::<Vec<_>>()
    };
    let named = |name: &str, kind| (name.to_owned(), kind);
    let [a, b, c] = [named("a", Float64), named("b", Utf8), named("c", Boolean)];
    let found = union.fields(None).unwrap();
    assert!(found.iter().all(Field::is_nullable));
    assert_eq!(shown(found), [a.clone(), b, c.clone()]);
    let wanted = ["c", "a"].map(str::to_owned);
    assert_eq!(shown(union.fields(Some(&wanted)).unwrap()), [c, a]);
    let wanted = ["a", "nowhere"].map(str::to_owned);
    assert_eq!(union.fields(Some(&wanted)), Err("nowhere"));
}

#[test]
fn a_file_with_a_strange_column_is_refused_if_it_is_wanted() {
    let mut union = Union::default();
    let twice = fields(&[("a", Int32), ("a", Utf8)]);
    assert!(union.add(&twice, |_| true).unwrap_err().contains("`a` is there twice"));
    let strange = fields(&[("a", Int32), ("odd", Binary)]);
    assert!(union.add(&strange, |_| true).unwrap_err().contains("`odd` is Binary"));
    union.add(&strange, |name| name == "a").unwrap();
    let local = Timestamp(TimeUnit::Microsecond, None);
    assert!(union.add(&fields(&[("t", local)]), |_| true).is_err());
}

#[test]
fn more_columns_than_may_be_are_noticed() {
    let mut union = Union::default();
    let names: Vec<String> = (0..MAX_COLUMNS + 9).map(|number| format!("c{number}")).collect();
    let many: Fields = names.iter().map(|name| Field::new(name, Int8, true)).collect();
    union.add(&many, |_| true).unwrap();
    assert_eq!(union.fields(None).unwrap().len(), MAX_COLUMNS + 1);
}

#[test]
fn values_keep_their_meaning_and_nulls_stay() {
    let wide = |from: ArrayRef, to: &DataType| widened(&from, to).unwrap();
    let some: ArrayRef = Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(7)]));
    let expected = Int64Array::from(vec![Some(i64::from(i32::MIN)), None, Some(7)]);
    assert_eq!(wide(Arc::clone(&some), &Int64).as_primitive::<Int64Type>(), &expected);
    let expected = Float64Array::from(vec![Some(-2_147_483_648.0), None, Some(7.0)]);
    assert_eq!(wide(Arc::clone(&some), &Float64).as_primitive::<Float64Type>(), &expected);
    let expected = StringArray::from(vec![Some("-2147483648"), None, Some("7")]);
    assert_eq!(wide(some, &Utf8).as_string::<i32>(), &expected);

    let some: ArrayRef = Arc::new(UInt8Array::from(vec![0, 255]));
    assert_eq!(wide(some, &UInt64).as_primitive::<UInt64Type>(), &UInt64Array::from(vec![0, 255]));
    let some: ArrayRef = Arc::new(UInt32Array::from(vec![u32::MAX]));
    assert_eq!(
        wide(some, &Int64).as_primitive::<Int64Type>(),
        &Int64Array::from(vec![4_294_967_295])
    );
    let some: ArrayRef = Arc::new(Float32Array::from(vec![0.1, f32::NAN]));
    let floats = wide(Arc::clone(&some), &Float64);
    assert_eq!(floats.as_primitive::<Float64Type>().value(0), f64::from(0.1f32));
    assert!(floats.as_primitive::<Float64Type>().value(1).is_nan());
    assert_eq!(wide(some, &Utf8).as_string::<i32>(), &StringArray::from(vec!["0.1", "NaN"]));
    let some: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
    let expected = StringArray::from(vec![Some("true"), Some("false"), None]);
    assert_eq!(wide(some, &Utf8).as_string::<i32>(), &expected);
    let times = TimestampMicrosecondArray::from(vec![1_795_428_900_000_001, i64::MAX]);
    let expected = StringArray::from(vec!["2026-11-23T10:15:00.000001Z", "9223372036854775807"]);
    assert_eq!(wide(Arc::new(times.with_timezone("UTC")), &Utf8).as_string::<i32>(), &expected);
}

#[test]
fn what_does_not_widen_is_refused() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    assert!(widened(&texts, &Float64).is_none() && widened(&texts, &Boolean).is_none());
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    assert!(widened(&floats, &Int64).is_none());
}
