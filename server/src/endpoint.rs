//! A named scoring surface: one immutable snapshot of deployments and routes, swapped whole.
//!
//! `serving` builds and swaps it, the scoring threads read it; a request sees exactly one revision,
//! and its row names it.

use std::collections::HashMap;
use std::sync::Arc;

use model_loader::Name;

use crate::deployment::Deployment;
use crate::error::Error;
use crate::metrics::Series;
use crate::route::RouteTable;

/// One endpoint at one revision.
#[derive(Debug)]
pub struct Endpoint {
    /// The name in the scoring routes.
    pub name: Name,
    /// Counts the snapshots of this endpoint from 1; every row carries it.
    pub revision: u64,
    /// In the order that `routes` numbers them.
    pub deployments: Vec<Arc<Deployment>>,
    /// Which of them a draw falls to.
    pub routes: RouteTable,
    /// Counts requests refused before a deployment was chosen.
    pub unrouted: Arc<Series>,
}

/// All endpoints of the server at one moment.
#[derive(Debug, Default)]
pub struct Endpoints {
    by_name: HashMap<String, Endpoint>,
}

/// What a request says about who must answer it; the default lets the weights decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    /// A deployment by name (the `azureml-model-deployment` header); weights are ignored.
    pub deployment: Option<&'a str>,
    /// A model version (the version in the path); weights are ignored.
    pub version: Option<&'a str>,
}

// === impl Endpoint ===

impl Endpoint {
    /// The deployment that answers: the one the request names, else the one `draw` falls to.
    ///
    /// # Errors
    /// [`Error::UnknownPart`] for a deployment or version that is not there, [`Error::Drained`]
    /// when the weights are all zero.
    #[inline]
    pub fn choose(&self, target: Target<'_>, draw: u32) -> Result<&Deployment, Error> {
        if target.deployment.is_none() && target.version.is_none() {
            let index = self.routes.pick(draw);
            let index = index.ok_or_else(|| Error::Drained(self.name.to_string()))?;
            return Ok(&self.deployments[index]);
        }
        let suits = |deployment: &&Arc<Deployment>| {
            target.deployment.is_none_or(|name| deployment.name.as_ref() == name)
                && target.version.is_none_or(|version| deployment.model.version.as_ref() == version)
        };
        self.deployments.iter().find(suits).map(|found| &**found).ok_or_else(|| {
            let (what, name) = match (target.deployment, target.version) {
                (Some(name), None) => ("deployment", name.to_owned()),
                (Some(name), Some(version)) => {
                    ("deployment with that version", format!("{name}, {version}"))
                }
                (None, version) => ("version", version.unwrap_or_default().to_owned()),
            };
            Error::UnknownPart { model: self.name.to_string(), what, name }
        })
    }

    /// The deployment that speaks for the endpoint in its metadata: the one with most traffic.
    pub fn foremost(&self) -> Option<&Deployment> {
        let heavier = |a: &&Arc<Deployment>, b: &&Arc<Deployment>| a.weight.cmp(&b.weight);
        self.deployments.iter().max_by(heavier).map(|found| &**found)
    }
}

// === impl Endpoints ===

impl Endpoints {
    /// A snapshot of these endpoints.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let keyed = |endpoint: Endpoint| (endpoint.name.to_string(), endpoint);
        Self { by_name: endpoints.into_iter().map(keyed).collect() }
    }

    /// The endpoint of that name.
    ///
    /// # Errors
    /// [`Error::UnknownModel`].
    #[inline]
    pub fn get(&self, name: &str) -> Result<&Endpoint, Error> {
        self.by_name.get(name).ok_or_else(|| Error::UnknownModel(name.to_owned()))
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.by_name.values()
    }

    /// Whether a deployment with this identity is still part of a snapshot.
    pub fn holds(&self, deployment: u64) -> bool {
        self.iter().any(|endpoint| endpoint.deployments.iter().any(|d| d.id == deployment))
    }
}
