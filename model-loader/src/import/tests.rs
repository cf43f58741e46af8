//! Whole folders, as the tools lay them out, around the example's model.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const ONNX: &[u8] = include_bytes!("../../../examples/fraud/models/1/model.onnx");
const ML_MODEL: &str = include_str!("mlflow/tests/columns.MLmodel");
const CONFIG: &str = include_str!("triton/tests/config.pbtxt");

/// A folder with the files that a test names.
struct Bench(TempDir);

impl Bench {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let bench = Self(TempDir::new().unwrap());
        for (path, bytes) in files {
            let path = bench.at(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        bench
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn import(&self, path: &str) -> Result<Import, String> {
        self.choose(path, None)
    }

    fn choose(&self, path: &str, source_version: Option<u64>) -> Result<Import, String> {
        let wishes = Wishes { source_version, ..Wishes::default() };
        let import = import(&self.at(path), &wishes).map_err(|error| error.to_string());
        import.inspect(|import| assert_eq!(import.onnx, ONNX))
    }

    #[track_caller]
    fn refused(&self, path: &str, words: &str) {
        let error = self.import(path).unwrap_err();
        assert!(error.contains(words), "`{words}` is not in: {error}");
    }
}

fn named(import: &Import) -> (Option<&str>, Option<&str>) {
    (import.name.as_deref(), import.version.as_deref())
}

#[test]
fn an_mlflow_folder_gives_feature_names_and_origin() {
    let ml_model = ML_MODEL.replace("model_id: null", "model_id: m-1\nrun_id: r-1");
    let files: [(&str, &[u8]); 3] =
        [("m/MLmodel", ml_model.as_bytes()), ("m/model.onnx", ONNX), ("m/conda.yaml", b"")];
    let import = Bench::new(&files).import("m").unwrap();
    assert_eq!(import.layout, Layout::Mlflow);
    assert_eq!(named(&import), (None, None));
    assert_eq!(import.feature_names["features"].len(), 20);
    assert_eq!(import.feature_names["features"][19], "f19");
    assert_eq!(import.run_id.as_deref(), Some("r-1"));
    assert_eq!(import.tags["mlflow.model_id"], "m-1");
    let mut lineage = Lineage::default();
    lineage.tags.insert("team".to_owned(), "mine".to_owned());
    import.complete(&mut lineage);
    assert_eq!(lineage.run_id.as_deref(), Some("r-1"));
    assert_eq!((&*lineage.tags["team"], &*lineage.tags["n"]), ("mine", "3"));
}

#[test]
fn an_mlflow_folder_reads_no_other_file() {
    let elsewhere = ML_MODEL.replace("data: model.onnx", "data: ../secret.onnx");
    let bench = Bench::new(&[("m/MLmodel", elsewhere.as_bytes()), ("secret.onnx", ONNX)]);
    bench.refused("m", "`../secret.onnx` is no plain relative path");
    fs::write(bench.at("m/MLmodel"), ML_MODEL).unwrap();
    bench.refused("m", "`model.onnx` is not there");
    symlink("../secret.onnx", bench.at("m/model.onnx")).unwrap();
    bench.refused("m", "`model.onnx` leads out of the folder");
    fs::write(bench.at("m/MLmodel"), "flavors: {sklearn: {}}").unwrap();
    bench.refused("m", "`MLmodel`: it has no flavor `onnx`, only these: sklearn");
    fs::write(bench.at("m/MLmodel"), vec![b' '; (4 << 20) + 1]).unwrap();
    bench.refused("m", "`MLmodel` has more than the 4194304 bytes allowed");
    fs::remove_file(bench.at("m/MLmodel")).unwrap();
    symlink("../elsewhere", bench.at("m/MLmodel")).unwrap();
    bench.refused("m", "`MLmodel` leads out of the folder, or nowhere");
}

#[test]
fn a_triton_folder_gives_its_name_and_the_highest_version() {
    let bench = Bench::new(&[
        ("repo/fraud/2/model.onnx", b"an old one"),
        ("repo/fraud/10/model.onnx", ONNX),
        ("repo/fraud/09/model.onnx", b""),
        ("repo/fraud/labels.txt", b"genuine\nfraud\n"),
    ]);
    let import = bench.import("repo/fraud").unwrap();
    assert_eq!((import.layout, named(&import)), (Layout::Triton, (Some("fraud"), Some("10"))));
    assert!(import.class_labels.is_empty());
    // A repository of one model is as good.
    assert_eq!(named(&bench.import("repo").unwrap()), (Some("fraud"), Some("10")));
    assert_eq!(named(&bench.choose("repo", Some(10)).unwrap()), (Some("fraud"), Some("10")));
    let error = bench.choose("repo/fraud", Some(3)).unwrap_err();
    assert!(error.contains("it has no version 3, only 10, 2"), "{error}");

    fs::write(bench.at("repo/fraud/config.pbtxt"), CONFIG.replace("\"fraud\"", "\"f2\"")).unwrap();
    let import = bench.import("repo").unwrap();
    assert_eq!(named(&import), (Some("f2"), Some("10")));
    assert_eq!(import.class_labels["output_probability"], ["genuine", "fraud"]);
    fs::remove_file(bench.at("repo/fraud/labels.txt")).unwrap();
    bench.refused("repo", "`labels.txt` is not there");
    fs::write(bench.at("repo/fraud/config.pbtxt"), "default_model_filename: \"a.onnx\"").unwrap();
    bench.refused("repo", "in version 10 `a.onnx` is not there");
    fs::write(bench.at("repo/fraud/config.pbtxt"), "platform: \"tensorflow\"").unwrap();
    bench.refused("repo", "`config.pbtxt`: its platform is `tensorflow`");
    fs::write(bench.at("repo/fraud/config.pbtxt"), "").unwrap();
    fs::remove_dir_all(bench.at("repo/fraud/2")).unwrap();
    fs::remove_dir_all(bench.at("repo/fraud/10")).unwrap();
    bench.refused("repo", "it has no version folder");
}

#[test]
fn a_triton_version_may_be_a_folder_of_weights() {
    let bench = Bench::new(&[("fraud/1/model.onnx/model.onnx", ONNX)]);
    assert_eq!(named(&bench.import("fraud").unwrap()), (Some("fraud"), Some("1")));
}

#[test]
fn an_azure_ml_mount_says_name_and_version() {
    let mlflow: [(&str, &[u8]); 2] = [
        ("azureml-models/fraud/7/model_dir/MLmodel", ML_MODEL.as_bytes()),
        ("azureml-models/fraud/7/model_dir/model.onnx", ONNX),
    ];
    let bench = Bench::new(&mlflow);
    for path in ["azureml-models/fraud/7", "azureml-models", "."] {
        let import = bench.import(path).unwrap();
        let wanted = (Layout::Mlflow, (Some("fraud"), Some("7")));
        assert_eq!((import.layout, named(&import)), wanted, "{path}");
    }
    let bench = Bench::new(&[("azureml-models/fraud/7/any.onnx", ONNX)]);
    for path in ["azureml-models/fraud/7", "azureml-models/fraud", "azureml-models"] {
        let import = bench.import(path).unwrap();
        let wanted = (Layout::Onnx, (Some("fraud"), Some("7")));
        assert_eq!((import.layout, named(&import)), wanted, "{path}");
    }
    let bench = Bench::new(&[("mount/fraud/7/deep/er/any.onnx", ONNX), ("mount/x.txt", b"")]);
    assert_eq!(named(&bench.import("mount").unwrap()), (Some("fraud"), Some("7")));
    assert_eq!(named(&bench.import("mount/fraud/7").unwrap()), (None, None));
    let error = bench.choose("mount", Some(7)).unwrap_err();
    assert!(error.contains("a source version was asked for, but this is an ONNX file"), "{error}");
}

#[test]
fn links_of_a_mounted_volume_are_followed_once() {
    let bench = Bench::new(&[("volume/..2026/model.onnx", ONNX)]);
    symlink("..2026", bench.at("volume/..data")).unwrap();
    symlink("..data/model.onnx", bench.at("volume/model.onnx")).unwrap();
    symlink(".", bench.at("volume/again")).unwrap();
    assert_eq!(bench.import("volume").unwrap().layout, Layout::Onnx);
}

#[test]
fn none_and_several_are_refused() {
    let bench = Bench::new(&[("m/b/x.onnx", ONNX), ("m/a.onnx", ONNX), ("none/x.txt", b"")]);
    bench.refused("m", "it holds 2 models, name one: `a.onnx`, `b/x.onnx`");
    bench.refused("none", "it holds no MLmodel file, no version folder with a model.onnx");
    bench.refused("missing", "No such file");
    let bench = Bench::new(&[
        ("m/MLmodel", ML_MODEL.as_bytes()),
        ("m/model.onnx", ONNX),
        ("m/config.pbtxt", b""),
        ("m/1/model.onnx", ONNX),
    ]);
    bench.refused("m", "it holds 2 models, name one: `.` of MLflow, `.` of Triton");
    let many: Vec<String> = (0..9).map(|i| format!("m/{i}.onnx")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|path| (path.as_str(), ONNX)).collect();
    Bench::new(&many).refused("m", "`4.onnx`, and 4 more");
    let deep = format!("m/{}x.onnx", "d/".repeat(12));
    Bench::new(&[(&deep, ONNX)]).refused("m", "has folders more than 8 deep in it");
    let bench = Bench::new(&[("secret.onnx", ONNX), ("m/x.txt", b"")]);
    symlink("../secret.onnx", bench.at("m/model.onnx")).unwrap();
    bench.refused("m", "`model.onnx` leads out of the folder, or nowhere");
}

#[test]
fn tags_are_bounded() {
    let mut import = Import::bare(Vec::new());
    import.tag("long", "x".repeat(TAG_BYTES_MAX + 1));
    import.tag("", "x");
    (0..TAGS_MAX + 10).for_each(|i| import.tag(i.to_string(), "x"));
    import.tag("0", "y");
    assert_eq!((import.tags.len(), &*import.tags["0"]), (TAGS_MAX, "y"));
}
