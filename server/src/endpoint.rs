//! A named scoring surface: one immutable snapshot of deployments and routes, swapped whole.
//!
//! `keeper` builds and swaps it, the scoring threads read it; a request sees exactly one revision,
//! and its row names it.

use std::collections::HashMap;
use std::sync::Arc;

use model_loader::Name;

use crate::deployment::Deployment;
use crate::error::Error;
use crate::metrics::Series;
use crate::route::{Rendezvous, RouteTable, Weight};
use crate::spec::DriftSpec;

/// One endpoint at one revision.
#[derive(Debug)]
pub struct Endpoint {
    /// The name in the scoring routes.
    pub name: Name,
    /// Counts the snapshots of this endpoint from 1; every row carries it.
    pub revision: u64,
    /// The servable deployments, in the order that `routes` numbers them.
    pub seats: Vec<Seat>,
    /// Which of them a draw falls to.
    pub routes: RouteTable,
    /// What keeps a client at its deployment.
    pub sticky: Option<Sticky>,
    /// Deployments of the spec that cannot be served now.
    pub unready: Vec<Unready>,
    /// Counts requests refused before a deployment was chosen.
    pub unrouted: Arc<Series>,
    /// How drift is looked for, if it is.
    pub drift: Option<Arc<DriftSpec>>,
}

/// A servable deployment and its shares at this revision.
#[derive(Clone, Debug)]
pub struct Seat {
    /// What sits there; the same from revision to revision while nothing about it changes.
    pub deployment: Arc<Deployment>,
    /// Its share of the traffic, as the spec says.
    pub weight: Weight,
    /// The share of the others' traffic that is copied to it.
    pub mirror: Weight,
}

/// Requests with the same value of a header go to the same deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sticky {
    /// The header's name, in lower case.
    pub header: String,
    /// Where a value goes.
    pub keys: Rendezvous,
}

/// A deployment of the spec that is not there to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The seat.
    pub name: Name,
    /// The version that should sit there.
    pub version: Name,
    /// The share of the traffic that it should have.
    pub weight: Weight,
}

/// All endpoints of the server at one moment.
#[derive(Debug, Default)]
pub struct Endpoints {
    by_name: HashMap<String, Arc<Endpoint>>,
}

/// What a request says about who must answer it; the default lets the weights decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    /// A deployment by name (the `azureml-model-deployment` header); weights are ignored.
    pub deployment: Option<&'a str>,
    /// A model version (the version in the path); weights are ignored.
    pub version: Option<&'a str>,
    /// The value of the endpoint's sticky header; beats the draw.
    pub key: Option<&'a [u8]>,
}

// === impl Endpoint ===

impl Endpoint {
    /// The deployment that answers: the one the request names, else the one its key or `draw` falls
    /// to.
    ///
    /// # Errors
    /// [`Error::UnknownPart`] for a deployment or version that is not there, [`Error::Unready`] for
    /// one that cannot be served now, [`Error::Drained`] when the weights are all zero.
    #[inline]
    pub fn choose(&self, target: Target<'_>, draw: u32) -> Result<&Seat, Error> {
        if target.deployment.is_some() || target.version.is_some() {
            return self.named(target);
        }
        let index = match (&self.sticky, target.key) {
            (Some(sticky), Some(key)) => sticky.keys.pick(key),
            _ => self.routes.pick(draw),
        };
        index.map(|index| &self.seats[index]).ok_or_else(|| {
            let model = self.name.to_string();
            if self.seats.is_empty() { Error::Unready { model } } else { Error::Drained(model) }
        })
    }

    fn named(&self, target: Target<'_>) -> Result<&Seat, Error> {
        let suits = |name: &Name, version: &Name| {
            target.deployment.is_none_or(|wanted| name.as_ref() == wanted)
                && target.version.is_none_or(|wanted| version.as_ref() == wanted)
        };
        let servable = |seat: &&Seat| suits(&seat.deployment.name, &seat.deployment.model.version);
        // Two deployments of different models may have one version: the one that speaks for the
        // endpoint (`foremost`) has it then.
        if let Some(seat) = self.seats.iter().filter(servable).max_by_key(|seat| seat.weight) {
            return Ok(seat);
        }
        let model = self.name.to_string();
        if self.unready.iter().any(|unready| suits(&unready.name, &unready.version)) {
            return Err(Error::Unready { model });
        }
        let (what, name) = match (target.deployment, target.version) {
            (Some(name), None) => ("deployment", name.to_owned()),
            (Some(name), Some(version)) => {
                ("deployment with that version", format!("{name}, {version}"))
            }
            (None, version) => ("version", version.unwrap_or_default().to_owned()),
        };
        Err(Error::UnknownPart { model, what, name })
    }

    /// The deployments that copies of others' requests go to.
    #[inline]
    pub fn mirrors(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|seat| seat.mirror > Weight::default())
    }

    /// The deployment that speaks for the endpoint in its metadata: the one with most traffic.
    pub fn foremost(&self) -> Option<&Deployment> {
        let heaviest = self.seats.iter().max_by_key(|seat| seat.weight);
        heaviest.map(|seat| &*seat.deployment)
    }
}

// === impl Endpoints ===

impl Endpoints {
    /// A snapshot of these endpoints.
    pub fn new(endpoints: impl IntoIterator<Item = Arc<Endpoint>>) -> Self {
        let keyed = |endpoint: Arc<Endpoint>| (endpoint.name.to_string(), endpoint);
        Self { by_name: endpoints.into_iter().map(keyed).collect() }
    }

    /// The endpoint of that name.
    ///
    /// # Errors
    /// [`Error::UnknownModel`].
    #[inline]
    pub fn get(&self, name: &str) -> Result<&Endpoint, Error> {
        let found = self.by_name.get(name).map(|found| &**found);
        found.ok_or_else(|| Error::UnknownModel(name.to_owned()))
    }

    /// The endpoint of that name, for the next snapshot.
    pub fn shared(&self, name: &str) -> Option<Arc<Endpoint>> {
        self.by_name.get(name).cloned()
    }

    /// The endpoint that is meant where none is named: the one called `default`, or the only one.
    ///
    /// # Errors
    /// [`Error::NoDefault`].
    pub fn unnamed<'a>(&'a self, default: Option<&'a Name>) -> Result<&'a Name, Error> {
        let mut all = self.iter();
        match (default, all.next(), all.next()) {
            (Some(default), ..) => Ok(default),
            (None, Some(only), None) => Ok(&only.name),
            _ => Err(Error::NoDefault),
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.by_name.values().map(|endpoint| &**endpoint)
    }

    /// Whether a deployment with this identity is still part of a snapshot.
    pub fn holds(&self, deployment: u64) -> bool {
        let mut seats = self.iter().flat_map(|endpoint| &endpoint.seats);
        seats.any(|seat| seat.deployment.id == deployment)
    }
}
