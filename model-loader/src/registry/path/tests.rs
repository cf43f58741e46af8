//! Paths parse back to what built them, and nothing else parses.

use object_store::path::Path;
use proptest::prelude::*;

use super::{File, Kind, ModelPath};
use crate::error::Error;
use crate::name::ModelRef;
use crate::registry::digest::Digest;

fn file() -> impl Strategy<Value = File> {
    let kind = prop_oneof![Just(Kind::Model), Just(Kind::Baseline)];
    prop_oneof![
        Just(File::Manifest),
        kind.clone().prop_map(File::Plain),
        (kind, any::<u64>())
            .prop_map(|(kind, seed)| File::Addressed(kind, Digest::of(&seed.to_le_bytes()))),
    ]
}

proptest! {
    #[test]
    fn what_is_built_parses_back(
        model in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        version in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        file in file(),
    ) {
        let model: ModelRef = format!("{model}:{version}").parse().unwrap();
        let path = ModelPath::new(&model, file).unwrap();
        prop_assert_eq!(ModelPath::parse(&path.object()), Some(path));
    }

    #[test]
    fn what_parses_builds_back(
        text in "models/[a-c.]{0,2}/[1-3.]{0,2}/(model|baseline)[-.a-f]{0,2}(\\.onnx|\\.json)",
    ) {
        if let Ok(path) = Path::parse(&text)
            && let Some(parsed) = ModelPath::parse(&path)
        {
            prop_assert_eq!(parsed.object(), path);
        }
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    let model: ModelRef = "fraud:1".parse().unwrap();
    let digest = Digest::of(b"");
    let cases = [
        (File::Manifest, "models/fraud/1/manifest.json".to_owned()),
        (File::Plain(Kind::Model), "models/fraud/1/model.onnx".to_owned()),
        (File::Plain(Kind::Baseline), "models/fraud/1/baseline.json".to_owned()),
        (File::Addressed(Kind::Model, digest), format!("models/fraud/1/model-{digest}.onnx")),
    ];
    for (file, text) in cases {
        let path = ModelPath::new(&model, file).unwrap();
        assert_eq!(path.object().as_ref(), text);
        let version = path.into_manifest_version();
        assert_eq!(version, (file == File::Manifest).then(|| model.clone()), "{text}");
    }
}

#[test]
fn other_objects_are_not_of_a_version() {
    let capitals = format!("models/fraud/1/model-{}.onnx", "A".repeat(64));
    let cases = [
        "models",
        "models/fraud/1",
        "models/fraud/1/manifest.json/x",
        "models/fraud/1/sub/model.onnx",
        "models/fraud/aliases/manifest.json",
        "models/fraud/aliases/champion.json",
        "models/fra ud/1/manifest.json",
        "models/fraud/-1/manifest.json",
        "rows/fraud/1/manifest.json",
        "models/fraud/1/MLmodel",
        "models/fraud/1/model.onnx.tmp",
        "models/fraud/1/model-.onnx",
        "models/fraud/1/model-abc.onnx",
        "models/fraud/1/modelx.onnx",
        capitals.as_str(),
    ];
    for text in cases {
        assert_eq!(ModelPath::parse(&Path::parse(text).unwrap()), None, "{text}");
    }
}

#[test]
fn the_folder_of_aliases_is_no_version() {
    let model: ModelRef = "fraud:aliases".parse().unwrap();
    let error = ModelPath::new(&model, File::Manifest).unwrap_err();
    assert!(matches!(&error, Error::Name { given, .. } if given == "fraud:aliases"), "{error}");
}
