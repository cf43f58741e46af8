//! An event -> the bytes that one kind of receiver understands, and where they go.
//!
//! Called by `deliver`. Bodies are pure functions of the event: the same one gives the same bytes.
//! What proves the sender is `proof`'s.

use url::Url;

use super::event::Event;
use crate::spec::AlertFormat;

mod alertmanager;
mod azure_common;
mod cloudevents;
mod github;

#[cfg(test)]
mod tests;

/// A body and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) body: Vec<u8>,
    pub(super) content_type: &'static str,
    /// Names in small letters.
    pub(super) headers: &'static [(&'static str, &'static str)],
}

const JSON: &str = "application/json";

/// The event in a receiver's form.
pub(super) fn message(format: AlertFormat, event: &Event) -> Message {
    let (json, content_type, headers): (_, _, &'static [_]) = match format {
        AlertFormat::Cloudevents | AlertFormat::EventGrid => {
            (cloudevents::body(event), cloudevents::CONTENT_TYPE, &[])
        }
        // A pipeline reads any JSON; what it is told is what the others are told.
        AlertFormat::AzureDevops => (cloudevents::body(event), JSON, &[]),
        AlertFormat::Github => (github::body(event), JSON, &github::HEADERS),
        AlertFormat::Alertmanager => (alertmanager::body(event), JSON, &[]),
        AlertFormat::AzureCommon => (azure_common::body(event), JSON, &[]),
    };
    Message { body: json.to_string().into_bytes(), content_type, headers }
}

/// Where a message goes: the address as it was given, with what every receiver of that form needs.
pub(super) fn address(format: AlertFormat, mut url: Url) -> Url {
    match format {
        AlertFormat::Alertmanager if !url.path().ends_with("/api/v2/alerts") => {
            let path = format!("{}/api/v2/alerts", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        AlertFormat::EventGrid => {
            if url.path() == "/" {
                url.set_path("/api/events");
            }
            if !url.query_pairs().any(|(name, _)| name == "api-version") {
                url.query_pairs_mut().append_pair("api-version", "2018-01-01");
            }
        }
        _ => {}
    }
    url
}
