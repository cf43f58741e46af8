//! Buckets at their extremes, hashes against RFC 4231, and rows under rules on their way to files.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use proptest::prelude::*;

use super::bucket::Bucketed;
use super::{Buckets, HashKey, Rule, Rules};
use crate::columns::tests::{record, rows};
use crate::error::Error;
use crate::row::{Block, Kind, Record, Values};
use crate::schema::RowSchema;
use crate::schema::tests::{block, source};
use crate::spool::entry::{size, write};
use crate::spool::lanes::Lanes;

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

fn width(width: f64) -> Rule {
    Rule::Bucket(Buckets::Width(width))
}

fn edges(edges: &[f64]) -> Rule {
    Rule::Bucket(Buckets::Edges(edges.to_vec()))
}

fn rules(of: &[(&str, Rule)]) -> Rules {
    of.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect()
}

fn schema(blocks: Vec<Block>, of: &[(&str, Rule)]) -> Result<RowSchema, Error> {
    RowSchema::with_privacy(source(), blocks, rules(of), HashKey::new(KEY).ok())
}

/// The rows as the spool has them.
fn spooled(schema: &RowSchema, record: &Record<'_>) -> Vec<u8> {
    let all = 0..record.rows;
    let mut bytes = vec![0; size(record, &all, schema.cover()).unwrap()];
    write(0, record, &all, schema.cover(), &mut bytes);
    bytes
}

/// The rows as a file has them.
fn filed(schema: &RowSchema, record: &Record<'_>) -> RecordBatch {
    let bytes = spooled(schema, record);
    crate::columns::columns(schema, &[rows(&bytes)], 0).unwrap()
}

fn hashed(values: Values<'_>) -> String {
    let hex = HashKey::new(KEY).unwrap().hex(values, 0);
    String::from_utf8(hex.to_vec()).unwrap()
}

#[test]
fn numbers_are_rounded_down_to_a_multiple() {
    let tens = Buckets::Width(10.0);
    for (value, label) in [(0, 0), (9, 0), (10, 10), (-1, -10), (-10, -10), (-11, -20)] {
        assert_eq!(i64::from(value).bucket(&tens), i64::from(label));
        assert_eq!(f64::from(value).bucket(&tens), f64::from(label));
        assert_eq!((value as f32).bucket(&tens), label as f32);
    }
    assert_eq!(37.9_f32.bucket(&tens), 30.0);
    assert_eq!((-0.5_f64).bucket(&Buckets::Width(0.25)), -0.5);
    assert_eq!(i64::MAX.bucket(&tens), 9_223_372_036_854_775_800);
    // The lowest bucket begins below the type's least.
    assert_eq!(i64::MIN.bucket(&tens), i64::MIN);
    assert_eq!((i64::MIN + 7).bucket(&tens), i64::MIN);
    assert_eq!((-128_i8).bucket(&Buckets::Width(1e6)), -128);
    assert_eq!(u64::MAX.bucket(&tens), u64::MAX - 5);
    assert_eq!(255_u8.bucket(&Buckets::Width(1e6)), 0);
}

#[test]
fn floats_that_are_no_numbers_stay_and_no_finite_one_gets_infinite() {
    let (tens, some) = (Buckets::Width(10.0), Buckets::Edges(vec![0.0, 5.0]));
    assert!(f32::NAN.bucket(&tens).is_nan() && f64::NAN.bucket(&some).is_nan());
    assert_eq!(f32::NEG_INFINITY.bucket(&tens), f32::NEG_INFINITY);
    assert_eq!(f64::INFINITY.bucket(&tens), f64::INFINITY);
    assert_eq!(f64::INFINITY.bucket(&some), 5.0);
    assert_eq!(f32::NEG_INFINITY.bucket(&some), f32::NEG_INFINITY);
    for value in [f64::MAX, f64::MIN, 1e300, -1e300, f64::MIN_POSITIVE] {
        for width in [1e-9, 0.1, 10.0, 9e15] {
            assert!(value.bucket(&Buckets::Width(width)).is_finite(), "{value} {width}");
            let short = f32::MIN.bucket(&Buckets::Width(width));
            assert!(short.is_finite(), "{width}");
        }
    }
}

