//! Files are read, told apart, and changed only by who saw what is there.

use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use model_loader::{Name, NewAlias, Registry};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{Known, SpecFiles, SpecSource, WriteError, Writer, digest, read, spec_path};
use crate::route::Weight;

const SPEC: &str = "# a comment
name: fraud
deployments:
  green: {model: 'fraud:1', timeout_ms: 250}
  blue: {model: 'fraud:2'}
traffic: {green: 90, blue: 10}
sticky: {header: x-customer-id}
";

fn run<T>(body: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(body)
}

async fn store() -> Arc<dyn ObjectStore> {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    crate::demo::prepare(Arc::clone(&store), "2026-01-02T03:04:05Z").await.unwrap();
    store
}

fn writer(store: &Arc<dyn ObjectStore>) -> Writer {
    Writer::new(Arc::clone(store), "somebody".to_owned(), || Timestamp::UNIX_EPOCH)
}

fn weights(of: &[(&str, f64)]) -> Vec<(String, Weight)> {
    of.iter().map(|(name, w)| ((*name).to_owned(), Weight::from_percent(*w).unwrap())).collect()
}

fn known(files: &SpecFiles) -> Known<'_> {
    Known { files, count: files.len() }
}

fn fraud() -> Name {
    "fraud".parse().unwrap()
}

#[test]
fn only_changed_files_are_read_again() {
    run(async {
        let store = store().await;
        let source = SpecSource::Store;
        let first = read(&source, &*store, known(&SpecFiles::new())).await.unwrap().files;
        assert_eq!(first.keys().collect::<Vec<_>>(), ["endpoints/fraud.yaml"]);
        // What is kept is told by its tag: a text that never was in the store proves it.
        let mut kept = first.clone();
        kept.get_mut("endpoints/fraud.yaml").unwrap().text = "kept".to_owned();
        let second = read(&source, &*store, known(&kept)).await.unwrap().files;
        assert_eq!(second["endpoints/fraud.yaml"].text, "kept");
        store.put(&spec_path("fraud"), "changed".into()).await.unwrap();
        let third = read(&source, &*store, known(&kept)).await.unwrap().files;
        assert_eq!(third["endpoints/fraud.yaml"].text, "changed");
        store.delete(&spec_path("fraud")).await.unwrap();
        assert!(read(&source, &*store, known(&third)).await.unwrap().files.is_empty());
    });
}

#[test]
fn one_file_that_cannot_be_read_does_not_hide_the_others() {
    run(async {
        let store = store().await;
        let source = SpecSource::Store;
        let first = read(&source, &*store, known(&SpecFiles::new())).await.unwrap().files;
        // What a file manager leaves behind is no spec, and text that is none keeps what was known.
        store.put(&"endpoints/._other.yaml".into(), vec![0xff, 0xfe].into()).await.unwrap();
        store.put(&spec_path("broken"), vec![0xff, 0xfe].into()).await.unwrap();
        store.put(&spec_path("large"), "#".repeat((1 << 20) + 1).into()).await.unwrap();
        store.put(&spec_path("fraud"), vec![0xff].into()).await.unwrap();
        let found = read(&source, &*store, known(&first)).await.unwrap();
        assert_eq!(found.files, first);
        let faults: Vec<(&str, &str)> =
            found.faults.iter().map(|(file, why)| (&file[10..], &**why)).collect();
        let large = "larger than 1048576 bytes";
        let text = "not UTF-8";
        assert_eq!(faults, [("broken.yaml", text), ("fraud.yaml", text), ("large.yaml", large)]);
    });
}

#[test]
fn a_store_that_is_gone_is_not_one_without_endpoints() {
    run(async {
        let store = store().await;
        let kept = read(&SpecSource::Store, &*store, known(&SpecFiles::new())).await.unwrap().files;
        let empty: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        // This process may have put its rows there meanwhile.
        empty.put(&"rows/v1/one.parquet".into(), "rows".into()).await.unwrap();
        for gone in [known(&kept), Known { files: &SpecFiles::new(), count: 1 }] {
            let error = read(&SpecSource::Store, &*empty, gone).await.unwrap_err();
            assert!(error.contains("is it gone?"), "{error}");
        }
        assert!(read(&SpecSource::Store, &*empty, known(&SpecFiles::new())).await.is_ok());
    });
}

#[test]
fn a_mounted_folder_has_both_endings() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.yaml", "a"), ("b.yml", "b"), (".c.yaml", "c"), ("d.txt", "d")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("e.yaml"), [0xff]).unwrap();
    let source = SpecSource::Folder(folder.path().to_owned());
    let found = run(read(&source, &InMemory::new(), known(&SpecFiles::new()))).unwrap();
    let texts: Vec<&str> = found.files.values().map(|file| file.text.as_str()).collect();
    assert_eq!(texts, ["a", "b"]);
    assert!(found.faults.keys().all(|file| file.ends_with("e.yaml")) && found.faults.len() == 1);
}

