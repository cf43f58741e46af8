//! Registration and verified reading over the memory store and a local disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tempfile::TempDir;

use super::digest::Digest;
use super::{NewVersion, Registry, store};
use crate::error::Error;
use crate::manifest::{Lineage, MANIFEST_BYTES_MAX, Manifest};
use crate::model::Model;
use crate::name::{ModelRef, Name};
use crate::tensor::{Tensor, Values};

mod tiny;

const MANIFEST: &str = "models/fraud/1/manifest.json";
const MODEL: &str = "models/fraud/1/model.onnx";
const BASELINE: &str = "models/fraud/1/baseline.json";

/// A store with a registry in it, and a back door to its objects.
struct Bench {
    registry: Registry,
    store: Arc<dyn ObjectStore>,
    _folder: Option<TempDir>,
}

impl Bench {
    fn memory() -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        Self { registry: Registry::new(Arc::clone(&store)), store, _folder: None }
    }

    fn disk() -> Self {
        let folder = TempDir::new().unwrap();
        let disk = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(disk);
        Self { registry: Registry::new(Arc::clone(&store)), store, _folder: Some(folder) }
    }

    async fn read(&self, path: &str) -> Vec<u8> {
        self.store.get(&Path::from(path)).await.unwrap().bytes().await.unwrap().to_vec()
    }

    async fn write(&self, path: &str, bytes: impl Into<Bytes>) {
        self.store.put(&Path::from(path), bytes.into().into()).await.unwrap();
    }

    async fn objects(&self) -> Vec<String> {
        let paths = store::list(&*self.store, &Path::ROOT).await.unwrap();
        let mut names: Vec<_> = paths.iter().map(ToString::to_string).collect();
        names.sort();
        names
    }
}

