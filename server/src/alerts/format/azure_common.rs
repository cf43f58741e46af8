//! Azure Monitor's common alert schema, for receivers that read only that.
//!
//! <https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema>. Thresholds are
//! texts there, measured values numbers, lengths of time ISO 8601. The context is that of a metric
//! alert: one condition a feature.

use serde_json::{Value, json};

use crate::alerts::event::{Event, FeatureDrift, State, rfc3339};

pub(super) fn body(event: &Event) -> Value {
    let Event { endpoint, deployment, .. } = event;
    let target = format!("/skeg/endpoints/{endpoint}/deployments/{deployment}");
    let incident = event.incident();
    let condition = match event.state {
        State::Fired => "Fired",
        State::Resolved => "Resolved",
    };
    let mut essentials = json!({
        "alertId": format!("{target}/alerts/{incident}"),
        "alertRule": "skeg drift",
        // A warning, as drift in itself is no outage.
        "severity": "Sev2",
        "signalType": "Metric",
        "monitorCondition": condition,
        "monitoringService": "Platform",
        "alertTargetIDs": [target],
        "configurationItems": [deployment],
        "originAlertId": incident,
        "firedDateTime": rfc3339(event.fired_at_us),
        "description": event.summary(),
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    });
    if event.state == State::Resolved {
        essentials["resolvedDateTime"] = rfc3339(event.time_us).into();
    }
    let window_us = event.window_end_us.saturating_sub(event.window_start_us);
    let all_of: Vec<Value> = event.features.iter().map(|f| criterion(event, f)).collect();
    json!({
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": essentials,
            "alertContext": {
                "properties": null,
                "conditionType": "MultipleResourceMultipleMetricCriteria",
                "condition": {
                    "windowSize": iso8601(window_us),
                    "allOf": all_of,
                    "windowStartTime": rfc3339(event.window_start_us),
                    "windowEndTime": rfc3339(event.window_end_us),
                },
            },
            "customProperties": custom(event),
        },
    })
}

fn criterion(event: &Event, feature: &FeatureDrift) -> Value {
    let dimension = |name: &str, value: &str| json!({"name": name, "value": value});
    json!({
        "metricName": feature.metric,
        "metricNamespace": "skeg/drift",
        "operator": "GreaterThanOrEqual",
        "threshold": feature.threshold.to_string(),
        "timeAggregation": "Total",
        "dimensions": [
            dimension("endpoint", &event.endpoint),
            dimension("deployment", &event.deployment),
            dimension("feature", &feature.name),
            dimension("side", feature.side.name()),
            dimension("variant", &feature.variant),
        ],
        "metricValue": feature.value,
    })
}

/// Texts only: the schema's rule for them.
fn custom(event: &Event) -> Value {
    json!({
        "id": event.key(),
        "model": event.model,
        "version": event.version,
        "model_digest": event.model_digest,
        "baseline": event.baseline,
        "verdict": event.verdict,
        "report": event.report.as_deref().unwrap_or_default(),
        "replica": event.replica,
    })
}

/// `PT24H`, `PT90M`, `PT61S`: the largest of these that it is a whole number of.
pub(super) fn iso8601(us: i64) -> String {
    let seconds = us.max(0) / 1_000_000;
    match (seconds % 3600, seconds % 60) {
        (0, _) if seconds > 0 => format!("PT{}H", seconds / 3600),
        (_, 0) if seconds > 0 => format!("PT{}M", seconds / 60),
        _ => format!("PT{seconds}S"),
    }
}