#[test]
fn traffic_changes_nothing_but_the_weights() {
    run(async {
        let store = store().await;
        let writer = writer(&store);
        let (before, changed) = writer.apply(SPEC).await.unwrap();
        assert!(changed);
        assert!(!writer.apply(SPEC).await.unwrap().1);
        let after = writer.traffic(&fraud(), &weights(&[("blue", 12.5), ("green", 87.5)])).await;
        let after = after.unwrap();
        let percents: Vec<f64> = after.deployments.iter().map(|d| d.weight.percent()).collect();
        assert_eq!(percents, [12.5, 87.5]);
        let mut back = after;
        for (deployment, before) in back.deployments.iter_mut().zip(&before.deployments) {
            deployment.weight = before.weight;
        }
        assert_eq!(back, before);
    });
}

#[test]
fn what_makes_no_sense_is_not_written() {
    run(async {
        let store = store().await;
        let writer = writer(&store);
        let (spec, _) = writer.apply(SPEC).await.unwrap();
        let too_much = writer.traffic(&spec.name, &weights(&[("green", 90.0)])).await.unwrap_err();
        assert!(too_much.to_string().contains("sum to 90 %"), "{too_much}");
        let unknown = writer.traffic(&spec.name, &weights(&[("red", 100.0)])).await.unwrap_err();
        assert!(unknown.to_string().contains("traffic.red"), "{unknown}");
        let missing = writer.apply(&SPEC.replace("fraud:2", "fraud:77")).await.unwrap_err();
        assert!(missing.to_string().contains("deployments.blue.model"), "{missing}");
        // Beside mistakes of another kind, and a deployment that is there again.
        let bad = SPEC.replace("fraud:2", "fraud:77").replace("green: 90", "green: 80");
        let bad = bad.replace("traffic:", "  blue: {model: 'fraud:1'}\ntraffic:");
        let all = writer.apply(&bad).await.unwrap_err().to_string();
        for mistake in ["deployments.blue: stands twice", "sum to 90 %", "`fraud:77`"] {
            assert!(all.contains(mistake), "{mistake} not in {all}");
        }
        let nobody = "nobody".parse::<Name>().unwrap();
        assert!(matches!(writer.delete(&nobody).await, Err(WriteError::Unknown(_))));
        assert_eq!(writer.stored(&spec.name).await.unwrap().unwrap().text, SPEC);
        writer.delete(&spec.name).await.unwrap();
        assert!(writer.stored(&spec.name).await.unwrap().is_none());
    });
}

#[test]
fn changes_at_the_same_time_are_all_made() {
    run(async {
        let store = store().await;
        let writer = writer(&store);
        writer.apply(SPEC).await.unwrap();
        let change = |step: u32| {
            let writer = writer.clone();
            let green = f64::from(step);
            async move {
                writer
                    .traffic(&fraud(), &weights(&[("green", green), ("blue", 100.0 - green)]))
                    .await
            }
        };
        let changes = futures_util::future::join_all((1..6).map(change)).await;
        assert!(changes.iter().all(Result::is_ok), "{changes:?}");
    });
}

#[test]
fn an_alias_becomes_its_version_and_the_trail_says_who_did_it() {
    run(async {
        let store = store().await;
        let alias = NewAlias {
            model: fraud(),
            alias: "champion".parse().unwrap(),
            version: "2".parse().unwrap(),
            set_by: "somebody".to_owned(),
            at: "2026-01-02T03:04:05Z".to_owned(),
        };
        Registry::new(Arc::clone(&store)).set_alias(alias).await.unwrap();
        let writer = writer(&store);
        let text = SPEC.replace("fraud:2", "fraud@champion");
        let (spec, changed) = writer.apply(&text).await.unwrap();
        assert!(changed);
        assert_eq!(spec.deployments[0].model.to_string(), "fraud:2");
        assert!(!writer.apply(&text).await.unwrap().1);
        let unset = writer.apply(&SPEC.replace("fraud:2", "fraud@nobody")).await.unwrap_err();
        assert!(unset.to_string().contains("deployments.blue.model"), "{unset}");
        writer.delete(&fraud()).await.unwrap();
        let trail: Vec<_> = store
            .list(Some(&"audit/v1/1970/01".into()))
            .map(|found| found.unwrap().location.to_string())
            .collect()
            .await;
        assert_eq!(trail.len(), 2, "{trail:?}");
        for kind in ["endpoint-applied", "endpoint-deleted"] {
            assert!(trail.iter().any(|path| path.contains(kind)), "{kind} not in {trail:?}");
        }
    });
}

#[test]
fn digests_tell_texts_apart() {
    assert_eq!(digest("").len(), 12);
    assert_eq!(digest(""), "e3b0c44298fc");
    assert_ne!(digest("a"), digest("b"));
}