#[test]
fn edges_label_from_below() {
    let income = Buckets::Edges(vec![0.0, 20_000.0, 50_000.0]);
    for (value, label) in [(0, 0), (19_999, 0), (20_000, 20_000), (1_000_000, 50_000)] {
        assert_eq!(i32::bucket(value, &income), label);
        assert_eq!(f64::from(value).bucket(&income), f64::from(label));
    }
    assert_eq!((i32::bucket(-1, &income), i64::MAX.bucket(&income)), (i32::MIN, 50_000));
    assert_eq!((-0.1_f32).bucket(&income), f32::NEG_INFINITY);
    assert_eq!(i64::MIN.bucket(&Buckets::Edges(vec![-((1_u64 << 53) as f64) + 1.0])), i64::MIN);
}

#[test]
fn hashes_are_those_of_the_standard() {
    // RFC 4231, test cases 6 (a key longer than a block) and 7.
    for (text, hex) in [
        (
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f",
        ),
        (
            "This is a test using a larger than block-size key and a larger than block-size data. \
             The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944",
        ),
    ] {
        let key = HashKey::new(&[0xaa; 131]).unwrap();
        assert_eq!(key.hex(Values::Text(&[text.to_owned()]), 0), hex.as_bytes());
    }
    assert!(matches!(HashKey::new(&[1; 15]), Err(Error::Key { bytes: 15, least: 16 })));
    assert_eq!(format!("{:?}", HashKey::new(KEY).unwrap()), "HashKey");
    assert_eq!(HashKey::new(KEY).unwrap(), HashKey::new(KEY).unwrap());
    assert_ne!(HashKey::new(KEY).unwrap(), HashKey::new(&KEY[1..]).unwrap());
}

#[test]
fn a_value_has_one_hash_in_every_type() {
    let text = |text: &str| hashed(Values::Text(&[text.to_owned()]));
    assert_eq!(hashed(Values::I64(&[42])), text("42"));
    assert_eq!(hashed(Values::U8(&[42])), text("42"));
    assert_eq!(hashed(Values::F32(&[42.0])), text("42"));
    assert_eq!(hashed(Values::F64(&[0.1])), text("0.1"));
    assert_eq!(hashed(Values::F32(&[0.1])), text("0.1"));
    assert_eq!(hashed(Values::F64(&[1e22])), text("10000000000000000000000"));
    assert_eq!(hashed(Values::F32(&[-0.0])), text("0"));
    assert_eq!(hashed(Values::Bool(&[true])), text("true"));
    assert_ne!(text("42"), text("43"));
}

#[test]
fn rules_that_cannot_be_applied_name_the_column() {
    let blocks = || {
        vec![
            block(Kind::F32, &["in.a", "in.b"]),
            block(Kind::U8, &["in.n"]),
            block(Kind::Text, &["in.t"]),
            block(Kind::Bool, &["in.x"]),
        ]
    };
    let bad = [
        ("in.z", Rule::Drop, "`in.z`"),
        ("in.t", width(1.0), "`in.t` into buckets: it holds string"),
        ("in.x", width(1.0), "it holds bool"),
        ("in.n", width(2.5), "2.5 is not whole"),
        ("in.n", edges(&[0.0, 256.0]), "256 is none"),
        ("in.a", width(0.0), "0 is no bucket's width"),
        ("in.a", width(f64::NAN), "NaN is no bucket's width"),
        ("in.a", edges(&[]), "do not ascend"),
        ("in.a", edges(&[1.0, 1.0]), "do not ascend"),
        ("in.a", edges(&[1.0, 1e17]), "100000000000000000 is no"),
    ];
    for (name, rule, want) in bad {
        let message = schema(blocks(), &[(name, rule)]).unwrap_err().to_string();
        assert!(message.contains(want) && message.contains(name), "{message}");
    }
    let keyless = rules(&[("in.t", Rule::Hash)]);
    let refused = RowSchema::with_privacy(source(), blocks(), keyless.clone(), None);
    assert!(refused.unwrap_err().to_string().contains("`in.t` is hashed, and there is no key"));
    // Rows that are left need none to be read; but none can be stored without.
    let left = RowSchema::left(source(), blocks(), keyless).unwrap();
    let texts = ["t".to_owned()];
    let values =
        [Values::F32(&[1.0, 2.0]), Values::U8(&[1]), Values::Text(&texts), Values::Bool(&[true])];
    assert_eq!(size(&record("r", 1, &values), &(0..1), left.cover()), None);
}

