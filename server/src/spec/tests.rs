//! Good specs are read; bad ones name every mistake.

use std::time::Duration;

use collector::{Buckets, Rule};

use super::{AlertFormat, Batching, CollectSpec, Execution, parse};

const GOOD: &str = "
name: fraud
deployments:
  green: {model: 'fraud:1'}
  blue: {model: 'fraud:2'}
traffic: {green: 90, blue: 10}
";

#[test]
fn a_good_spec_is_read() {
    let spec = parse(GOOD).unwrap();
    assert_eq!(spec.name.as_ref(), "fraud");
    let seats: Vec<_> = spec
        .deployments
        .iter()
        .map(|d| (d.name.to_string(), d.model.to_string(), d.weight.ratio()))
        .collect();
    let blue = ("blue".to_owned(), "fraud:2".to_owned(), 0.1);
    let green = ("green".to_owned(), "fraud:1".to_owned(), 0.9);
    assert_eq!(seats, [blue, green]);
}

#[test]
fn a_deployment_without_traffic_has_none() {
    let spec = parse(&GOOD.replace("green: 90, blue: 10", "green: 100")).unwrap();
    assert_eq!(spec.deployments[0].weight.ratio(), 0.0);
}

#[test]
fn a_drained_endpoint_is_legal() {
    assert!(parse(&GOOD.replace("green: 90, blue: 10", "green: 0, blue: 0")).is_ok());
}

#[test]
fn every_mistake_is_reported_at_once() {
    let bad = "
name: '-fraud'
deployments:
  green: {model: fraud}
  'bl ue': {model: 'fraud:1'}
traffic: {green: 101, red: 5}
";
    let mistakes = parse(bad).unwrap_err();
    for key in [
        "name:",
        "deployments.green.model:",
        "deployments.bl ue:",
        "traffic.green:",
        "traffic.red:",
    ] {
        assert!(mistakes.iter().any(|m| m.starts_with(key)), "{key} not in {mistakes:?}");
    }
}

#[test]
fn weights_must_sum_to_a_hundred() {
    let mistakes = parse(&GOOD.replace("90", "80")).unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].contains("sum to 90 %"), "{mistakes:?}");
}

#[test]
fn unknown_and_repeated_keys_are_refused_by_name() {
    for (bad, key) in [
        (GOOD.to_owned() + "mirrors: {blue: 20}\n", "mirrors"),
        (GOOD.replace("{model: 'fraud:1'}", "{model: 'fraud:1', modle: x}"), "green.modle"),
        (GOOD.to_owned() + "name: again\n", "name"),
        (GOOD.replace("  blue:", "  green: {model: 'fraud:3'}\n  blue:"), "green"),
    ] {
        let mistakes = parse(&bad).unwrap_err();
        assert!(mistakes[0].contains(key), "{key} not in {mistakes:?}");
    }
    assert!(parse("").is_err());
    assert!(parse("[1, 2]").is_err());
}

#[test]
fn every_key_is_read() {
    let spec = parse(
        "
name: fraud
deployments:
  green: {model: 'fraud:1'}
  blue:
    model: fraud:2
    execution: pool
    timeout_ms: 250
    max_concurrent: 3
    queue: 0
    batching: {max_rows: 32, max_delay_us: 50}
traffic: {green: 99.5, blue: 0.5}
mirror: {blue: 12.34}
sticky: {header: X-Customer-Id}
collect: {sampling: 0.25, inputs: false}
drift:
  window: 24h
  every: 5m
  thresholds: {psi: 0.3, ks: 0.15}
  alerts: [{webhook: {url_file: /secrets/url, format: github, secret_file: /secrets/hmac}}]
",
    );
    let spec = spec.unwrap();
    let blue = &spec.deployments[0];
    assert_eq!((blue.weight.percent(), blue.mirror.percent()), (0.5, 12.34));
    assert_eq!((blue.execution, blue.timeout), (Execution::Pool, Duration::from_millis(250)));
    assert_eq!((blue.max_concurrent, blue.queue), (3, 0));
    let max_delay = Duration::from_micros(50);
    assert_eq!(blue.batching, Batching { max_rows: 32, max_delay });
    let green = &spec.deployments[1];
    assert_eq!((green.execution, green.timeout), (Execution::Auto, Duration::from_secs(5)));
    assert_eq!((green.max_concurrent, green.queue, green.batching), (64, 128, Batching::NONE));
    assert_eq!(spec.sticky.as_deref(), Some("x-customer-id"));
    let collect = CollectSpec { sampling: 0.25, inputs: false, outputs: true, privacy: None };
    assert_eq!(spec.collect, collect);
    let drift = spec.drift.unwrap();
    assert_eq!((drift.window.as_secs(), drift.every.as_secs()), (86_400, 300));
    assert_eq!((drift.psi, drift.ks), (0.3, 0.15));
    let alert = &drift.alerts[0];
    assert_eq!(alert.url_file.to_str(), Some("/secrets/url"));
    assert_eq!((alert.format, alert.secret_file.is_some()), (AlertFormat::Github, true));
}

