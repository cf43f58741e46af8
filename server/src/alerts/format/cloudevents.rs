//! CloudEvents 1.0, structured: for webhooks of any kind, Event Grid and Azure DevOps.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>. Event Grid takes it at a
//! topic that was made with the input schema `CloudEventSchemaV1_0`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::alerts::event::{Event, State, rfc3339};

pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// What a segment of a path may not have in it as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn body(event: &Event) -> Value {
    let Event { endpoint, deployment, model, version, .. } = event;
    let kind = match event.state {
        State::Fired => "com.skeg.drift.fired",
        State::Resolved => "com.skeg.drift.resolved",
    };
    // A source with an id is unique; so is the key by itself.
    json!({
        "specversion": "1.0",
        "id": event.key(),
        "source": format!("/skeg/endpoints/{}", utf8_percent_encode(endpoint, SEGMENT)),
        "type": kind,
        "subject": format!("deployments/{deployment}/models/{model}/versions/{version}"),
        "time": rfc3339(event.time_us),
        "datacontenttype": "application/json",
        "data": event.data(),
    })
}
