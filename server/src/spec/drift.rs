//! The `drift` key of a spec: over which window, how often, from which distance on, who is told.

use std::path::PathBuf;
use std::time::Duration;

use super::tree::Node;

/// Windows and intervals are no longer: 400 days.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);
/// Windows and intervals are no shorter: the pane of a minute is the unit.
const SHORTEST: Duration = Duration::from_secs(60);

/// How drift is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftSpec {
    /// How far back an analysis looks.
    pub window: Duration,
    /// How often one is made.
    pub every: Duration,
    /// Least population stability index that counts as drift.
    pub psi: f64,
    /// Least Kolmogorov-Smirnov distance that counts as drift.
    pub ks: f64,
    /// Who is told.
    pub alerts: Vec<Alert>,
}

/// A webhook that is told of drift. What is secret about it stands in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The file with the URL.
    pub url_file: PathBuf,
    /// What is sent.
    pub format: AlertFormat,
    /// The file with the key of the signature.
    pub secret_file: Option<PathBuf>,
}

/// The body of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertFormat {
    /// A CloudEvent.
    Cloudevents,
    /// GitHub's `repository_dispatch`.
    Github,
}

/// Reads the key.
pub(super) fn read(node: Node<'_>) -> DriftSpec {
    let mut keys = node.fields();
    let time = |node: Option<Node<'_>>, usual: u64| {
        let usual = Duration::from_secs(usual);
        node.map_or(Some(usual), |node| node.time(SHORTEST..=LONGEST)).unwrap_or(usual)
    };
    let window = time(keys.take("window"), 86_400);
    let every = time(keys.take("every"), 300);
    let thresholds = keys.take("thresholds").map_or((0.2, 0.1), thresholds);
    let alerts = keys.take("alerts").map(Node::items).unwrap_or_default();
    keys.close();
    let alerts = alerts.into_iter().filter_map(alert).collect();
    DriftSpec { window, every, psi: thresholds.0, ks: thresholds.1, alerts }
}

fn thresholds(node: Node<'_>) -> (f64, f64) {
    let mut keys = node.fields();
    let psi = keys.take("psi").and_then(|node| node.number(0.0..=100.0));
    let ks = keys.take("ks").and_then(|node| node.number(0.0..=1.0));
    keys.close();
    (psi.unwrap_or(0.2), ks.unwrap_or(0.1))
}

fn alert(node: Node<'_>) -> Option<Alert> {
    let mut keys = node.fields();
    let webhook = keys.require("webhook");
    keys.close();
    let mut keys = webhook?.fields();
    let url_file = keys.require("url_file").and_then(Node::text);
    let words = [("cloudevents", AlertFormat::Cloudevents), ("github", AlertFormat::Github)];
    let format = keys.take("format").map_or(Some(AlertFormat::Cloudevents), |n| n.word(&words));
    let secret_file = keys.take("secret_file").and_then(Node::text).map(PathBuf::from);
    keys.close();
    Some(Alert { url_file: url_file?.into(), format: format?, secret_file })
}
