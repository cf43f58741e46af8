//! What one endpoint should be, held against what is served.
//!
//! A spec serves once all of its models are ready. Before that, what served before goes on; where
//! nothing did, or where the models that failed are to have no traffic, a part of it serves.

use model_loader::{ModelQuery, ModelRef, Name};

use super::Tools;
use super::build::{self, Workbench};
use super::models::Models;
use super::privacy::Privacy;
use super::retired::Retired;
use crate::board::{DeploymentStatus, EndpointStatus, State};
use crate::endpoint::{Endpoint, Seat, Unready};
use crate::route::Weight;
use crate::spec::EndpointSpec;
use crate::specs::{self, SpecFile};

/// What an endpoint should be.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The file that says so.
    pub(super) file: String,
    /// Of what it says, and of the versions that its aliases stand for.
    pub(super) digest: String,
    pub(super) spec: EndpointSpec,
    /// The version of each of its deployments.
    pub(super) models: Vec<ModelRef>,
    /// The digest of what serves.
    pub(super) serving: Option<String>,
    /// Counts the snapshots that have served, also over a time when none did.
    pub(super) revision: u64,
    /// Why this does not serve.
    pub(super) fault: Option<String>,
    /// Whether its rows can be stored as it has them.
    pub(super) privacy: Privacy,
}

/// What tells a spec of these versions from any other, the same on all replicas.
pub(super) fn digest(file: &SpecFile, spec: &EndpointSpec, models: &[ModelRef]) -> String {
    if !follows(spec) {
        return file.digest();
    }
    let versions: Vec<String> = models.iter().map(ModelRef::to_string).collect();
    specs::digest(&format!("{}\n{}", file.text, versions.join("\n")))
}

/// Whether a spec names aliases, which may come to stand for other versions.
fn follows(spec: &EndpointSpec) -> bool {
    spec.deployments.iter().any(|deployment| matches!(deployment.model, ModelQuery::Alias { .. }))
}

// === impl Wanted ===

impl Wanted {
    /// Whether its versions may become others though its text stays.
    pub(super) fn follows(&self) -> bool {
        follows(&self.spec)
    }

    /// The endpoint as it should be now, if that is another than the one served.
    pub(super) fn build(
        &mut self,
        served: Option<&Endpoint>,
        models: &Models,
        tools: &Tools,
    ) -> Option<Endpoint> {
        let (pending, failed) = models.missing(&self.spec, &self.models);
        self.privacy.look(&self.spec, &self.models, models);
        let uncovered = self.privacy.faults(&self.spec, &self.models);
        let whole = !pending && failed.is_none() && uncovered.is_none();
        let causes: Vec<String> = failed.into_iter().chain(uncovered).collect();
        self.fault = (!causes.is_empty()).then(|| causes.join("; "));
        let privacy = &self.privacy;
        let loaded =
            |model: &ModelRef| models.ready(model).filter(|_| privacy.fault(model).is_none());
        let missing = build::unready(&self.spec, &self.models, |model| loaded(model).is_some());
        let carries = |unready: &[Unready]| unready.iter().any(|u| u.weight > Weight::default());
        // A part serves once it is known to be one: where nothing whole did and nobody who answers
        // is lost, or where what failed is to have no traffic, which must not wait for it.
        let part = served.is_none_or(|served| {
            let answers = |u: &Unready| served.seats.iter().any(|s| s.deployment.name == u.name);
            let loses = missing.iter().any(|u| u.weight > Weight::default() && answers(u));
            let stays = !carries(&missing) || (carries(&served.unready) && !loses);
            stays && !self.uncovers(served)
        });
        if !whole && (pending || !part) {
            return None;
        }
        let same = served.is_some_and(|served| served.unready == missing);
        if same && self.serving.as_ref() == Some(&self.digest) {
            return None;
        }
        let bench = Workbench {
            metrics: &tools.shared.metrics,
            collector: &tools.collector,
            workers: tools.workers,
            hash_key: privacy.key(),
        };
        let revision = self.revision + 1;
        match build::endpoint((&self.spec, &self.models), revision, served, loaded, &bench) {
            Ok(built) => {
                let name = &self.spec.name;
                tracing::info!(endpoint = %name, revision, spec = self.digest, whole, "serves");
                self.serving = Some(self.digest.clone());
                self.revision = revision;
                Some(built)
            }
            Err(error) => {
                self.fault = Some(format!("endpoint {}, {error}", self.spec.name));
                None
            }
        }
    }

    /// Whether a deployment that serves now is one whose rows could not be covered: then the spec
    /// that it serves under stays in force as a whole.
    fn uncovers(&self, served: &Endpoint) -> bool {
        let serves = |name: &Name| served.seats.iter().any(|seat| seat.deployment.name == *name);
        let mut wanted = self.spec.deployments.iter().zip(&self.models);
        wanted.any(|(wanted, model)| self.privacy.fault(model).is_some() && serves(&wanted.name))
    }

    pub(super) fn status(
        &self,
        served: Option<&Endpoint>,
        state: impl Fn(&ModelRef) -> State,
        retired: &Retired,
    ) -> EndpointStatus {
        let seats = served.map(|served| served.seats.as_slice()).unwrap_or_default();
        let serving = seats.iter().map(|seat| DeploymentStatus {
            name: seat.deployment.name.clone(),
            model: seat.deployment.model.clone(),
            traffic: seat.weight.percent(),
            state: State::Ready,
        });
        let wanted = self.spec.deployments.iter().zip(&self.models);
        let coming = wanted.filter(|(wanted, model)| {
            let there = |seat: &Seat| {
                seat.deployment.name == wanted.name && seat.deployment.model == **model
            };
            !seats.iter().any(there)
        });
        let coming = coming.map(|(wanted, model)| DeploymentStatus {
            name: wanted.name.clone(),
            model: model.clone(),
            traffic: 0.0,
            state: match (state(model), self.privacy.fault(model)) {
                (State::Loading | State::Warming, Some(cause)) => State::Failed(cause.to_owned()),
                (state, _) => state,
            },
        });
        let mut deployments: Vec<DeploymentStatus> = Vec::new();
        for status in serving.chain(coming).chain(retired.of(&self.spec.name)) {
            // One that only changed its limits is ready, whoever still holds the one before.
            let known = |d: &DeploymentStatus| (&d.name, &d.model) == (&status.name, &status.model);
            if !deployments.iter().any(known) {
                deployments.push(status);
            }
        }
        EndpointStatus {
            name: self.spec.name.clone(),
            revision: served.map_or(0, |served| served.revision),
            spec: self.serving.clone(),
            fault: self.fault.clone(),
            privacy: seats
                .first()
                .map_or(&self.spec.collect, |s| &s.deployment.collect)
                .privacy
                .clone(),
            deployments,
        }
    }
}
