//! Addresses, sound and not.

use super::*;

fn parsed(text: &str, server: Option<&str>, plain: bool) -> Result<(String, String, Pick), String> {
    let Address { base, name, pick } = Address::parse(text, server, plain)?;
    Ok((base.to_string(), name, pick))
}

fn one(base: &str, name: &str) -> Result<(String, String, Pick), String> {
    Ok((base.to_owned(), name.to_owned(), Pick::Version("1".to_owned())))
}

#[test]
fn a_server_may_have_a_port_and_a_path() {
    for (text, base) in [
        ("mlflow://ml.example/fraud/1", "https://ml.example/"),
        ("mlflow://ml.example:8443/fraud/1/", "https://ml.example:8443/"),
        ("mlflow://ml.example/a/b/fraud/1", "https://ml.example/a/b/"),
        ("mlflow://127.0.0.1:5000/fraud/1", "http://127.0.0.1:5000/"),
        ("mlflow://localhost:5000/fraud/1", "http://localhost:5000/"),
        ("mlflow://[::1]:5000/fraud/1", "http://[::1]:5000/"),
    ] {
        assert_eq!(parsed(text, None, false), one(base, "fraud"), "{text}");
    }
    let plain = parsed("mlflow://ml.example:5000/fraud/1", None, true);
    assert_eq!(plain, one("http://ml.example:5000/", "fraud"));
    let alias = parsed("mlflow://ml.example/p/my%20fraud@champion", None, false).unwrap();
    let pick = Pick::Alias("champion".to_owned());
    assert_eq!(alias, ("https://ml.example/p/".to_owned(), "my fraud".to_owned(), pick));
}

#[test]
fn mlflows_own_form_takes_the_server_from_elsewhere() {
    let server = Some("https://ml.example/mlflow/v1.0/workspaces/w");
    let base = "https://ml.example/mlflow/v1.0/workspaces/w/";
    assert_eq!(parsed("models:/fraud/1", server, false), one(base, "fraud"));
    assert_eq!(parsed("models:/my fraud/1", server, false), one(base, "my fraud"));
    let local = parsed("models:/fraud/1", Some("http://127.1.2.3:5000"), false);
    assert_eq!(local, one("http://127.1.2.3:5000/", "fraud"));
    let plain = parsed("models:/fraud/1", Some("http://ml.example"), true);
    assert_eq!(plain, one("http://ml.example/", "fraud"));
}

#[test]
fn what_is_no_address_is_refused_without_its_password() {
    let server = Some("https://ml.example");
    for (text, server, words) in [
        ("models:/fraud/1", None, "needs the server: --mlflow URL"),
        ("models:/fraud/1", Some("http://ml.example"), "needs --mlflow-http"),
        ("models:/fraud/1", Some("sqlite:///mlflow.db"), "neither http:// nor https://"),
        ("models:/fraud/1", Some("databricks"), "is no address"),
        ("models:/fraud/1", Some("https://ml.example/?a=b"), "has a `?` or a `#`"),
        ("models:/fraud/1", Some("https://me:s3cret@ml.example"), "a password in an address"),
        ("models:/a/fraud/1", server, "and no more"),
        ("models:/fraud/Production", server, "a whole number, nor NAME@ALIAS"),
        ("models:/fraud", server, "a whole number, nor NAME@ALIAS"),
        ("models:/@champion", server, "has no model's name"),
        ("models:/fraud@", server, "has no model's name, or no alias"),
        ("models:/a%2Fb/1", server, "has no model's name"),
        ("models:/a%ff/1", server, "is not UTF-8"),
        ("mlflow://me:s3cret@ml.example/fraud/1", None, "a password in an address"),
        ("mlflow:///fraud/1", None, "names no host"),
        ("mlflow:///a/fraud/1", None, "names no host"),
        ("mlflow:fraud/1", None, "is neither mlflow://"),
    ] {
        let error = parsed(text, server, false).unwrap_err();
        assert!(error.contains(words) && !error.contains("s3cret"), "{text}: {error}");
        assert!(Address::is_meant(text));
    }
    assert!(!Address::is_meant("models/fraud/1"));
}
