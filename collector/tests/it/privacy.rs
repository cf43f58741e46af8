//! Values under rules are on no disk: neither in the spool's files, nor in those a restart makes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use bytes::Bytes;
use collector::{
    Block, Buckets, Collector, HashKey, Kind, PRIVACY, RowSchema, Rule, Rules, Values,
};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::rows::{block_on, config, files, hand, kept, record, source, start, still};
use crate::scripted::{Act, Scripted};

const KEY: &[u8] = b"a key that stands in no file at all";

fn schema() -> Arc<RowSchema> {
    let block = |kind, columns: &[&str]| Block {
        kind,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    };
    let blocks =
        vec![block(Kind::F64, &["in.age", "in.ssn"]), block(Kind::Text, &["in.email", "in.city"])];
    let rules = [
        ("in.age", Rule::Bucket(Buckets::Width(10.0))),
        ("in.ssn", Rule::Drop),
        ("in.email", Rule::Hash),
    ];
    let rules: Rules = rules.map(|(name, rule)| (name.to_owned(), rule)).into();
    let key = HashKey::new(KEY).ok();
    Arc::new(RowSchema::with_privacy(source("green", "1"), blocks, rules, key).expect("sound"))
}

/// Everything in the files below. A segment that is just being made has no rows, and may be gone
/// from under its first name.
fn everything(folder: &Path) -> Vec<u8> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("one").path());
    let bytes = entries.map(|path| match path.is_dir() {
        true => everything(&path),
        false => match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read.expect("a file"),
        },
    });
    bytes.collect::<Vec<_>>().concat()
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|found| found == wanted)
}

#[test]
fn what_is_ruled_out_is_on_no_disk_and_a_restart_needs_no_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(InMemory::new());
    let with = |boot: &str| {
        let mut config = config();
        config.boot = boot.to_owned();
        config.spool.folder = Some(folder.path().to_owned());
        config
    };
    let (hung, _watch) = Scripted::over(Arc::<InMemory>::clone(&store), |_| Act::Hang);
    let first = Collector::start(with("first"), hung, still).expect("started");
    let texts = ["ada@example.org", "Tromso"].map(str::to_owned).to_vec();
    let values = vec![Values::F64(&[37.25, 10_070_512_345.0]), Values::Text(kept(texts))];
    let one = collector::Record { values: kept(values), ..record(1, 1) };
    hand(&first, schema()).append(one);
    // What the system would have after the process is killed.
    let spool = everything(folder.path());
    assert!(has(&spool, b"Tromso") && has(&spool, &30.0_f64.to_ne_bytes()), "it is found there");
    for plain in [&b"ada@example.org"[..], &37.25_f64.to_ne_bytes(), KEY] {
        assert!(!has(&spool, plain));
    }
    assert!(!has(&spool, &10_070_512_345.0_f64.to_ne_bytes()));
    assert_eq!(first.finish(Duration::from_millis(200)).pending, 1);
    drop(first);

    let second = start(with("second"), &store, still);
    second.finish(Duration::from_secs(60));
    let path = files(&*store)[0].path.object();
    let bytes: Bytes = block_on(async { store.get(&path).await?.bytes().await }).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
    let footer = reader.metadata().file_metadata().key_value_metadata().expect("a footer").clone();
    let value = |key: &str| footer.iter().find(|kv| kv.key == key).and_then(|kv| kv.value.clone());
    let told = r#"{"in.age":{"bucket":10.0},"in.email":"hash","in.ssn":"drop"}"#;
    assert_eq!(value(PRIVACY).as_deref(), Some(told));
    assert_eq!(value("skeg.schema_hash").as_deref(), Some(schema().hash()));
    let batch = reader.build().expect("a reader").next().expect("a batch").expect("rows");
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(0);
    // Python: hmac.new(KEY, b"ada@example.org", "sha256").hexdigest()[:32]
    assert_eq!(text("in.email"), "4e5dec9eb8690dad68adccaa8f1aa49f");
    assert_eq!(text("in.city"), "Tromso");
    assert_eq!(batch.column_by_name("in.ssn").unwrap().null_count(), 1);
    // A reader of some columns is told of the rule, too.
    let field = batch.schema().field_with_name("in.email").expect("it is there").clone();
    assert_eq!(field.metadata().get(PRIVACY).map(String::as_str), Some("\"hash\""));
}
