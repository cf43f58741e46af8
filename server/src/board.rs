//! What everybody may know of each deployment: its state, and why it is not ready.
//!
//! Written by the keeper, read by the admin API, the repository index and the metrics. Scoring does
//! not look here: what is servable stands in the snapshot.

use std::sync::Arc;

use model_loader::{ModelRef, Name};
use serde::Serialize;

use crate::spec::PrivacySpec;

/// Where a deployment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "cause")]
pub enum State {
    /// Its model is being read and checked.
    Loading,
    /// Its model is run until its time settles.
    Warming,
    /// It takes requests.
    Ready,
    /// It takes no new requests; the last ones are being answered.
    Draining,
    /// A client has unloaded it here.
    Unloaded,
    /// Its model cannot be served, and why. It is tried again.
    Failed(String),
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeploymentStatus {
    /// The seat.
    pub name: Name,
    /// What sits there.
    #[serde(serialize_with = "as_text")]
    pub model: ModelRef,
    /// Its share of the traffic, in percent; none while it does not serve.
    pub traffic: f64,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndpointStatus {
    /// Its name.
    pub name: Name,
    /// Which of its snapshots serves; 0 for none.
    pub revision: u64,
    /// The digest of the spec that serves, the same on all replicas.
    pub spec: Option<String>,
    /// Why a newer spec does not serve.
    pub fault: Option<String>,
    /// The privacy rules of its rows: those in force, or where nothing serves, those to come.
    #[serde(serialize_with = "rules")]
    pub privacy: Option<Arc<PrivacySpec>>,
    /// Its deployments.
    pub deployments: Vec<DeploymentStatus>,
}

/// All there is to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Board {
    /// By name.
    pub endpoints: Vec<EndpointStatus>,
    /// Specs that cannot be read, and why.
    pub faults: Vec<String>,
}

fn rules<S: serde::Serializer>(
    rules: &Option<Arc<PrivacySpec>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    rules.as_deref().serialize(serializer)
}

fn as_text<S: serde::Serializer>(model: &ModelRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(model)
}

// === impl State ===

impl State {
    /// All names, for metrics.
    pub const NAMES: [&'static str; 6] =
        ["loading", "warming", "ready", "draining", "unloaded", "failed"];

    /// Its name in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Warming => "warming",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Unloaded => "unloaded",
            Self::Failed(_) => "failed",
        }
    }
}
