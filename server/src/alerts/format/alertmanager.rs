//! Alertmanager's API, version 2: `POST /api/v2/alerts`, a list of alerts.
//!
//! The labels are the alert's identity, so they are those of the deployment alone: what ends it has
//! the labels of what began it. Alertmanager ends an alert after its `resolve_timeout` when it is
//! not told of an end; an end far ahead stands instead of a repetition every few minutes, and the
//! event that drift ended says the true one. What Alertmanager forgets when it is started anew
//! without a peer, it is not told again.

use serde_json::{Map, Value, json};

use crate::alerts::event::{Event, State, rfc3339};

/// When an alert ends that nobody ends: 30 days after it was told.
const LONGEST_US: i64 = 30 * 86_400 * 1_000_000;

pub(super) fn body(event: &Event) -> Value {
    let end_us = match event.state {
        State::Fired => event.time_us.saturating_add(LONGEST_US),
        State::Resolved => event.time_us,
    };
    let mut annotations = Map::new();
    let mut annotate = |name: &str, text: String| {
        annotations.insert(name.to_owned(), text.into());
    };
    annotate("summary", event.summary());
    annotate("description", event.features_told());
    annotate("verdict", event.verdict.clone());
    annotate("model_digest", event.model_digest.clone());
    annotate("baseline", event.baseline.clone());
    annotate("window_start", rfc3339(event.window_start_us));
    annotate("window_end", rfc3339(event.window_end_us));
    annotate("replica", event.replica.clone());
    annotate("id", event.key());
    let mut alert = json!({
        "labels": {
            "alertname": "SkegDrift",
            "severity": "warning",
            "endpoint": event.endpoint,
            "deployment": event.deployment,
            "model": event.model,
            "version": event.version,
        },
        "annotations": annotations,
        "startsAt": rfc3339(event.fired_at_us.min(end_us)),
        "endsAt": rfc3339(end_us),
    });
    if let Some(report) = &event.report {
        alert["generatorURL"] = report.as_str().into();
    }
    json!([alert])
}
