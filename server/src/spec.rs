//! An endpoint's YAML -> a checked [`EndpointSpec`]; every mistake in it is reported at once.
//!
//! Called by `specs` and by the commands that write specs. Refuses unknown keys, bad names and
//! references, weights that are not percentages or do not sum to 100 or 0, shares for a deployment
//! that is not there, limits out of range.

use std::sync::Arc;

use model_loader::Name;

use crate::route::{RouteTable, Weight};
use tree::{Mistakes, Node};

mod deployment;
mod drift;
mod privacy;
mod tree;
mod yaml;

pub use deployment::{Batching, DeploymentSpec, Execution};
pub use drift::{Alert, AlertFormat, DriftSpec, Proof};
pub use privacy::PrivacySpec;

#[cfg(test)]
mod tests;

/// Largest spec file, bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Most deployments of one endpoint.
pub const DEPLOYMENTS_MAX: usize = 64;

/// What an endpoint should be.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSpec {
    /// The endpoint's name.
    pub name: Name,
    /// Its deployments, by name.
    pub deployments: Vec<DeploymentSpec>,
    /// The header whose value keeps its deployment, in lower case.
    pub sticky: Option<String>,
    /// Which rows are kept, and what of them.
    pub collect: CollectSpec,
    /// How drift is looked for.
    pub drift: Option<DriftSpec>,
}

/// Which rows are kept, and what of them.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectSpec {
    /// Share of the requests whose rows are kept, 0 to 1.
    pub sampling: f64,
    /// Whether rows have the inputs.
    pub inputs: bool,
    /// Whether rows have the outputs.
    pub outputs: bool,
    /// What is changed of the values before they are stored.
    pub privacy: Option<Arc<PrivacySpec>>,
}

/// A spec that may have mistakes.
#[derive(Debug)]
pub struct Draft {
    /// The spec, if it could be read at all.
    spec: Option<EndpointSpec>,
    /// The deployments that could be read, mistakes elsewhere or not.
    pub deployments: Vec<DeploymentSpec>,
    /// Everything that is wrong, one sentence each, with the key it stands at.
    mistakes: Vec<String>,
}

/// Reads the spec `text`.
///
/// # Errors
/// Every mistake found, one sentence each, with the key it stands at.
pub fn parse(text: &str) -> Result<EndpointSpec, Vec<String>> {
    draft(text).sound(Vec::new())
}

/// Reads as much of the spec `text` as can be read.
pub fn draft(text: &str) -> Draft {
    let mistakes = Mistakes::default();
    let mut deployments = Vec::new();
    let root = mistakes.root(text);
    let (spec, unread) = match root {
        Ok(root) => (endpoint(root, &mistakes, &mut deployments), None),
        Err(error) => (None, Some(error)),
    };
    let mistakes = mistakes.into_all().into_iter().chain(unread).collect();
    Draft { spec, deployments, mistakes }
}

/// The spec that stands at `root`; `sound` gets the deployments that could be read.
fn endpoint(
    root: Node<'_>,
    mistakes: &Mistakes,
    sound: &mut Vec<DeploymentSpec>,
) -> Option<EndpointSpec> {
    let mut keys = root.fields();
    let name = keys.require("name").and_then(Node::parsed::<Name>);
    let seats = keys.require("deployments").map(Node::entries).unwrap_or_default();
    let traffic = shares(keys.require("traffic"));
    let mirror = shares(keys.take("mirror"));
    let sticky = keys.take("sticky").and_then(sticky);
    let collect = keys.take("collect").map_or_else(CollectSpec::default, collect);
    let drift = keys.take("drift").map(drift::read);
    keys.close();

    if seats.is_empty() {
        mistakes.note("deployments", "there is none");
    }
    if seats.len() > DEPLOYMENTS_MAX {
        mistakes.note("deployments", format_args!("there are more than {DEPLOYMENTS_MAX}"));
    }
    for (key, shares) in [("traffic", &traffic), ("mirror", &mirror)] {
        for (seat, _) in shares.iter().filter(|(seat, _)| !seats.iter().any(|(s, _)| s == seat)) {
            mistakes.note(&format!("{key}.{seat}"), "there is no such deployment");
        }
    }
    let weights: Option<Vec<Weight>> = traffic.iter().map(|(_, weight)| *weight).collect();
    if let Some(Err(error)) = weights.map(|weights| RouteTable::new(&weights)) {
        mistakes.note("traffic", error);
    }
    let share = |shares: &[(String, Option<Weight>)], seat: &str| {
        let found = shares.iter().find(|(name, _)| name == seat);
        found.and_then(|(_, weight)| *weight).unwrap_or_default()
    };
    let read = |(seat, node): (String, Node<'_>)| {
        let (weight, mirrored) = (share(&traffic, &seat), share(&mirror, &seat));
        deployment::read(&seat, node, weight, mirrored)
    };
    let deployments: Vec<Option<DeploymentSpec>> = seats.into_iter().map(read).collect();
    sound.extend(deployments.iter().flatten().cloned());
    let deployments = deployments.into_iter().collect::<Option<_>>()?;
    Some(EndpointSpec { name: name?, deployments, sticky, collect, drift })
}

/// Deployment names to percentages; a wrong one has been noted.
fn shares(node: Option<Node<'_>>) -> Vec<(String, Option<Weight>)> {
    let share = |(seat, node): (String, Node<'_>)| (seat, weight(node));
    node.map(Node::entries).unwrap_or_default().into_iter().map(share).collect()
}

fn weight(node: Node<'_>) -> Option<Weight> {
    node.checked(|node| node.number(f64::MIN..=f64::MAX), Weight::from_percent)
}

/// The name of a header, in lower case.
fn sticky(node: Node<'_>) -> Option<String> {
    let mut keys = node.fields();
    let header = keys.require("header").and_then(|node| node.checked(Node::text, header_name));
    keys.close();
    header
}

/// RFC 9110's token, at most 64 bytes of it.
fn header_name(text: String) -> Result<String, String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(token) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("\"{text}\" is no name of a header"))
    }
}

fn collect(node: Node<'_>) -> CollectSpec {
    let usual = CollectSpec::default();
    let mut keys = node.fields();
    let sampling = keys.take("sampling").and_then(|node| node.number(0.0..=1.0));
    let inputs = keys.take("inputs").and_then(Node::flag);
    let outputs = keys.take("outputs").and_then(Node::flag);
    if (inputs, outputs) == (Some(false), Some(false)) {
        keys.note(
            "outputs",
            "rows have neither inputs nor outputs: for no rows, set sampling to 0",
        );
    }
    let privacy = keys.take("privacy").and_then(privacy::read).map(Arc::new);
    keys.close();
    CollectSpec {
        sampling: sampling.unwrap_or(usual.sampling),
        inputs: inputs.unwrap_or(usual.inputs),
        outputs: outputs.unwrap_or(usual.outputs),
        privacy,
    }
}

// === impl Draft ===

impl Draft {
    /// The spec, when neither it nor whoever looked further has found a mistake.
    ///
    /// # Errors
    /// All mistakes, those found later last.
    pub fn sound(self, found_later: Vec<String>) -> Result<EndpointSpec, Vec<String>> {
        let Self { spec, mut mistakes, .. } = self;
        mistakes.extend(found_later);
        match spec {
            Some(spec) if mistakes.is_empty() => Ok(spec),
            _ => Err(mistakes),
        }
    }
}

// === impl CollectSpec ===

impl Default for CollectSpec {
    /// Everything is kept.
    fn default() -> Self {
        Self { sampling: 1.0, inputs: true, outputs: true, privacy: None }
    }
}
