//! What is in a written file: columns, types, encodings, footer; read with `parquet` itself.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int8Type, UInt64Type};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use collector::{Block, Kind, Record, Route, RowSchema, Values};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding};

use crate::rows::{TIME_US, block_on, config, files, hand, kept, lawful, source, start, still};

/// Every kind, two columns each.
const KINDS: [(Kind, &str, DataType); 12] = [
    (Kind::Bool, "in.bool", DataType::Boolean),
    (Kind::U8, "in.u8", DataType::UInt8),
    (Kind::U16, "in.u16", DataType::UInt16),
    (Kind::U32, "in.u32", DataType::UInt32),
    (Kind::U64, "in.u64", DataType::UInt64),
    (Kind::I8, "in.i8", DataType::Int8),
    (Kind::I16, "in.i16", DataType::Int16),
    (Kind::I32, "in.i32", DataType::Int32),
    (Kind::I64, "out.i64", DataType::Int64),
    (Kind::F32, "out.f32", DataType::Float32),
    (Kind::F64, "out.f64", DataType::Float64),
    (Kind::Text, "out.text", DataType::Utf8),
];

fn schema_of_all_kinds() -> RowSchema {
    let block = |(kind, name, _): (Kind, &str, DataType)| Block {
        kind,
        columns: vec![format!("{name}.0"), format!("{name}.1")],
    };
    RowSchema::new(source("green", "1"), KINDS.map(block).into()).expect("a sound schema")
}

/// Two rows with extremes, NaN and text beyond ASCII.
fn record_of_all_kinds() -> Record<'static> {
    let texts = ["", "NO", "Zürich", "\u{0}"].map(str::to_owned);
    Record {
        request_id: "réq/1",
        correlation_id: None,
        trace: None,
        route: Route::default(),
        time_us: TIME_US,
        latency_us: u32::MAX,
        revision: u64::MAX,
        rows: 2,
        values: kept(vec![
            Values::Bool(&[true, false, false, true]),
            Values::U8(&[0, 1, 2, u8::MAX]),
            Values::U16(&[0, 1, 2, u16::MAX]),
            Values::U32(&[0, 1, 2, u32::MAX]),
            Values::U64(&[0, 1, 2, u64::MAX]),
            Values::I8(&[i8::MIN, 1, 2, i8::MAX]),
            Values::I16(&[i16::MIN, 1, 2, i16::MAX]),
            Values::I32(&[i32::MIN, 1, 2, i32::MAX]),
            Values::I64(&[i64::MIN, 1, 2, i64::MAX]),
            Values::F32(&[f32::NAN, f32::INFINITY, -0.0, f32::MIN_POSITIVE]),
            Values::F64(&[1.5, f64::NAN, f64::NEG_INFINITY, f64::MAX]),
            Values::Text(kept(texts.to_vec())),
        ]),
    }
}

/// One file with that record, and its bytes.
fn written() -> (Arc<RowSchema>, Bytes) {
    let store = Arc::new(InMemory::new());
    let collector = start(config(), &store, still);
    let schema = Arc::new(schema_of_all_kinds());
    hand(&collector, Arc::clone(&schema)).append(record_of_all_kinds());
    assert_eq!(collector.finish(Duration::from_secs(60)).written, 2);
    lawful(&collector);
    let path = files(&*store)[0].path.object();
    let bytes = block_on(async { store.get(&path).await?.bytes().await });
    (schema, bytes.expect("the file"))
}

#[test]
fn columns_and_types() {
    let (schema, bytes) = written();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
    let text = DataType::Utf8;
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let fixed = [
        ("event_id", text.clone()),
        ("request_id", text.clone()),
        ("correlation_id", text.clone()),
        ("trace_id", text.clone()),
        ("row_index", DataType::UInt32),
        ("event_time", time.clone()),
        ("received_at", time),
        ("status", DataType::UInt16),
        ("latency_us", DataType::UInt32),
        ("revision", DataType::UInt64),
        ("route_weight", DataType::Float32),
        ("route_named", DataType::Boolean),
        ("sticky_hash", DataType::UInt64),
        ("sampled_weight", DataType::Float64),
        ("endpoint_name", text.clone()),
        ("deployment_name", text.clone()),
        ("model_name", text.clone()),
        ("model_version", text.clone()),
        ("model_digest", text),
    ];
    let own = KINDS.into_iter().flat_map(|(_, name, kind)| {
        [(format!("{name}.0"), kind.clone()), (format!("{name}.1"), kind)]
    });
    let want = fixed.into_iter().map(|(name, kind)| (name.to_owned(), kind)).chain(own);
    let field = |f: &arrow_schema::FieldRef| (f.name().clone(), f.data_type().clone());
    let found = reader.schema().fields().iter().map(field).collect::<Vec<_>>();
    assert_eq!(found, want.collect::<Vec<_>>());
    let maybe = reader.schema().fields().iter().filter(|field| field.is_nullable());
    let maybe: Vec<_> = maybe.map(|field| field.name().as_str()).collect();
    assert_eq!(maybe, ["correlation_id", "trace_id", "sticky_hash"]);
    assert_eq!(schema.arrow().fields(), reader.schema().fields());
}