async fn on_each_store(test: impl AsyncFn(Bench)) {
    test(Bench::memory()).await;
    test(Bench::disk()).await;
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn fraud_1() -> ModelRef {
    "fraud:1".parse().unwrap()
}

pub(super) fn version(number: &str, factor: f32) -> NewVersion {
    NewVersion {
        name: name("fraud"),
        version: name(number),
        created_at: "2026-11-23T10:00:00Z".to_owned(),
        onnx: tiny::onnx(factor),
        feature_names: BTreeMap::new(),
        class_labels: BTreeMap::new(),
        baseline_json: None,
        lineage: Lineage::default(),
    }
}

/// What the model makes of 1.
fn factor(model: &Model) -> f32 {
    let ones = Tensor::new([1, 2].into_iter().collect(), Values::Fp32(vec![1.0, 1.0])).unwrap();
    let outputs = model.session().unwrap().run(&[ones]).unwrap();
    match outputs[0].values() {
        Values::Fp32(values) => values[0],
        other => panic!("not FP32: {other:?}"),
    }
}

#[tokio::test]
async fn a_version_comes_back_as_it_was_registered() {
    on_each_store(async |bench| {
        let names = vec!["amount".to_owned(), "hour".to_owned()];
        let mut new = version("1", 3.0);
        new.feature_names.insert("x".to_owned(), names.clone());
        new.baseline_json = Some(Bytes::from_static(b"{\"edges\":[]}"));
        new.lineage.git_commit = Some("abc".to_owned());
        new.lineage.metrics.insert("auc".to_owned(), 0.97);
        let lineage = new.lineage.clone();

        let made = bench.registry.register(new).await.unwrap();
        assert_eq!(made.model_ref(), fraud_1());
        assert_eq!(made.created_at, "2026-11-23T10:00:00Z");
        assert_eq!(made.lineage, lineage);
        assert_eq!(made.inputs[0].shape, [-1, 2]);
        assert_eq!(made.inputs[0].datatype, "FP32");
        assert_eq!(made.inputs[0].feature_names, names);
        let files: Vec<_> = made.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(files, ["model.onnx", "baseline.json"]);
        assert_eq!(bench.objects().await, [BASELINE, MANIFEST, MODEL]);

        let (manifest, model) = bench.registry.open(&fraud_1()).await.unwrap();
        assert_eq!(manifest, made);
        assert_eq!(factor(&model), 3.0);
        assert_eq!(model.signature().inputs()[0].feature_names, names);
        let baseline = bench.registry.baseline(&fraud_1()).await.unwrap();
        assert_eq!(baseline.as_deref(), Some(&b"{\"edges\":[]}"[..]));
    })
    .await;
}

#[tokio::test]
async fn a_version_without_a_baseline_has_none() {
    let bench = Bench::memory();
    bench.registry.register(version("1", 1.0)).await.unwrap();
    assert_eq!(bench.registry.baseline(&fraud_1()).await.unwrap(), None);
}

#[tokio::test]
async fn a_second_registration_is_refused_by_name_and_changes_nothing() {
    on_each_store(async |bench| {
        let first = bench.registry.register(version("1", 1.0)).await.unwrap();
        let before = bench.objects().await;
        for again in [version("1", 2.0), version("1", 1.0)] {
            let error = bench.registry.register(again).await.unwrap_err();
            assert!(
                matches!(&error, Error::Exists { model, digest }
                    if *model == fraud_1() && *digest == first.model_digest),
                "{error}"
            );
            assert!(error.to_string().contains("`fraud:1`"), "{error}");
        }
        assert_eq!(bench.objects().await, before);
        assert_eq!(factor(&bench.registry.open(&fraud_1()).await.unwrap().1), 1.0);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_registered_is_named() {
    on_each_store(async |bench| {
        let error = bench.registry.open(&fraud_1()).await.unwrap_err();
        assert!(
            matches!(&error, Error::NotRegistered { model } if *model == fraud_1().into()),
            "{error}"
        );
        let error = bench.registry.baseline(&fraud_1()).await.unwrap_err();
        assert!(matches!(error, Error::NotRegistered { .. }), "{error}");
        assert!(bench.registry.versions(&name("fraud")).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_changed_file_refuses_the_version_by_name() {
    on_each_store(async |bench| {
        let mut new = version("1", 1.0);
        new.baseline_json = Some(Bytes::from_static(b"{}"));
        bench.registry.register(new).await.unwrap();

        let good = bench.read(MODEL).await;
        let mut flipped = good.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let longer = [good.clone(), vec![0]].concat();
        let cases = [
            (flipped, "SHA-256"),
            (good[..good.len() - 1].to_vec(), "bytes"),
            (longer, "bytes"),
            (Vec::new(), "bytes"),
        ];
        for (bytes, word) in cases {
            bench.write(MODEL, bytes).await;
            let error = bench.registry.open(&fraud_1()).await.unwrap_err();
            assert!(
                matches!(&error, Error::Digest { model, path, reason }
                    if *model == fraud_1() && path == MODEL && reason.contains(word)),
                "{error}"
            );
            assert!(error.to_string().contains("`fraud:1`"), "{error}");
        }
        bench.store.delete(&Path::from(MODEL)).await.unwrap();
        let error = bench.registry.open(&fraud_1()).await.unwrap_err();
        assert!(matches!(&error, Error::Digest { reason, .. } if reason == "is missing"));

        bench.write(MODEL, good).await;
        bench.write(BASELINE, "[]").await;
        bench.registry.open(&fraud_1()).await.unwrap();
        let error = bench.registry.baseline(&fraud_1()).await.unwrap_err();
        assert!(matches!(&error, Error::Digest { path, .. } if path == BASELINE), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_broken_record_is_refused_by_its_path() {
    on_each_store(async |bench| {
        bench.registry.register(version("1", 1.0)).await.unwrap();
        let good = String::from_utf8(bench.read(MANIFEST).await).unwrap();
        let padding = " ".repeat(MANIFEST_BYTES_MAX as usize + 1 - good.len());
        let cases = [
            (good.replacen('{', "{\"owner\": \"me\",", 1), "unknown field `owner`"),
            (good.replace("\"fraud\"", "\"fraud2\""), "record of `fraud2:1`"),
            (format!("{good}{padding}"), "at most 1048576"),
            (String::new(), "EOF"),
        ];
        for (json, word) in cases {
            bench.write(MANIFEST, json).await;
            let error = bench.registry.manifest(&fraud_1()).await.unwrap_err();
            assert!(
                matches!(&error, Error::Manifest { path, reason }
                    if path == MANIFEST && reason.contains(word)),
                "{error}"
            );
            // Broken is not absent: the version stays taken.
            let error = bench.registry.register(version("1", 2.0)).await.unwrap_err();
            assert!(matches!(error, Error::Manifest { .. }), "{error}");
        }
        let full = &padding[1..];
        bench.write(MANIFEST, format!("{good}{full}")).await;
        bench.registry.manifest(&fraud_1()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn of_two_registrations_that_meet_at_the_manifest_one_wins() {
    on_each_store(async |bench| {
        let late = bench.registry.stage(version("1", 1.0)).await.unwrap();
        let early = bench.registry.stage(version("1", 2.0)).await.unwrap();
        let winner = bench.registry.publish(early).await.unwrap();
        let error = bench.registry.publish(late).await.unwrap_err();
        assert!(
            matches!(&error, Error::Exists { digest, .. } if *digest == winner.model_digest),
            "{error}"
        );
        let (manifest, model) = bench.registry.open(&fraud_1()).await.unwrap();
        assert_eq!(manifest, winner);
        assert_eq!(factor(&model), 2.0);
    })
    .await;
}

#[tokio::test]
async fn a_registration_killed_half_way_leaves_no_version_and_blocks_none() {
    on_each_store(async |bench| {
        let mut half = version("1", 1.0);
        half.baseline_json = Some(Bytes::from_static(b"{\"half\":1}"));
        drop(bench.registry.stage(half).await.unwrap());
        assert_eq!(bench.objects().await, [BASELINE, MODEL]);
        assert!(bench.registry.versions(&name("fraud")).await.unwrap().is_empty());
        let error = bench.registry.open(&fraud_1()).await.unwrap_err();
        assert!(matches!(error, Error::NotRegistered { .. }), "{error}");

        let made = bench.registry.register(version("1", 2.0)).await.unwrap();
        let digest = Digest::of(&tiny::onnx(2.0));
        assert_eq!(made.files[0].path, format!("model-{digest}.onnx"));
        assert_eq!(factor(&bench.registry.open(&fraud_1()).await.unwrap().1), 2.0);
        // The other one's baseline is not taken for this version's.
        assert_eq!(bench.registry.baseline(&fraud_1()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_same_registration_after_a_kill_uses_what_is_there() {
    on_each_store(async |bench| {
        drop(bench.registry.stage(version("1", 1.0)).await.unwrap());
        let made = bench.registry.register(version("1", 1.0)).await.unwrap();
        assert_eq!(made.files[0].path, "model.onnx");
        assert_eq!(bench.objects().await, [MANIFEST, MODEL]);
    })
    .await;
}

#[tokio::test]
async fn bytes_under_a_digest_that_is_not_theirs_are_refused() {
    let bench = Bench::memory();
    let addressed = format!("models/fraud/1/model-{}.onnx", Digest::of(&tiny::onnx(1.0)));
    bench.write(MODEL, "other").await;
    bench.write(&addressed, "forged").await;
    let error = bench.registry.register(version("1", 1.0)).await.unwrap_err();
    assert!(matches!(&error, Error::Digest { path, .. } if *path == addressed), "{error}");
    assert!(bench.registry.versions(&name("fraud")).await.unwrap().is_empty());
}

#[test]
fn of_many_registrations_at_once_one_wins_whole() {
    let bench = Bench::disk();
    let start = Barrier::new(8);
    let results: Vec<(f32, Result<Manifest, Error>)> = std::thread::scope(|scope| {
        let race = |factor: f32| {
            let (registry, start) = (bench.registry.clone(), &start);
            let run = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                start.wait();
                (factor, runtime.block_on(registry.register(version("1", factor))))
            };
            std::thread::Builder::new().spawn_scoped(scope, run).unwrap()
        };
        let racers: Vec<_> = (1u8..=8).map(|factor| race(f32::from(factor))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });

    let mut winners = Vec::new();
    for (factor, result) in results {
        match result {
            Ok(manifest) => winners.push((factor, manifest)),
            Err(Error::Exists { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (manifest, model) = runtime.block_on(bench.registry.open(&fraud_1())).unwrap();
    assert_eq!((factor(&model), manifest), winners.remove(0));
}

#[tokio::test]
async fn what_is_refused_writes_nothing() {
    let bench = Bench::memory();
    let broken = |change: fn(&mut NewVersion)| {
        let mut new = version("1", 1.0);
        change(&mut new);
        new
    };
    let unsound = [
        broken(|new| new.created_at = "yesterday".to_owned()),
        broken(|new| new.lineage.metrics = BTreeMap::from([("auc".to_owned(), f64::NAN)])),
        broken(|new| new.lineage.job = Some("x".repeat(1 << 20))),
        broken(|new| new.baseline_json = Some(vec![b' '; (64 << 20) + 1].into())),
    ];
    for new in unsound {
        let error = bench.registry.register(new).await.unwrap_err();
        assert!(matches!(&error, Error::Manifest { path, .. } if path == MANIFEST), "{error}");
    }
    let error = bench.registry.register(version("aliases", 1.0)).await.unwrap_err();
    assert!(matches!(error, Error::Name { .. }), "{error}");

    let broken_model = broken(|new| new.onnx = Bytes::from_static(b"not a model"));
    bench.registry.register(broken_model).await.unwrap_err();
    let wrong_names = broken(|new| {
        new.feature_names.insert("x".to_owned(), vec!["one of two".to_owned()]);
    });
    bench.registry.register(wrong_names).await.unwrap_err();
    assert!(bench.objects().await.is_empty());
}

#[tokio::test]
async fn versions_are_integers_by_value_then_texts() {
    on_each_store(async |bench| {
        let sorted = ["1", "2", "09", "10", "100000000000000000000000", "1.5", "2026-11", "v2"];
        for version_name in ["v2", "10", "1.5", "2", "2026-11", "09", "1"] {
            bench.registry.register(version(version_name, 1.0)).await.unwrap();
        }
        bench.registry.register(version("100000000000000000000000", 1.0)).await.unwrap();
        // None of these is a version of "fraud".
        let mut other = version("3", 1.0);
        other.name = name("fraud2");
        bench.registry.register(other).await.unwrap();
        drop(bench.registry.stage(version("4", 1.0)).await.unwrap());
        bench.write("models/fraud/aliases/manifest.json", "{}").await;
        bench.write("models/fraud/5/sub/manifest.json", "{}").await;
        bench.write("models/fraud/-6/manifest.json", "{}").await;

        let versions = bench.registry.versions(&name("fraud")).await.unwrap();
        let versions: Vec<&str> = versions.iter().map(AsRef::as_ref).collect();
        assert_eq!(versions, sorted);
    })
    .await;
}

#[tokio::test]
async fn a_failing_store_is_named() {
    let bench = Bench::disk();
    // A file stands where the folder of all models belongs.
    bench.write("models", "").await;
    let error = bench.registry.register(version("1", 1.0)).await.unwrap_err();
    assert!(matches!(&error, Error::Store { path, .. } if path.starts_with("models/")), "{error}");
}

#[tokio::test]
async fn a_signature_that_fails_the_check_is_not_registered() {
    let Bench { registry, store, .. } = Bench::memory();
    let registry = registry.with_check(|signature| {
        let known = signature.outputs().iter().all(|output| output.name != "y");
        known.then_some(()).ok_or_else(|| "output `y` has no place".to_owned())
    });
    let error = registry.register(version("1", 1.0)).await.unwrap_err();
    assert!(matches!(&error, Error::Manifest { reason, .. } if reason.contains("no place")));
    assert!(store::list(&*store, &Path::ROOT).await.unwrap().is_empty());
}
