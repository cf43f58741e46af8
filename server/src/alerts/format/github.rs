//! GitHub's `repository_dispatch`, which starts workflows of a repository's default branch.
//!
//! `POST /repos/{owner}/{repository}/dispatches` of the REST API, version 2022-11-28. A payload may
//! have ten keys at its top: all of it stands under one.

use serde_json::{Value, json};

use crate::alerts::event::{Event, State};

pub(super) const HEADERS: [(&str, &str); 2] =
    [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

pub(super) fn body(event: &Event) -> Value {
    // What a workflow lists under `types`, 100 characters at most.
    let kind = match event.state {
        State::Fired => "skeg-drift-fired",
        State::Resolved => "skeg-drift-resolved",
    };
    let mut data = event.data();
    data["id"] = event.key().into();
    json!({"event_type": kind, "client_payload": {"drift": data}})
}
