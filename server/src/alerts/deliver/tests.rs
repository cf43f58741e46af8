//! Where an alert goes is read from a file, and nothing of it is in an error.

use super::{Sender, TIMEOUT, address};
use crate::alerts::event::tests::event;
use crate::spec::{Alert, AlertFormat};

/// An alert whose files lie in a folder of its own.
fn alert(folder: &std::path::Path, format: AlertFormat, url: &str) -> Alert {
    let url_file = folder.join("url");
    std::fs::write(&url_file, url).unwrap();
    let (secret_header, headers) = (None, Vec::new());
    Alert { url_file, format, secret_file: None, secret_header, headers, allow_http: false }
}

#[test]
fn an_address_is_read_and_completed() {
    let folder = tempfile::tempdir().unwrap();
    for (format, url, expected) in [
        (AlertFormat::Cloudevents, " https://a.example/x?sig=1\n", "https://a.example/x?sig=1"),
        (AlertFormat::Cloudevents, "http://localhost:9/x", "http://localhost:9/x"),
        (AlertFormat::Cloudevents, "http://[::1]:9/x", "http://[::1]:9/x"),
        (AlertFormat::Alertmanager, "https://a.example", "https://a.example/api/v2/alerts"),
        (AlertFormat::Alertmanager, "https://a.example/am/", "https://a.example/am/api/v2/alerts"),
        (
            AlertFormat::Alertmanager,
            "https://a.example/api/v2/alerts",
            "https://a.example/api/v2/alerts",
        ),
        (
            AlertFormat::EventGrid,
            "https://t.example",
            "https://t.example/api/events?api-version=2018-01-01",
        ),
        (
            AlertFormat::EventGrid,
            "https://t.example/api/events?api-version=9",
            "https://t.example/api/events?api-version=9",
        ),
    ] {
        let read = address(&alert(folder.path(), format, url)).unwrap();
        assert_eq!(read.as_str(), expected);
    }
    let mut alert = alert(folder.path(), AlertFormat::Cloudevents, "http://other.example/x");
    alert.allow_http = true;
    assert_eq!(address(&alert).unwrap().as_str(), "http://other.example/x");
}

#[test]
fn what_is_no_address_is_refused_without_being_told() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("https://a.example/{}", "s3cret".repeat(2000));
    for (url, what) in [
        ("", "holds no address"),
        (" \n", "holds no address"),
        ("s3cret", "holds no address"),
        ("https://s3cret host/", "holds no address"),
        ("http://other.example/s3cret", "allow_http"),
        ("ftp://a.example/s3cret", "neither https"),
        ("file:///s3cret", "neither https"),
        ("https://me:s3cret@a.example/", "must not hold a user"),
        ("https://s3cret@a.example/", "must not hold a user"),
        (&long, "holds no address"),
    ] {
        let error = address(&alert(folder.path(), AlertFormat::Cloudevents, url)).unwrap_err();
        assert!(error.contains(what) && !error.contains("s3cret"), "{error}");
        assert!(error.starts_with(&folder.path().join("url").display().to_string()), "{error}");
    }
    let mut missing = alert(folder.path(), AlertFormat::Cloudevents, "");
    missing.url_file = folder.path().to_owned();
    assert!(address(&missing).unwrap_err().ends_with("not a file"));
    missing.url_file = folder.path().join("none");
    assert!(address(&missing).unwrap_err().contains("No such file"));
}

#[tokio::test]
async fn an_unreachable_receiver_is_named_by_its_host_alone() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago, and is nobody's now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://127.0.0.1:{port}/s3cret?sig=s3cret");
        let mut alert = alert(folder.path(), AlertFormat::Cloudevents, &url);
        alert.allow_http = true;
        let failed = Sender::new(TIMEOUT).send(&alert, &event()).await.unwrap_err();
        assert!(failed.why.starts_with(&format!("{scheme}://127.0.0.1:{port}: ")), "{failed:?}");
        assert!(!failed.why.contains("s3cret") && !failed.is_refusal, "{failed:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    // The kernel takes the connection; nobody reads from it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let alert = alert(folder.path(), AlertFormat::Cloudevents, &format!("http://{at}/s3cret"));
    let sender = Sender::new(std::time::Duration::from_millis(50));
    let failed = sender.send(&alert, &event()).await.unwrap_err();
    assert!(failed.why.contains("timed out") && !failed.why.contains("s3cret"), "{failed:?}");
    assert!(!failed.is_refusal);
}
