//! Each form of alert is read; each mistake in one is named.

use std::path::Path;
use std::time::Duration;

use super::{Alert, AlertFormat, DriftSpec};
use crate::spec::parse;

fn spec(drift: &str) -> String {
    let seats = "deployments: {green: {model: 'fraud:1'}}\ntraffic: {green: 100}";
    format!("name: fraud\n{seats}\ndrift: {drift}\n")
}

fn read(drift: &str) -> DriftSpec {
    parse(&spec(drift)).unwrap().drift.unwrap()
}

fn webhook(keys: &str) -> Alert {
    read(&format!("{{alerts: [{{webhook: {{url_file: /s/url{keys}}}}}]}}")).alerts.remove(0)
}

#[test]
fn what_is_not_said_is_as_usual() {
    let drift = read("{}");
    assert_eq!((drift.consecutive, drift.cooldown), (2, Duration::from_secs(3600)));
    assert_eq!(drift.alerts, []);
    let drift = read("{consecutive: 1, cooldown: 0s}");
    assert_eq!((drift.consecutive, drift.cooldown), (1, Duration::ZERO));
    let alert = webhook("");
    assert_eq!(alert.format, AlertFormat::Cloudevents);
    assert_eq!((&alert.secret_file, &alert.secret_header), (&None, &None));
    assert_eq!((alert.headers.len(), alert.allow_http), (0, false));
}

#[test]
fn each_form_is_read() {
    for format in AlertFormat::ALL {
        let name = format.name();
        assert_eq!(webhook(&format!(", format: {name}, secret_file: /s/key")).format, format);
    }
    let alert = webhook(
        ", format: azure-devops, secret_file: /s/key, secret_header: X-Skeg, allow_http: true, \
         headers: {X-Team: fraud desk}",
    );
    assert_eq!(alert.secret_file.as_deref(), Some(Path::new("/s/key")));
    assert_eq!(alert.secret_header.as_deref(), Some("x-skeg"));
    assert_eq!(alert.headers, [("x-team".to_owned(), "fraud desk".to_owned())]);
    assert!(alert.allow_http);
}

#[test]
fn an_id_is_of_the_format_and_the_file_alone() {
    let ids: Vec<String> = [
        "",
        ", format: alertmanager",
        ", format: alertmanager, secret_file: /s/key, headers: {a: b}",
    ]
    .map(|keys| webhook(keys).id())
    .into();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[1], ids[2]);
    // `printf 'cloudevents\0/s/url' | sha256sum`
    assert_eq!(ids[0], "adec57c983526728");
}

#[test]
fn each_mistake_is_named() {
    let long = "x".repeat(1025);
    for (keys, place) in [
        (", url: x", "url"),
        (", format: fax", "format"),
        (", format: github", "secret_file"),
        (", format: event-grid", "secret_file"),
        (", format: github, secret_file: ''", "secret_file"),
        (", format: github, secret_file: /s/t, secret_header: x-a", "secret_header"),
        (", format: alertmanager, secret_file: /s/t, secret_header: x-a", "secret_header"),
        (", format: azure-devops, secret_header: x-a", "secret_header"),
        (", secret_file: /s/k, secret_header: 'no name'", "secret_header"),
        (", secret_file: /s/k, secret_header: Authorization", "secret_header"),
        (", secret_file: /s/k, secret_header: X-A, headers: {x-a: b}", "secret_header"),
        (", headers: {Authorization: Basic}", "headers.Authorization"),
        (", headers: {'a b': c}", "headers.a b"),
        (", headers: {a: 7}", "headers.a"),
        (", headers: {a: b, A: b}", "headers.a"),
        (", headers: {a: \"b\\nc\"}", "headers.a"),
        (&format!(", headers: {{a: {long}}}"), "headers.a"),
        (", headers: [a]", "headers"),
        (", allow_http: 1", "allow_http"),
    ] {
        let text = spec(&format!("{{alerts: [{{webhook: {{url_file: /s/url{keys}}}}}]}}"));
        let mistakes = parse(&text).unwrap_err();
        let at = format!("drift.alerts[0].webhook.{place}: ");
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(&at), "{keys}: {mistakes:?}");
    }
    let two = "{webhook: {url_file: /s/url}}";
    let many = (0..17).map(|n| format!("{{webhook: {{url_file: /s/{n}}}}}")).collect::<Vec<_>>();
    for (drift, place) in [
        ("{cooldown: -1s}", "drift.cooldown"),
        ("{consecutive: 0}", "drift.consecutive"),
        ("{consecutive: 101}", "drift.consecutive"),
        ("{alerts: {}}", "drift.alerts"),
        ("{alerts: [{}]}", "drift.alerts[0].webhook"),
        (&format!("{{alerts: [{two}, {two}]}}"), "drift.alerts[1].webhook"),
        (&format!("{{alerts: [{}]}}", many.join(", ")), "drift.alerts[16].webhook"),
    ] {
        let mistakes = parse(&spec(drift)).unwrap_err();
        let named = mistakes.len() == 1 && mistakes[0].starts_with(&format!("{place}: "));
        assert!(named, "{drift}: {mistakes:?}");
    }
}