#[test]
fn values_bit_for_bit() {
    let (_, bytes) = written();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
    let batches = reader.build().expect("a reader").collect::<Result<Vec<_>, _>>();
    let [batch] = &batches.expect("batches")[..] else { panic!("one batch") };
    let column = |name: &str| batch.column_by_name(name).expect("a column");
    let floats = |name| column(name).as_primitive::<Float32Type>().values().to_vec();
    assert!(floats("out.f32.0")[0].is_nan());
    assert_eq!(floats("out.f32.0")[1].to_bits(), (-0.0f32).to_bits());
    assert_eq!(floats("out.f32.1"), [f32::INFINITY, f32::MIN_POSITIVE]);
    let doubles = column("out.f64.1").as_primitive::<Float64Type>().values().to_vec();
    assert!(doubles[0].is_nan() && doubles[1] == f64::MAX);
    assert_eq!(column("in.u64.1").as_primitive::<UInt64Type>().values(), &[1, u64::MAX]);
    assert_eq!(column("in.i8.0").as_primitive::<Int8Type>().values(), &[i8::MIN, 2]);
    let truths = column("in.bool.0").as_boolean().iter().collect::<Vec<_>>();
    assert_eq!(truths, [Some(true), Some(false)]);
    let texts = |name| {
        let column = column(name);
        column.as_string::<i32>().iter().map(|t| t.expect("no null").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts("out.text.0"), ["", "Zürich"]);
    assert_eq!(texts("out.text.1"), ["NO", "\u{0}"]);
    assert_eq!(texts("request_id"), ["réq/1", "réq/1"]);
    assert_eq!(texts("endpoint_name"), ["fraud", "fraud"]);
    assert_eq!(texts("model_digest"), ["sha256:1", "sha256:1"]);
}

#[test]
fn encodings_and_footer() {
    let (schema, bytes) = written();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
    let metadata = reader.metadata();
    let [group] = metadata.row_groups() else { panic!("one row group") };
    for column in group.columns() {
        let name = column.column_path().parts()[0].as_str();
        assert!(matches!(column.compression(), Compression::ZSTD(_)), "{name}");
        assert!(column.statistics().is_some(), "{name}");
        assert!(column.column_index_offset().is_none(), "{name}: no page statistics");
        assert_eq!(column.bloom_filter_offset().is_some(), name == "request_id", "{name}");
        let split = column.encodings().any(|e| e == Encoding::BYTE_STREAM_SPLIT);
        let float = name.starts_with("out.f");
        assert_eq!(split, float, "{name}");
        let plain = float || ["event_id", "request_id", "event_time", "latency_us"].contains(&name);
        assert!(!plain || column.dictionary_page_offset().is_none(), "{name}");
    }
    let notes = metadata.file_metadata().key_value_metadata().expect("notes");
    let note = |key: &str| {
        let note = notes.iter().find(|note| note.key == key).expect("the note");
        note.value.clone().expect("a value")
    };
    assert_eq!(note("skeg.schema_hash"), schema.hash());
    assert_eq!(note("skeg.baseline"), "baseline:1");
    assert_eq!(note("skeg.collector_version"), env!("CARGO_PKG_VERSION"));
    assert!(note("skeg.batch").starts_with("b00t/0/"), "{}", note("skeg.batch"));
    let counts = note("skeg.counts");
    for said in [r#""offered":2,"#, r#""spooled":2"#, r#""dropped.spool_full":0,"#] {
        assert!(counts.contains(said), "{counts}");
    }
    let created = metadata.file_metadata().created_by().expect("a creator");
    assert!(created.starts_with("skeg "), "{created}");
}

/// The hash is in users' files: it may not change from one release to the next.
#[test]
fn the_hash_stays() {
    let schema = schema_of_all_kinds();
    assert_eq!(schema.hash().len(), 64);
    assert_eq!(schema.hash(), HASH);
}

/// SHA-256 of the lines `LENGTH:NAME<tab>TYPE`, worked out apart from the crate, with Python's
/// hashlib.
const HASH: &str = "cb8be0d0c84f24aa05eb0bcb4359d25ec9b9f03ae9f9c836ed4f91d64d098018";
