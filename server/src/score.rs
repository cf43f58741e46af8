//! The corridor of one request: route, place the inputs, run the model.
//!
//! Called by `http::scoring` with what `http::decode` read. From here the calls stand down the page
//! in order; nothing awaits, and nothing is shared but the snapshot. Time and chance come in as
//! values.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use model_loader::{Inputs, NamedTensor, Tensor};

use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Endpoints, Target};
use crate::error::Error;
use crate::sessions::Sessions;

/// What a client asks, whatever the protocol.
#[derive(Debug)]
pub struct ScoreRequest<'a> {
    /// The client's name for the request.
    pub id: Option<Cow<'a, str>>,
    /// The tensors, named.
    pub inputs: Vec<NamedTensor<'a>>,
    /// The outputs wanted, all when `None`.
    pub outputs: Option<Vec<Cow<'a, str>>>,
}

/// A scored request.
#[derive(Debug)]
pub struct Answer {
    /// The inputs as the model saw them, kept for the row.
    pub inputs: Inputs,
    /// All outputs, in the signature's order.
    pub outputs: Vec<Tensor>,
    /// Which of them the client wanted.
    pub selected: Vec<usize>,
    /// Time in the model.
    pub inference: Duration,
}

/// Where a request is scored, and under which chance and time.
#[derive(Debug)]
pub struct Corridor<'a> {
    /// The snapshot of all endpoints that the request runs under.
    pub endpoints: &'a Endpoints,
    /// The worker's run states.
    pub sessions: &'a mut Sessions,
    /// Uniform over all of `u32`.
    pub draw: u32,
    /// The monotonic clock.
    pub now: fn() -> Instant,
}

/// A request that was not scored, and the deployment it failed at, if one was chosen.
#[derive(Debug)]
pub struct Failure<'e> {
    /// Counts against this deployment.
    pub deployment: Option<&'e Deployment>,
    /// Why.
    pub error: Error,
}

/// Scores `request` on `endpoint`.
///
/// # Errors
/// A [`Failure`] that names the deployment when one was chosen.
pub fn score<'e>(
    endpoint: &'e Endpoint,
    target: Target<'_>,
    request: ScoreRequest<'_>,
    corridor: Corridor<'_>,
) -> Result<(&'e Deployment, Answer), Failure<'e>> {
    let deployment = endpoint
        .choose(target, corridor.draw)
        .map_err(|error| Failure { deployment: None, error })?;
    run(deployment, request, corridor)
        .map(|answer| (deployment, answer))
        .map_err(|error| Failure { deployment: Some(deployment), error })
}

fn run(
    deployment: &Deployment,
    request: ScoreRequest<'_>,
    corridor: Corridor<'_>,
) -> Result<Answer, Error> {
    let selected = deployment.select(request.outputs.as_deref())?;
    let inputs = deployment.runnable.signature().place(request.inputs)?;
    let session = corridor.sessions.of(deployment, corridor.endpoints)?;
    let started = (corridor.now)();
    let outputs = session.run(inputs.tensors())?;
    let inference = (corridor.now)() - started;
    Ok(Answer { inputs, outputs, selected, inference })
}
