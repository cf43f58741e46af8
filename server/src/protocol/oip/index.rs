//! The repository index of Triton's model repository extension: every deployment and its state.

use serde::Serialize;

use crate::board::{Board, State};

/// An entry of the index; `deployment` is ours.
#[derive(Debug, PartialEq, Serialize)]
pub struct Indexed {
    /// The endpoint.
    pub name: String,
    /// The model version.
    pub version: String,
    /// Triton knows fewer states.
    pub state: &'static str,
    /// Why it is not ready.
    pub reason: String,
    /// The deployment.
    pub deployment: String,
}

/// All deployments, or those that are ready.
pub fn index(board: &Board, only_ready: bool) -> Vec<Indexed> {
    let mut indexed = Vec::new();
    for endpoint in &board.endpoints {
        for deployment in &endpoint.deployments {
            if only_ready && deployment.state != State::Ready {
                continue;
            }
            indexed.push(Indexed {
                name: endpoint.name.to_string(),
                version: deployment.model.version.to_string(),
                state: match deployment.state {
                    State::Ready => "READY",
                    State::Loading | State::Warming => "LOADING",
                    State::Draining => "UNLOADING",
                    State::Unloaded | State::Failed(_) => "UNAVAILABLE",
                },
                reason: match &deployment.state {
                    State::Failed(cause) => cause.clone(),
                    State::Unloaded => "unloaded".to_owned(),
                    _ => String::new(),
                },
                deployment: deployment.name.to_string(),
            });
        }
    }
    indexed.sort_by(|one: &Indexed, other| {
        (&one.name, &one.version).cmp(&(&other.name, &other.version))
    });
    indexed
}
