//! Each form as its receiver's documents have it, and as ours show it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Message, message};
use crate::alerts::event::tests::{event, resolved};
use crate::alerts::event::{BYTES_MAX, Event, FEATURES_MAX};
use crate::spec::AlertFormat;

fn body(format: AlertFormat, event: &Event) -> Value {
    serde_json::from_slice(&message(format, event).body).unwrap()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn is_time(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok())
}

#[test]
fn a_cloud_event_has_the_attributes_of_version_1() {
    for format in [AlertFormat::Cloudevents, AlertFormat::EventGrid, AlertFormat::AzureDevops] {
        for (event, kind) in [(event(), "fired"), (resolved(), "resolved")] {
            let body = body(format, &event);
            let required = ["specversion", "id", "source", "type"];
            let optional = ["subject", "time", "datacontenttype", "data"];
            assert_eq!(keys(&body), required.into_iter().chain(optional).collect());
            assert_eq!(body["specversion"], "1.0");
            assert_eq!(body["id"], event.key());
            assert_eq!(body["source"], "/skeg/endpoints/fraud");
            assert_eq!(body["type"], format!("com.skeg.drift.{kind}"));
            assert_eq!(body["subject"], "deployments/blue/models/fraud/versions/2");
            assert!(is_time(&body["time"]));
            assert_eq!(body["datacontenttype"], "application/json");
            assert_eq!(body["data"], event.data());
            assert_eq!(body["data"]["state"], kind);
        }
    }
    let content_type = "application/cloudevents+json; charset=utf-8";
    assert_eq!(message(AlertFormat::EventGrid, &event()).content_type, content_type);
    assert_eq!(message(AlertFormat::Cloudevents, &event()).content_type, content_type);
    assert_eq!(message(AlertFormat::AzureDevops, &event()).content_type, "application/json");
    let mut odd = event();
    odd.endpoint = "a b/../c?d#e%".to_owned();
    let source = body(AlertFormat::Cloudevents, &odd)["source"].clone();
    assert_eq!(source, "/skeg/endpoints/a%20b%2F..%2Fc%3Fd%23e%25");
}

#[test]
fn a_dispatch_has_all_of_it_under_one_key() {
    let Message { content_type, headers, .. } = message(AlertFormat::Github, &event());
    assert_eq!(content_type, "application/json");
    let expected =
        [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];
    assert_eq!(headers, expected);
    for (event, kind) in [(event(), "skeg-drift-fired"), (resolved(), "skeg-drift-resolved")] {
        let body = body(AlertFormat::Github, &event);
        assert_eq!(keys(&body), ["client_payload", "event_type"].into());
        assert_eq!(body["event_type"], kind);
        assert_eq!(keys(&body["client_payload"]), ["drift"].into());
        let drift = &body["client_payload"]["drift"];
        assert_eq!(drift["id"], event.key());
        assert_eq!(drift["features"][0]["name"], "amount");
    }
}

#[test]
fn an_alert_for_alertmanager_is_told_by_its_labels() {
    let fired = body(AlertFormat::Alertmanager, &event());
    let ended = body(AlertFormat::Alertmanager, &resolved());
    let [fired, ended] = [&fired, &ended].map(|list| {
        assert_eq!(list.as_array().unwrap().len(), 1);
        &list[0]
    });
    let parts = ["labels", "annotations", "startsAt", "endsAt", "generatorURL"];
    assert_eq!(keys(fired), parts.into());
    let labels = json!({
        "alertname": "SkegDrift", "severity": "warning", "endpoint": "fraud",
        "deployment": "blue", "model": "fraud", "version": "2",
    });
    assert_eq!((&fired["labels"], &ended["labels"]), (&labels, &labels));
    assert_eq!(fired["startsAt"], ended["startsAt"]);
    assert_eq!(fired["startsAt"], "2026-11-27T12:00:31Z");
    // Long after any resolve_timeout; and then the true end.
    assert_eq!(fired["endsAt"], "2026-12-27T12:00:31Z");
    assert_eq!(ended["endsAt"], "2026-11-28T12:00:31Z");
    // All annotations must be texts.
    assert!(fired["annotations"].as_object().unwrap().values().all(Value::is_string));
    assert_eq!(fired["annotations"]["summary"], "fraud/blue (fraud:2) drifts");
    let told = "input amount: psi 0.4375 (threshold 0.2), output score: psi 0.25 (threshold 0.2)";
    assert_eq!(fired["annotations"]["description"], told);
    let mut unreported = event();
    unreported.report = None;
    let body = body(AlertFormat::Alertmanager, &unreported);
    assert!(body[0].get("generatorURL").is_none(), "it would have to be an address");
}

