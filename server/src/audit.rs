//! The audit trail: who changed what, and when; one small object an event, written once.
//!
//! Called by whoever changes the store on somebody's behalf, after the change. Objects lie at
//! `audit/v1/YYYY/MM/{time}-{event}.json`, sorted by time when they are listed, and are never
//! written again.

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, PutMode};
use serde::Serialize;

#[cfg(test)]
mod tests;

/// Value of the key `format`.
pub const FORMAT: &str = "skeg-audit/1";

/// Names that are taken are passed over, a microsecond each, up to this many.
const ATTEMPTS: usize = 1000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A model version was registered.
    Registered,
    /// An alias was set or moved.
    AliasSet,
    /// An alias was taken away.
    AliasRemoved,
    /// An endpoint's spec was put in place.
    EndpointApplied,
    /// An endpoint's weights were changed.
    TrafficChanged,
    /// An endpoint's spec was taken away.
    EndpointDeleted,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub event: Kind,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// To what: `fraud:1`, `fraud@champion`, an endpoint's name.
    pub subject: String,
    /// What else there is to know; nothing secret.
    pub details: serde_json::Value,
}

#[derive(Serialize)]
struct Stored<'a> {
    format: &'static str,
    event: Kind,
    at: String,
    by: &'a str,
    subject: &'a str,
    details: &'a serde_json::Value,
}

/// Writes an event and says where it lies.
///
/// # Errors
/// A sentence, when the store did not take it.
pub async fn record(store: &dyn ObjectStore, event: &Event) -> Result<Path, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the audit event of it: {error}");
    let Event { event: kind, at, by, subject, details } = event;
    let (kind, at_text) = (*kind, at.to_string());
    let stored = Stored { format: FORMAT, event: kind, at: at_text, by, subject, details };
    let json = serde_json::to_vec(&stored).map_err(|error| failed(&error))?;
    let mut named = *at;
    for _ in 0..ATTEMPTS {
        let path = path(named, kind);
        let put = store.put_opts(&path, json.clone().into(), PutMode::Create.into()).await;
        match put {
            Ok(_) => return Ok(path),
            Err(object_store::Error::AlreadyExists { .. }) => {
                let next = named.checked_add(jiff::SignedDuration::from_micros(1));
                named = next.map_err(|error| failed(&error))?;
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(failed(&format_args!("{ATTEMPTS} others have names of the same time")))
}

fn path(at: Timestamp, kind: Kind) -> Path {
    let (folder, time) = (at.strftime("%Y/%m"), at.strftime("%Y%m%dT%H%M%S%.6fZ"));
    Path::from(format!("audit/v1/{folder}/{time}-{}.json", kind.name()))
}

// === impl Kind ===

impl Kind {
    /// As it stands in the object and its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::AliasSet => "alias-set",
            Self::AliasRemoved => "alias-removed",
            Self::EndpointApplied => "endpoint-applied",
            Self::TrafficChanged => "traffic-changed",
            Self::EndpointDeleted => "endpoint-deleted",
        }
    }
}
