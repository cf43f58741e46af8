//! Health and metadata of the Open Inference Protocol: what the server and its models are.

use model_loader::TensorSpec;
use serde::Serialize;

use super::encode::{Reply, error, shape, status};
use super::op::{Place, Question};
use crate::board::{Board, EndpointStatus, State};
use crate::deployment::Deployment;
use crate::endpoint::{Endpoints, Target};
use crate::error::Error;
use crate::shutdown::Phase;
use crate::worker::Shared;

/// `GET /v2`.
#[derive(Debug, Serialize)]
struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    /// Clients read an array here without looking, so it is there even when empty.
    extensions: [&'static str; 0],
}

/// `GET /v2/models/{m}`.
#[derive(Debug, Serialize)]
struct ModelMetadata<'a> {
    name: &'a str,
    versions: Vec<&'a str>,
    platform: &'static str,
    inputs: Vec<TensorMetadata<'a>>,
    outputs: Vec<TensorMetadata<'a>>,
}

#[derive(Debug, Serialize)]
struct TensorMetadata<'a> {
    name: &'a str,
    datatype: &'static str,
    /// -1 stands for any size.
    shape: Vec<i64>,
}

/// An entry of `POST /v2/repository/index`; `deployment` is ours.
#[derive(Debug, Serialize)]
struct Indexed {
    name: String,
    version: String,
    state: &'static str,
    reason: String,
    deployment: String,
}

#[derive(Debug, Serialize)]
struct Live {
    live: bool,
}

#[derive(Debug, Serialize)]
struct Ready<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    ready: bool,
}

/// Answers a question. Not ready is 400: OIP wants a 4xx, and probes and clients look at the status
/// alone.
pub fn answer(question: Question<'_>, shared: &Shared, phase: Phase) -> Reply {
    let endpoints = &shared.endpoints.load();
    match question {
        Question::Live => shape(&Live { live: true }),
        Question::Ready => readiness(None, phase),
        Question::Server => {
            let version = env!("CARGO_PKG_VERSION");
            shape(&ServerMetadata { name: "skeg", version, extensions: [] })
        }
        Question::Index => index(&shared.board.load()),
        Question::Model(place) => match find(endpoints, place) {
            Ok((versions, deployment)) => model(place.model, versions, deployment),
            Err(unknown) => error(&unknown),
        },
        Question::ModelReady(place) => match find(endpoints, place) {
            Ok(_) => readiness(Some(place.model), phase),
            Err(unknown) => error(&unknown),
        },
    }
}

/// Triton's repository index, an entry for each deployment; Triton knows fewer states.
fn index(board: &Board) -> Reply {
    let of_endpoint = |endpoint: &'_ EndpointStatus| {
        let name = endpoint.name.clone();
        let deployments = endpoint.deployments.clone();
        deployments.into_iter().map(move |deployment| Indexed {
            name: name.to_string(),
            version: deployment.model.version.to_string(),
            state: match deployment.state {
                State::Ready => "READY",
                State::Loading | State::Warming => "LOADING",
                State::Draining => "UNLOADING",
                State::Failed(_) => "UNAVAILABLE",
            },
            reason: match &deployment.state {
                State::Failed(cause) => cause.clone(),
                _ => String::new(),
            },
            deployment: deployment.name.to_string(),
        })
    };
    shape(&board.endpoints.iter().flat_map(of_endpoint).collect::<Vec<_>>())
}

fn model(name: &str, versions: Vec<&str>, deployment: &Deployment) -> Reply {
    let signature = deployment.runnable.signature();
    shape(&ModelMetadata {
        name,
        versions,
        platform: "onnx_onnxv1",
        inputs: signature.inputs.iter().map(tensor).collect(),
        outputs: signature.outputs.iter().map(tensor).collect(),
    })
}

/// The versions of an endpoint, and the deployment that speaks for `place`.
fn find<'a>(
    endpoints: &'a Endpoints,
    place: Place<'_>,
) -> Result<(Vec<&'a str>, &'a Deployment), Error> {
    let endpoint = endpoints.get(place.model)?;
    let deployment = match place.version {
        Some(version) => {
            let target = Target { version: Some(version), ..Target::default() };
            &*endpoint.choose(target, 0)?.deployment
        }
        None => {
            endpoint.foremost().ok_or_else(|| Error::Unready { model: place.model.to_owned() })?
        }
    };
    let mut versions: Vec<&str> =
        endpoint.seats.iter().map(|seat| seat.deployment.model.version.as_ref()).collect();
    versions.sort_unstable();
    versions.dedup();
    Ok((versions, deployment))
}

fn readiness(name: Option<&str>, phase: Phase) -> Reply {
    let ready = phase == Phase::Serving;
    let mut reply = shape(&Ready { name, ready });
    if !ready {
        *reply.status_mut() = status(400);
    }
    reply
}

fn tensor(spec: &TensorSpec) -> TensorMetadata<'_> {
    let size = |size: &Option<usize>| size.map_or(-1, |size| size as i64);
    TensorMetadata {
        name: &spec.name,
        datatype: spec.datatype.name(),
        shape: spec.shape.iter().map(size).collect(),
    }
}
