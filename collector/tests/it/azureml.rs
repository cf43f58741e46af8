//! The JSON lines for Azure Machine Learning's monitors beside the rows: the same rows, each once,
//! whatever becomes of puts and processes.

use std::cmp::Ordering;
use std::path::Path as Folder;
use std::sync::Arc;
use std::time::Duration;

use collector::{Block, Collector, Config, Finished, Kind, RowSchema};
use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::Value;

use crate::killed::copy_of;
use crate::rows::{
    all_rows, block_on, config, expected, files, hand, lawful, record, schema, source, start, still,
};
use crate::scripted::{Act, Scripted};

const LONG: Duration = Duration::from_secs(60);
const WORKSPACE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

fn config_of(boot: &str, spool: Option<&Folder>) -> Config {
    let mut config = config();
    config.boot = boot.to_owned();
    config.roll.rows = 10;
    config.spool.folder = spool.map(Folder::to_owned);
    config.azureml = Some(WORKSPACE.to_owned());
    config
}

/// Paths of all files of lines.
fn lines_files(store: &dyn ObjectStore) -> Vec<String> {
    let found = store.list(Some(&Path::from("modelDataCollector"))).try_collect::<Vec<_>>();
    let mut paths: Vec<_> =
        block_on(found).expect("a listing").iter().map(|file| file.location.to_string()).collect();
    paths.sort();
    paths
}

/// All lines of a side.
fn lines(store: &dyn ObjectStore, collection: &str) -> Vec<Value> {
    let folder = format!("modelDataCollector/fraud/green/{collection}/2026/11/23/10/");
    let mut lines = Vec::new();
    for path in lines_files(store).iter().filter(|path| path.starts_with(&folder)) {
        let path = Path::from(path.as_str());
        let bytes = block_on(async { store.get(&path).await?.bytes().await }).expect("a file");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        assert!(text.ends_with('\n'));
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
    }
    lines
}

/// Every row of both sides as `all_rows` has them: inputs and outputs joined by the line's id and
/// the row's place in it.
fn joined(store: &dyn ObjectStore) -> Vec<(String, u32, f32, i64)> {
    let (inputs, outputs) = (lines(store, "model_inputs"), lines(store, "model_outputs"));
    let id = |line: &Value| line["correlationid"].as_str().expect("an id").to_owned();
    let mut rows = Vec::new();
    for input in &inputs {
        let same: Vec<_> = outputs.iter().filter(|output| id(output) == id(input)).collect();
        let [output] = same.as_slice() else { panic!("{input} has {} outputs", same.len()) };
        let of = |line: &Value| line["data"].as_array().expect("rows").clone();
        let (values, labels) = (of(input), of(output));
        assert_eq!(values.len(), labels.len());
        for (row, (values, label)) in (0..).zip(values.iter().zip(&labels)) {
            let amount = values["amount"].as_f64().expect("a number") as f32;
            rows.push((id(input), row, amount, label["label"].as_i64().expect("a number")));
        }
    }
    assert_eq!(inputs.len(), outputs.len());
    rows.sort_by(|a, b| a.partial_cmp(b).expect("no NaN here"));
    rows
}

#[test]
fn lines_have_the_rows_of_the_files_beside_which_they_lie() {
    let store = Arc::new(InMemory::new());
    let collector = start(config_of("one", None), &store, still);
    let mut rows = hand(&collector, schema());
    (0..95).for_each(|n| rows.append(record(n, 3)));
    assert_eq!(collector.finish(LONG).written, 285);
    lawful(&collector);
    assert_eq!(all_rows(&*store), expected(0..95, 3));
    assert_eq!(joined(&*store), expected(0..95, 3));
    // One of each side for each Parquet file, and named after it.
    let rows = files(&*store);
    let name = |file: &collector::read::RowsFile| file.path.to_string();
    let names = rows.iter().map(|file| name(file).rsplit('/').next().unwrap().to_owned());
    let mut wanted: Vec<_> = names
        .flat_map(|name| {
            let stem = name.strip_suffix(".parquet").unwrap().to_owned();
            ["model_inputs", "model_outputs"]
                .map(|of| format!("modelDataCollector/fraud/green/{of}/2026/11/23/10/{stem}.jsonl"))
        })
        .collect();
    wanted.sort();
    assert!(wanted.len() > 2);
    assert_eq!(lines_files(&*store), wanted);
    let [files, _, _, lost] = collector.puts();
    assert!(files > 3 * rows.len() as u64 && lost == 0);
}

