//! What no longer serves, held until its last holder has let go, and then freed here.
//!
//! The scoring threads only ever let go of a model; the keeper, who holds it one moment longer, is
//! the one who pays for freeing it.

use std::sync::Arc;

use model_loader::Name;

use crate::board::{DeploymentStatus, EndpointStatus, State};
use crate::deployment::Deployment;
use crate::endpoint::Endpoints;

/// Snapshots and deployments that are being let go of.
#[derive(Debug, Default)]
pub(super) struct Retired {
    snapshots: Vec<Arc<Endpoints>>,
    deployments: Vec<(Name, Arc<Deployment>)>,
}

// === impl Retired ===

impl Retired {
    /// Takes the snapshot that `now` has replaced.
    pub(super) fn add(&mut self, old: Arc<Endpoints>, now: &Endpoints) {
        for endpoint in old.iter() {
            let gone = endpoint.seats.iter().filter(|seat| !now.holds(seat.deployment.id));
            let gone = gone.map(|seat| (endpoint.name.clone(), Arc::clone(&seat.deployment)));
            self.deployments.extend(gone);
        }
        self.snapshots.push(old);
    }

    /// Frees what nobody else holds. Snapshots first: they hold deployments.
    pub(super) fn free(&mut self) {
        self.snapshots.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        self.deployments.retain(|(_, deployment)| Arc::strong_count(deployment) > 1);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.deployments.is_empty()
    }

    /// Those of one endpoint.
    pub(super) fn of<'r>(
        &'r self,
        endpoint: &'r Name,
    ) -> impl Iterator<Item = DeploymentStatus> + 'r {
        let of_it = self.deployments.iter().filter(move |(name, _)| name == endpoint);
        of_it.map(|(_, deployment)| DeploymentStatus {
            name: deployment.name.clone(),
            model: deployment.model.clone(),
            traffic: 0.0,
            state: State::Draining,
        })
    }

    /// The endpoints that are gone but for these deployments.
    pub(super) fn without<'n>(
        &self,
        wanted: impl Iterator<Item = &'n Name> + Clone,
    ) -> Vec<EndpointStatus> {
        let mut names: Vec<&Name> = self.deployments.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !wanted.clone().any(|wanted| wanted == *name));
        let status = |name: &Name| EndpointStatus {
            name: name.clone(),
            revision: 0,
            spec: None,
            fault: None,
            privacy: None,
            deployments: self.of(name).collect(),
        };
        names.into_iter().map(status).collect()
    }
}