#[test]
fn limits_out_of_range_and_contradictions_are_refused() {
    for (key, value) in [
        ("timeout_ms", "0"),
        ("timeout_ms", "1.5"),
        ("max_concurrent", "0"),
        ("max_concurrent", "-1"),
        ("queue", "-1"),
        ("queue", "soon"),
        ("execution", "sometimes"),
        ("batching", "7"),
        ("batching", "{max_rows: 0}"),
        ("batching", "{max_rows: 65537}"),
        ("batching", "{max_rows: 8}, execution: inline"),
        ("batching", "{max_rows: 8, max_delay_us: 20000}, timeout_ms: 20"),
    ] {
        let keys = format!("{{model: 'fraud:1', {key}: {value}}}");
        let mistakes = parse(&GOOD.replace("{model: 'fraud:1'}", &keys)).unwrap_err();
        let place = format!("deployments.green.{key}");
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(&place), "{value}: {mistakes:?}");
    }
    for (line, place) in [
        ("mirror: {red: 10}", "mirror.red"),
        ("mirror: {blue: 101}", "mirror.blue"),
        ("sticky: {header: 'no header'}", "sticky.header"),
        ("sticky: {}", "sticky.header"),
        ("collect: {sampling: 1.01}", "collect.sampling"),
        ("collect: {inputs: 1}", "collect.inputs"),
        ("collect: {inputs: false, outputs: false}", "collect.outputs"),
        ("collect: {privacy: {}}", "collect.privacy.features"),
        ("collect: {privacy: {features: {}}}", "collect.privacy.features"),
        ("collect: {privacy: {features: {a: 7}}}", "collect.privacy.features.a"),
        ("collect: {privacy: {features: {a: keep}}}", "collect.privacy.features.a"),
        ("collect: {privacy: {features: {a: hash}}}", "collect.privacy.hash_key_file"),
        ("collect: {privacy: {features: {a: {bin: 7}}}}", "collect.privacy.features.a.bin"),
        ("collect: {privacy: {features: {a: {bucket: 0}}}}", "collect.privacy.features.a.bucket"),
        (
            "collect: {privacy: {features: {a: {bucket: 1e16}}}}",
            "collect.privacy.features.a.bucket",
        ),
        ("collect: {privacy: {features: {a: {bucket: []}}}}", "collect.privacy.features.a.bucket"),
        (
            "collect: {privacy: {features: {a: {bucket: [2, 2]}}}}",
            "collect.privacy.features.a.bucket",
        ),
        ("drift: {window: 5s}", "drift.window"),
        ("drift: {every: soon}", "drift.every"),
        ("drift: {alerts: [{webhook: {format: fax}}]}", "drift.alerts[0].webhook.url_file"),
    ] {
        let mistakes = parse(&format!("{GOOD}{line}\n")).unwrap_err();
        assert!(mistakes.iter().any(|m| m.starts_with(place)), "{place} not in {mistakes:?}");
    }
}

#[test]
fn privacy_rules_are_read() {
    let spec = parse(&format!(
        "{GOOD}collect: {{privacy: {{hash_key_file: /secrets/key, features: {{age: {{bucket: 10}}, \
         income: {{bucket: [0, 2.5e4]}}, email: hash, out.label: drop}}}}}}\n"
    ));
    let privacy = spec.unwrap().collect.privacy.unwrap();
    assert_eq!(privacy.hash_key_file.as_deref(), Some(std::path::Path::new("/secrets/key")));
    let rules = [
        ("age", Rule::Bucket(Buckets::Width(10.0))),
        ("email", Rule::Hash),
        ("income", Rule::Bucket(Buckets::Edges(vec![0.0, 25_000.0]))),
        ("out.label", Rule::Drop),
    ];
    assert_eq!(privacy.features, rules.map(|(name, rule)| (name.to_owned(), rule)).into());
    assert!(privacy.hashes());
    // Nobody who reads the rules learns where the key is.
    let json = serde_json::to_string(&*privacy).unwrap();
    let told = r#"{"age":{"bucket":10.0},"email":"hash","income":{"bucket":[0.0,25000.0]},"#;
    assert_eq!(json, format!(r#"{told}"out.label":"drop"}}"#));
}
