//! The `drift.alerts` key of a spec: webhooks, in which form they are told, and with what proof.
//!
//! What is secret, an address included, stands in files that are read at each delivery; a spec
//! names them. Refused is what a receiver of that form would refuse, or not look at.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::spec::header_name;
use crate::spec::tree::{Fields, Node};

/// Most webhooks of one endpoint.
const ALERTS_MAX: usize = 16;
/// Most headers of one webhook.
const HEADERS_MAX: usize = 16;
/// Longest value of such a header, bytes.
const HEADER_BYTES_MAX: usize = 1024;

/// Headers that the delivery sets, or that are not for a spec to set.
const RESERVED: [&str; 16] = [
    "accept",
    "aeg-sas-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "idempotency-key",
    "proxy-authorization",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-github-api-version",
];

/// A webhook that is told of drift. What is secret about it stands in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The file with the URL.
    pub url_file: PathBuf,
    /// What is sent.
    pub format: AlertFormat,
    /// The file with the token or the key of the signature.
    pub secret_file: Option<PathBuf>,
    /// The header of the signature, in small letters, where it is not the format's own.
    pub secret_header: Option<String>,
    /// Headers that are sent along, their names in small letters; nothing secret.
    pub headers: Vec<(String, String)>,
    /// Whether plain HTTP to another machine will do.
    pub allow_http: bool,
}

/// The form of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertFormat {
    /// A CloudEvent.
    Cloudevents,
    /// GitHub's `repository_dispatch`.
    Github,
    /// A CloudEvent for an incoming webhook of Azure DevOps.
    AzureDevops,
    /// A CloudEvent for a custom topic of Azure Event Grid.
    EventGrid,
    /// The alerts of Prometheus' Alertmanager, version 2 of its API.
    Alertmanager,
    /// Azure Monitor's common alert schema.
    AzureCommon,
}

/// What a format does with the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It signs the body.
    Signature {
        /// The header of the signature unless a spec says another.
        header: &'static str,
    },
    /// It is sent as it is, which needs an encrypted connection.
    Sent,
}

/// Reads the list; what has mistakes is left out.
pub(super) fn read(node: Node<'_>) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    for (place, item) in node.items().into_iter().enumerate() {
        let mut keys = item.fields();
        let webhook = keys.require("webhook").and_then(webhook);
        let same = |alert: &Alert| alerts.iter().any(|before| before.id() == alert.id());
        if place == ALERTS_MAX {
            keys.note("webhook", format_args!("there are more than {ALERTS_MAX}"));
        } else if webhook.as_ref().is_some_and(same) {
            keys.note("webhook", "there is one with the same url_file and format already");
        }
        keys.close();
        alerts.extend(webhook);
    }
    alerts
}

fn webhook(node: Node<'_>) -> Option<Alert> {
    let mut keys = node.fields();
    let url_file = keys.require("url_file").and_then(file);
    let words = AlertFormat::ALL.map(|format| (format.name(), format));
    let format = keys.take("format").map_or(Some(AlertFormat::Cloudevents), |n| n.word(&words));
    let secret = keys.take("secret_file");
    let is_secret_missing = secret.is_none();
    let secret_file = secret.and_then(file);
    let header = keys.take("secret_header");
    let is_header_given = header.is_some();
    let secret_header = header.and_then(|node| node.checked(Node::text, free_header));
    let headers = keys.take("headers").map(headers).unwrap_or_default();
    let allow_http = keys.take("allow_http").and_then(Node::flag).unwrap_or(false);
    if let Some(format) = format {
        hold_against(format, (is_secret_missing, is_header_given), &keys);
    }
    if headers.iter().any(|(name, _)| Some(name) == secret_header.as_ref()) {
        keys.note("secret_header", "is among the headers, too");
    }
    keys.close();
    let (url_file, format) = (url_file?, format?);
    Some(Alert { url_file, format, secret_file, secret_header, headers, allow_http })
}

/// Notes what the format needs and has not, or has and does not need.
fn hold_against(format: AlertFormat, (no_secret, header): (bool, bool), keys: &Fields<'_>) {
    let name = format.name();
    if no_secret && format.needs_secret() {
        keys.note("secret_file", format_args!("is missing: {name} takes nothing without"));
    }
    if header && format.proof() == Proof::Sent {
        keys.note("secret_header", format_args!("{name} has a header of its own for it"));
    } else if header && no_secret {
        keys.note("secret_header", "there is no secret_file to sign with");
    }
}

fn file(node: Node<'_>) -> Option<PathBuf> {
    let not_empty = |text: String| match text.is_empty() {
        true => Err("is empty"),
        false => Ok(PathBuf::from(text)),
    };
    node.checked(Node::text, not_empty)
}

/// The name of a header that is not spoken for, in small letters.
fn free_header(text: String) -> Result<String, String> {
    let name = header_name(text)?;
    match RESERVED.contains(&name.as_str()) {
        true => Err(format!("{name} is not for a spec to set")),
        false => Ok(name),
    }
}

fn headers(node: Node<'_>) -> Vec<(String, String)> {
    let mut read: Vec<(String, String)> = Vec::new();
    for (place, (name, node)) in node.entries().into_iter().enumerate() {
        if place == HEADERS_MAX {
            node.value_of::<(), _>(Err(format!("there are more than {HEADERS_MAX} headers")));
        }
        let Some(name) = node.value_of(free_header(name)) else { continue };
        if read.iter().any(|(before, _)| *before == name) {
            node.value_of::<(), _>(Err("is there already, in other letters"));
        }
        let value = node.checked(Node::text, |text| {
            let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            match visible && text.len() <= HEADER_BYTES_MAX {
                true => Ok(text),
                false => Err(format!("is not up to {HEADER_BYTES_MAX} visible ASCII characters")),
            }
        });
        read.extend(value.map(|value| (name, value)));
    }
    read
}

// === impl Alert ===

impl Alert {
    /// What tells it from the endpoint's other webhooks, wherever it stands among them: 16 hex
    /// digits of SHA-256 over the format and the path of `url_file`.
    pub fn id(&self) -> String {
        let path: &Path = &self.url_file;
        let mut sum = Sha256::new();
        sum.update(self.format.name());
        sum.update([0]);
        sum.update(path.as_os_str().as_encoded_bytes());
        let sum = sum.finalize();
        sum[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

// === impl AlertFormat ===

impl AlertFormat {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::Cloudevents,
        Self::Github,
        Self::AzureDevops,
        Self::EventGrid,
        Self::Alertmanager,
        Self::AzureCommon,
    ];

    /// As it stands in a spec and in labels of metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cloudevents => "cloudevents",
            Self::Github => "github",
            Self::AzureDevops => "azure-devops",
            Self::EventGrid => "event-grid",
            Self::Alertmanager => "alertmanager",
            Self::AzureCommon => "azure-common",
        }
    }

    /// What the secret is for.
    pub fn proof(self) -> Proof {
        match self {
            Self::Cloudevents => Proof::Signature { header: "x-hub-signature-256" },
            Self::AzureDevops => Proof::Signature { header: "x-hub-signature" },
            Self::Github | Self::EventGrid | Self::Alertmanager | Self::AzureCommon => Proof::Sent,
        }
    }

    /// Whether its receiver turns everybody away who has none.
    fn needs_secret(self) -> bool {
        matches!(self, Self::Github | Self::EventGrid)
    }
}