#[test]
fn the_common_alert_schema_is_filled_in() {
    let fired = body(AlertFormat::AzureCommon, &event());
    assert_eq!(keys(&fired), ["schemaId", "data"].into());
    assert_eq!(fired["schemaId"], "azureMonitorCommonAlertSchema");
    assert_eq!(keys(&fired["data"]), ["essentials", "alertContext", "customProperties"].into());
    let essentials = &fired["data"]["essentials"];
    let always = [
        "alertId",
        "alertRule",
        "severity",
        "signalType",
        "monitorCondition",
        "monitoringService",
        "alertTargetIDs",
        "configurationItems",
        "originAlertId",
        "firedDateTime",
        "description",
        "essentialsVersion",
        "alertContextVersion",
    ];
    assert_eq!(keys(essentials), always.into());
    assert_eq!(
        (&essentials["severity"], &essentials["monitorCondition"]),
        (&"Sev2".into(), &"Fired".into())
    );
    let context = &fired["data"]["alertContext"];
    assert_eq!(keys(context), ["properties", "conditionType", "condition"].into());
    let condition = &context["condition"];
    let parts = ["windowSize", "allOf", "windowStartTime", "windowEndTime"];
    assert_eq!(keys(condition), parts.into());
    assert_eq!(condition["windowSize"], "PT24H");
    let parts = [
        "metricName",
        "metricNamespace",
        "operator",
        "threshold",
        "timeAggregation",
        "dimensions",
        "metricValue",
    ];
    let criterion = &condition["allOf"][0];
    assert_eq!(keys(criterion), parts.into());
    assert_eq!(
        (&criterion["threshold"], &criterion["metricValue"]),
        (&"0.2".into(), &json!(0.4375))
    );
    let custom = fired["data"]["customProperties"].as_object().unwrap();
    assert!(custom.values().all(Value::is_string));

    let ended = body(AlertFormat::AzureCommon, &resolved());
    let ended = &ended["data"]["essentials"];
    assert_eq!(keys(ended), always.into_iter().chain(["resolvedDateTime"]).collect());
    assert_eq!(ended["monitorCondition"], "Resolved");
    for key in ["alertId", "originAlertId", "firedDateTime"] {
        assert_eq!(ended[key], essentials[key], "{key}");
    }
    for (seconds, text) in [(86_400, "PT24H"), (5400, "PT90M"), (61, "PT61S"), (0, "PT0S")] {
        assert_eq!(super::azure_common::iso8601(seconds * 1_000_000), text);
    }
}

#[test]
fn the_largest_event_fits_every_receiver() {
    let mut large = event();
    large.features = vec![large.features[0].clone(); FEATURES_MAX];
    let spare = BYTES_MAX - serde_json::to_vec(&large).unwrap().len();
    for feature in &mut large.features {
        feature.name = "\u{1}".repeat(spare / FEATURES_MAX / 6);
    }
    large.check().unwrap();
    assert!(serde_json::to_vec(&large).unwrap().len() > BYTES_MAX * 9 / 10);
    for format in AlertFormat::ALL {
        // GitHub's is the lowest; Azure Monitor's schema has 256 KB.
        let limit = if format == AlertFormat::AzureCommon { 256 << 10 } else { 64_000 };
        let size = message(format, &large).body.len();
        let is_small = format == AlertFormat::Alertmanager || size < limit;
        assert!(is_small, "{}: {size}", format.name());
        assert_eq!(message(format, &large), message(format, &large.clone()));
    }
}

#[test]
fn numbers_that_are_none_are_null() {
    let mut odd = event();
    odd.features[0].value = f64::INFINITY;
    odd.features[0].p = Some(f64::NAN);
    for format in AlertFormat::ALL {
        let text = String::from_utf8(message(format, &odd).body).unwrap();
        serde_json::from_str::<Value>(&text).unwrap();
    }
    assert_eq!(body(AlertFormat::Cloudevents, &odd)["data"]["features"][0]["value"], Value::Null);
}

#[test]
fn documents_show_what_is_sent() {
    // Read, not embedded: documents are not part of what a server is built from.
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/alerts.md");
    let page = std::fs::read_to_string(page).unwrap();
    let missing = AlertFormat::ALL.into_iter().filter_map(|format| {
        let shown = serde_json::to_string_pretty(&body(format, &event())).unwrap();
        let block = format!("```json\n{shown}\n```");
        (!page.contains(&block)).then(|| format!("{}:\n{block}\n", format.name()))
    });
    let missing: String = missing.collect();
    assert!(missing.is_empty(), "docs/alerts.md has no\n{missing}");
}
