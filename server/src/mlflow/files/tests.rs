//! Where a version's files may be.

use super::*;

fn at(uri: &str, base: &str) -> Result<String, String> {
    root(uri, &base.parse().unwrap()).map(|segments| segments.join("/"))
}

#[test]
fn files_behind_the_same_server_are_found() {
    for (uri, base) in [
        ("mlflow-artifacts:/0/r/artifacts", "https://ml.example/"),
        ("mlflow-artifacts:///0/r/artifacts/", "https://ml.example/p/"),
        ("mlflow-artifacts://ml.example/0/r/artifacts", "https://ml.example/"),
        ("mlflow-artifacts://ml.example:443/0/r/artifacts", "https://ml.example/"),
        (
            "https://ml.example/p/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts",
            "https://ml.example/p/",
        ),
    ] {
        assert_eq!(at(uri, base).as_deref(), Ok("0/r/artifacts"), "{uri}");
    }
}

#[test]
fn files_elsewhere_are_refused_by_their_address() {
    for uri in [
        "s3://bucket/0/r",
        "dbfs:/databricks/mlflow/r",
        "azureml://x/y",
        "/srv/mlflow/0/r",
        "file:///srv/mlflow",
        "mlflow-artifacts://other.example/0/r",
        "mlflow-artifacts://ml.example:8080/0/r",
        "http://ml.example/api/2.0/mlflow-artifacts/artifacts/0/r",
        "https://ml.example/other/0/r",
        "mlflow-artifacts:/",
        "mlflow-artifacts:/0/a\\b",
    ] {
        let error = at(uri, "https://ml.example/").unwrap_err();
        assert!(error.contains(uri) && error.contains("register the folder"), "{error}");
    }
    for name in ["", ".", "..", "a/b", "a\\b", "a\0b", &"n".repeat(256)] {
        assert!(!is_plain(name), "{name:?}");
    }
    assert!(is_plain("model.onnx") && is_plain("..data") && is_plain("Mlmodel é"));
}
