//! An endpoint's YAML -> a checked [`EndpointSpec`]; every mistake in it is reported at once.
//!
//! Called by `serving`. Refuses unknown keys, bad names and references, weights that are not
//! percentages or do not sum to 100 or 0, traffic to a deployment that is not there. The keys that
//! later work adds (`mirror`, `sticky`, `drift`, ...) are refused until they do something.

use std::collections::BTreeMap;

use model_loader::{ModelRef, Name};
use serde::Deserialize;

use crate::route::{RouteTable, Weight};

#[cfg(test)]
mod tests;

/// Largest spec file, bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// What an endpoint should be.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSpec {
    /// The endpoint's name.
    pub name: Name,
    /// Its deployments, by name.
    pub deployments: Vec<DeploymentSpec>,
}

/// What one deployment should be.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentSpec {
    /// The seat.
    pub name: Name,
    /// What sits there.
    pub model: ModelRef,
    /// Its share of the traffic; the shares make a sound route table.
    pub weight: Weight,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEndpoint {
    name: String,
    deployments: BTreeMap<String, RawDeployment>,
    traffic: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeployment {
    model: String,
}

/// Reads the spec `text`.
///
/// # Errors
/// Every mistake found, one sentence each.
pub fn parse(text: &str) -> Result<EndpointSpec, Vec<String>> {
    let raw: RawEndpoint = serde_saphyr::from_str(text).map_err(|e| vec![e.to_string()])?;
    let mut mistakes = Vec::new();
    let name = check(&mut mistakes, raw.name.parse::<Name>(), "name");
    if raw.deployments.is_empty() {
        mistakes.push("deployments: there is none".to_owned());
    }
    let mut deployments = Vec::new();
    for (seat, deployment) in &raw.deployments {
        let place = format!("deployments.{seat}");
        let name = check(&mut mistakes, seat.parse::<Name>(), &place);
        let model = deployment.model.parse::<ModelRef>();
        let model = check(&mut mistakes, model, &format!("{place}.model"));
        let percent = raw.traffic.get(seat).copied().unwrap_or(0.0);
        let weight = Weight::from_percent(percent);
        let weight = check(&mut mistakes, weight, &format!("traffic.{seat}"));
        if let (Some(name), Some(model), Some(weight)) = (name, model, weight) {
            deployments.push(DeploymentSpec { name, model, weight });
        }
    }
    for seat in raw.traffic.keys().filter(|seat| !raw.deployments.contains_key(*seat)) {
        mistakes.push(format!("traffic.{seat}: there is no such deployment"));
    }
    let weights: Vec<Weight> = deployments.iter().map(|d| d.weight).collect();
    if deployments.len() == raw.deployments.len() {
        check(&mut mistakes, RouteTable::new(&weights), "traffic");
    }
    match name {
        Some(name) if mistakes.is_empty() => Ok(EndpointSpec { name, deployments }),
        _ => Err(mistakes),
    }
}

/// The value, or a mistake noted under the key it stands at.
fn check<T, E: std::fmt::Display>(
    mistakes: &mut Vec<String>,
    value: Result<T, E>,
    key: &str,
) -> Option<T> {
    value.map_err(|error| mistakes.push(format!("{key}: {error}"))).ok()
}
