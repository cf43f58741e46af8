//! Which records are read, and that what is written is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DataAsset, FileEntry, Lineage, MANIFEST_FORMAT, Manifest, TensorEntry};
use crate::Datatype;
use crate::name::ModelRef;
use crate::registry::digest::Digest;
use crate::registry::path::Kind;
use crate::signature::TensorSpec;

fn model() -> ModelRef {
    "fraud:1".parse().unwrap()
}

fn file(path: &str, size: u64) -> FileEntry {
    FileEntry { path: path.to_owned(), size, sha256: Digest::of(path.as_bytes()).to_string() }
}

fn tensor(name: &str, shape: &[i64]) -> TensorEntry {
    TensorEntry {
        name: name.to_owned(),
        datatype: "FP32".to_owned(),
        shape: shape.to_vec(),
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

fn manifest() -> Manifest {
    let files = vec![file("model.onnx", 100), file("baseline.json", 10)];
    Manifest {
        format: MANIFEST_FORMAT.to_owned(),
        name: "fraud".parse().unwrap(),
        version: "1".parse().unwrap(),
        created_at: "2026-11-23T10:00:00.25+01:00".to_owned(),
        model_digest: Digest::of_version(&files).unwrap().to_string(),
        files,
        opset: BTreeMap::from([("ai.onnx".to_owned(), 17), ("ai.onnx.ml".to_owned(), 3)]),
        inputs: vec![tensor("x", &[-1, 2])],
        outputs: vec![tensor("y", &[-1])],
        lineage: Lineage {
            git_commit: Some("abc".to_owned()),
            run_id: None,
            job: Some("train".to_owned()),
            training_data: Some(DataAsset { asset: "cards:7".to_owned(), digest: None }),
            metrics: BTreeMap::from([("auc".to_owned(), 0.1 + 0.2)]),
            tags: BTreeMap::from([("team".to_owned(), "risk".to_owned())]),
        },
    }
}

/// The sound record with one value replaced, added or (`Value::Null`) removed.
fn changed(pointer: &str, key: &str, value: Value) -> String {
    let mut json = serde_json::to_value(manifest()).unwrap();
    let object = json.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => drop(object.remove(key).expect("the record has that key")),
        value => drop(object.insert(key.to_owned(), value)),
    }
    json.to_string()
}

fn refusal(json: &str) -> String {
    Manifest::from_json(json.as_bytes(), &model()).unwrap_err()
}

#[test]
fn what_is_written_is_read_back() {
    let json = manifest().to_json().unwrap();
    assert_eq!(Manifest::from_json(&json, &model()), Ok(manifest()));
}

#[test]
fn unknown_keys_are_refused_everywhere() {
    for pointer in ["", "/files/0", "/inputs/0", "/outputs/0", "/lineage", "/lineage/training_data"]
    {
        let reason = refusal(&changed(pointer, "extra", json!(1)));
        assert!(reason.contains("unknown field `extra`"), "{pointer}: {reason}");
    }
}

#[test]
fn each_missing_key_is_named() {
    let keys = ["format", "name", "version", "created_at", "files", "model_digest", "opset"];
    for key in keys.into_iter().chain(["inputs", "outputs", "lineage"]) {
        let reason = refusal(&changed("", key, Value::Null));
        assert!(reason.contains(&format!("missing field `{key}`")), "{reason}");
    }
}

#[test]
fn unsound_records_are_refused() {
    let capitals = manifest().files[0].sha256.to_uppercase();
    let nothing = Digest::of_version(&[]).unwrap().to_string();
    let cases = [
        ("", "format", json!("skeg-manifest/2"), "format is `skeg-manifest/2`"),
        ("", "name", json!("a/b"), "only letters"),
        ("", "name", json!("fraud2"), "record of `fraud2:1`"),
        ("", "version", json!("2"), "record of `fraud:2`"),
        ("", "created_at", json!("23 November"), "RFC 3339"),
        ("", "created_at", json!("2026-11-23T10:00:00"), "RFC 3339"),
        ("", "model_digest", json!(nothing), "model_digest"),
        ("", "files", json!([]), "no model"),
        ("", "files", json!([file("baseline.json", 1)]), "no model"),
        ("/files/0", "path", json!("../2/model.onnx"), "neither a model nor a baseline"),
        ("/files/0", "path", json!("manifest.json"), "neither a model nor a baseline"),
        ("/files/1", "path", json!("model.onnx"), "second of its kind"),
        ("/files/0", "size", json!((1u64 << 30) + 1), "at most 1073741824"),
        ("/files/1", "size", json!((64u64 << 20) + 1), "at most 67108864"),
        ("/files/0", "size", json!(-1), "invalid value"),
        ("/files/0", "sha256", json!(capitals), "sha256"),
        ("/files/0", "sha256", json!(nothing), "model_digest"),
        ("/inputs/0", "datatype", json!("FLOAT"), "unknown datatype `FLOAT`"),
        ("/inputs/0", "shape", json!([-2]), "extent -2"),
    ];
    for (pointer, key, value, word) in cases {
        let reason = refusal(&changed(pointer, key, value.clone()));
        assert!(reason.contains(word), "{pointer}/{key} = {value}: {reason}");
    }
}

#[test]
fn bytes_that_are_no_record_are_refused() {
    let deep = "[".repeat(100_000);
    for bytes in ["", "null", "{}", "\u{0}", deep.as_str()] {
        refusal(bytes);
    }
    assert!(Manifest::from_json(b"\xff\xfe", &model()).is_err());
}

#[test]
fn nothing_unreadable_is_written() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut unsound = manifest();
        unsound.lineage.metrics.insert("loss".to_owned(), value);
        assert!(unsound.to_json().unwrap_err().contains("`loss`"));
    }
    let mut large = manifest();
    large.lineage.tags.insert("note".to_owned(), "x".repeat(1 << 20));
    assert!(large.to_json().unwrap_err().contains("at most 1048576"));
}

#[test]
fn files_are_found_by_what_they_are() {
    let mut manifest = manifest();
    assert_eq!(manifest.file(Kind::Model).unwrap().0.size, 100);
    assert_eq!(manifest.file(Kind::Baseline).unwrap().0.size, 10);
    manifest.files.remove(1);
    assert!(manifest.file(Kind::Baseline).is_none());
}

#[test]
fn options_carry_the_names_of_the_inputs_that_have_some() {
    let mut manifest = manifest();
    manifest.inputs.push(tensor("z", &[-1, 1]));
    manifest.inputs[1].feature_names = vec!["hour".to_owned()];
    let expected = BTreeMap::from([("z".to_owned(), vec!["hour".to_owned()])]);
    assert_eq!(manifest.options().feature_names, expected);
}

#[test]
fn a_tensor_is_recorded_with_minus_one_for_variable() {
    let spec = TensorSpec {
        name: "p".to_owned(),
        datatype: Datatype::Fp64,
        shape: vec![None, Some(2)],
        per_row: true,
        feature_names: Vec::new(),
        class_labels: vec!["no".to_owned(), "yes".to_owned()],
    };
    let entry = TensorEntry::from(&spec);
    assert_eq!((entry.datatype.as_str(), entry.shape.as_slice()), ("FP64", &[-1, 2][..]));
    assert_eq!(entry.class_labels, spec.class_labels);
}