#[test]
fn a_side_that_is_not_kept_has_no_file() {
    let store = Arc::new(InMemory::new());
    let collector = start(config_of("one", None), &store, still);
    let block = Block { kind: Kind::I64, columns: vec!["out.label".to_owned()] };
    let schema = RowSchema::new(source("green", "1"), vec![block]).expect("sound");
    let of = record(1, 2);
    let record = collector::Record { values: &of.values[2..], ..of };
    hand(&collector, Arc::new(schema)).append(record);
    assert_eq!(collector.finish(LONG).written, 2);
    assert_eq!((lines_files(&*store).len(), lines(&*store, "model_outputs").len()), (1, 1));
}

#[test]
fn a_lost_answer_is_no_second_file_and_no_loss() {
    let memory = Arc::new(InMemory::new());
    let (lossy, _watch) = Scripted::over(Arc::<InMemory>::clone(&memory), |put| {
        if put.is_multiple_of(2) { Act::LoseAnswer } else { Act::Pass }
    });
    let collector = start(config_of("one", None), &lossy, still);
    let mut rows = hand(&collector, schema());
    (0..50).for_each(|n| rows.append(record(n, 1)));
    assert_eq!(collector.finish(LONG), Finished { written: 50, pending: 0, lost: 0 });
    assert_eq!(collector.puts()[3], 0);
    assert_eq!(joined(&*memory), expected(0..50, 1));
}

/// A kill at any put, and a next life whose workspace has another name: what the first has put is
/// known as its own, the rest is put.
#[test]
fn a_copy_at_any_moment_gives_each_line_once() {
    for moment in 0..12 {
        let (spool, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let memory = Arc::new(InMemory::new());
        let (slow, watch) =
            Scripted::over(Arc::<InMemory>::clone(&memory), move |put| match put.cmp(&moment) {
                Ordering::Less => Act::Pass,
                Ordering::Equal => Act::StoreAndHang,
                Ordering::Greater => Act::Hang,
            });
        let config = config_of("one", Some(spool.path()));
        let collector = Collector::start(config, slow, still).unwrap();
        let mut hand = hand(&collector, schema());
        (0..100).for_each(|number| hand.append(record(number, 1)));
        (0..=moment).for_each(|_| drop(watch.next_put()));
        copy_of(&spool.path().join("pod-7-one"), &copy.path().join("pod-7-one"));
        collector.finish(Duration::ZERO);
        let mut config = config_of("two", Some(copy.path()));
        config.azureml = Some(format!("{WORKSPACE}2"));
        let next = start(config, &memory, still);
        assert_eq!(next.finish(LONG).lost, 0);
        assert_eq!(next.puts()[3], 0, "{moment}");
        assert_eq!(all_rows(&*memory), expected(0..100, 1), "{moment}");
        assert_eq!(joined(&*memory), expected(0..100, 1), "{moment}");
    }
}

/// Lines that the store refuses are counted, and no row is lost by it.
#[test]
fn lines_that_are_refused_are_no_lost_rows() {
    let memory = Arc::new(InMemory::new());
    let taken =
        "modelDataCollector/fraud/green/model_inputs/2026/11/23/10/pod-7-one-00000000.jsonl";
    block_on(memory.put(&Path::from(taken), "another's".into())).expect("put");
    let collector = start(config_of("one", None), &memory, still);
    hand(&collector, schema()).append(record(1, 1));
    assert_eq!(collector.finish(LONG), Finished { written: 1, pending: 0, lost: 0 });
    assert_eq!(lawful(&collector).lost(), 0);
    assert_eq!(collector.puts()[3], 1);
    assert_eq!(
        (all_rows(&*memory), lines(&*memory, "model_outputs").len()),
        (expected(1..2, 1), 1)
    );
}