fn mixed() -> (Vec<Block>, Vec<(&'static str, Rule)>) {
    let blocks = vec![
        block(Kind::F32, &["in.ssn", "in.age", "in.plain", "in.account"]),
        block(Kind::I64, &["in.income"]),
        block(Kind::Text, &["in.email", "in.city", "in.name"]),
        block(Kind::F64, &["out.score"]),
    ];
    let of = vec![
        ("in.ssn", Rule::Drop),
        ("in.age", width(10.0)),
        ("in.account", Rule::Hash),
        ("in.income", edges(&[0.0, 20_000.0])),
        ("in.email", Rule::Hash),
        ("in.name", Rule::Drop),
    ];
    (blocks, of)
}

#[test]
fn files_have_what_the_rules_leave_in_the_order_of_the_blocks() {
    let (blocks, of) = mixed();
    let schema = schema(blocks.clone(), &of).unwrap();
    let texts = ["a@b.no", "Oslo", "Ada", "c@d.se", "Lund", "Bo"].map(str::to_owned);
    let values = [
        Values::F32(&[1e9, 37.0, 0.5, 42.0, 2e9, f32::NAN, 1.5, 43.0]),
        Values::I64(&[-5, 30_000]),
        Values::Text(&texts),
        Values::F64(&[0.25, 0.75]),
    ];
    let record = record("r", 2, &values);
    let batch = filed(&schema, &record);
    assert_eq!(batch.schema(), *schema.arrow());
    let own: Vec<String> = batch.schema().fields()[19..].iter().map(|f| f.name().clone()).collect();
    let wanted: Vec<String> = blocks.into_iter().flat_map(|block| block.columns).collect();
    assert_eq!(own, wanted);
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let floats = |name| column(name).as_primitive::<Float32Type>().clone();
    assert_eq!(floats("in.ssn").null_count(), 2);
    assert_eq!(floats("in.age").value(0), 30.0);
    assert!(floats("in.age").value(1).is_nan() && floats("in.age").is_valid(1));
    assert_eq!(floats("in.plain").values()[..], [0.5, 1.5]);
    let income: Vec<_> = column("in.income").as_primitive::<Int64Type>().iter().collect();
    assert_eq!(income, [None, Some(20_000)]);
    let texts = |name| column(name).as_string::<i32>().iter().collect::<Vec<_>>();
    let all = ["42", "43", "a@b.no", "c@d.se"].map(|t| hashed(Values::Text(&[t.to_owned()])));
    assert_eq!(texts("in.account"), [Some(&*all[0]), Some(&*all[1])]);
    assert_eq!(texts("in.email"), [Some(&*all[2]), Some(&*all[3])]);
    assert_eq!(
        (texts("in.city"), texts("in.name")),
        (vec![Some("Oslo"), Some("Lund")], vec![None; 2])
    );
    // Nothing plain is in the spool: neither texts nor the bytes of numbers.
    let spool = spooled(&schema, &record);
    let has = |bytes: &[u8]| spool.windows(bytes.len()).any(|found| found == bytes);
    assert!(has(b"Oslo") && has(&0.5_f32.to_ne_bytes()), "this test can see what is there");
    for text in ["a@b.no", "c@d.se", "Ada"] {
        assert!(!has(text.as_bytes()), "{text}");
    }
    for number in [1e9_f32, 2e9, 37.0, 42.0, 43.0] {
        assert!(!has(&number.to_ne_bytes()), "{number}");
    }
    assert!(!has(&(-5_i64).to_ne_bytes()) && !has(&30_000_i64.to_ne_bytes()));
}

#[test]
fn rules_are_part_of_the_schema_and_stay_with_its_lane_without_the_key() {
    let (blocks, of) = mixed();
    let ruled = |of: &[(&str, Rule)]| Arc::new(schema(blocks.clone(), of).unwrap());
    let plain = RowSchema::new(source(), blocks.clone()).unwrap();
    let (all, fewer) = (ruled(&of), ruled(&of[1..]));
    assert_ne!(all.hash(), plain.hash());
    assert_ne!(all.hash(), fewer.hash());
    assert_ne!(all.id(), fewer.id());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lanes");
    let lanes = Lanes::create(Some(path.clone())).unwrap();
    lanes.of(Arc::clone(&all), 1.0).unwrap();
    assert_eq!(lanes.of(Arc::clone(&all), 1.0).unwrap().number, 0);
    let key = HashKey::new(b"another key of these rows").ok();
    let other = RowSchema::with_privacy(source(), blocks.clone(), rules(&of), key).unwrap();
    assert_eq!((other.id(), lanes.of(Arc::new(other), 1.0).unwrap().number), (all.id(), 1));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""in.age":{"bucket":10.0}"#) && !text.contains("0123456789abcdef"));
    let left = Lanes::read(&path).unwrap().get(0).unwrap();
    assert_eq!((left.schema.id(), left.schema.arrow()), (all.id(), all.arrow()));
}

#[test]
fn where_everything_is_dropped_rows_are_left() {
    let schema = schema(vec![block(Kind::Text, &["in.t"])], &[("in.t", Rule::Drop)]).unwrap();
    let texts = ["a", "b"].map(str::to_owned);
    let values = [Values::Text(&texts)];
    let batch = filed(&schema, &record("r", 2, &values));
    assert_eq!((batch.num_rows(), batch.column_by_name("in.t").unwrap().null_count()), (2, 2));
}

proptest! {
    /// Whatever the rules, a part of the rows has the size that was said, and reads as it should.
    #[test]
    fn what_is_written_has_the_size_that_was_said(
        ids in proptest::collection::vec(0..4_u8, 4),
        texts in proptest::collection::vec(".{0,9}", 6),
        part in (0..=3_usize, 0..=3_usize),
        id in "[a-z]{0,9}",
    ) {
        let blocks =
            vec![block(Kind::I64, &["in.a", "in.b"]), block(Kind::Text, &["in.c", "in.d"])];
        let names = ["in.a", "in.b", "in.c", "in.d"];
        let rule = |(place, id): (usize, &u8)| match id {
            1 => Some((names[place], Rule::Hash)),
            2 => Some((names[place], Rule::Drop)),
            3 if place < 2 => Some((names[place], width(3.0))),
            _ => None,
        };
        let of: Vec<_> = ids.iter().enumerate().filter_map(rule).collect();
        let schema = schema(blocks, &of).unwrap();
        let values = [Values::I64(&[1, -2, 3, -4, 5, -6]), Values::Text(&texts)];
        let record = record(&id, 3, &values);
        let range = part.0.min(part.1)..part.0.max(part.1);
        let said = size(&record, &range, schema.cover()).unwrap();
        let mut bytes = vec![0xff; said];
        write(0, &record, &range, schema.cover(), &mut bytes);
        let entry = crate::spool::entry::Entry::read(&bytes).unwrap();
        prop_assert_eq!(entry.rows as usize, range.len());
        // `blocks` takes exactly what is there, and no byte more.
        prop_assert!(entry.blocks(&schema, &mut Vec::new()).is_some());
    }
}
