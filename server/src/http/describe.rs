//! Answers to questions: health, metadata, statistics, configuration.

use serde::Serialize;

use super::encode::{JSON, Reply, body, error, error_in, shape, status};
use super::op::{Place, Question};
use super::openapi;
use crate::error::Error;
use crate::protocol::Protocol;
use crate::protocol::oip::config::Config;
use crate::protocol::oip::{metadata, statistics};
use crate::shutdown::Phase;
use crate::worker::Shared;

/// The type of plain text.
const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /v1/models`.
#[derive(Debug, Serialize)]
struct Models<'a> {
    models: Vec<&'a str>,
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
pub fn answer(question: Question<'_>, query: &str, shared: &Shared, phase: Phase) -> Reply {
    let answered = match question {
        Question::Live => Ok(shape(&Live { live: true })),
        Question::Ready => Ok(readiness(None, phase)),
        Question::Healthy => Ok(body(b"Healthy".to_vec(), TEXT)),
        Question::Ping => Ok(ping(shared, phase)),
        Question::Version => Ok(body(metadata::server().version.as_bytes().to_vec(), TEXT)),
        Question::Options => Ok(body(Vec::new(), TEXT)),
        Question::Models => Ok(models(shared)),
        Question::Status(model) => {
            let place = Place { model, version: None };
            found(shared, place, |_| readiness(Some(model), phase))
        }
        Question::OpenApi => Ok(openapi::third(shared)),
        Question::Swagger => {
            return openapi::swagger(shared, query)
                .unwrap_or_else(|unknown| error_in(Protocol::AzureMl, &unknown));
        }
        Question::Server => Ok(shape(&metadata::server())),
        Question::Logging => Ok(shape(&shared.control.logging.settings())),
        Question::Statistics(place) => counted(shared, place),
        Question::Model(place) => found(shared, place, |found| shape(&found.metadata())),
        Question::ModelReady(place) => {
            found(shared, place, |_| readiness(Some(place.model), phase))
        }
        Question::Config(place) => {
            found(shared, place, |found| shape(&Config::of(found, shared.limits.request)))
        }
    };
    answered.unwrap_or_else(|unknown| error(&unknown))
}

fn found(
    shared: &Shared,
    place: Place<'_>,
    say: impl FnOnce(metadata::Found<'_>) -> Reply,
) -> Result<Reply, Error> {
    let endpoints = shared.endpoints.load();
    metadata::find(&endpoints, place.model, place.version).map(say)
}

/// The endpoints' names, in order.
fn models(shared: &Shared) -> Reply {
    let endpoints = shared.endpoints.load();
    let mut models: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_ref()).collect();
    models.sort_unstable();
    shape(&Models { models })
}

fn counted(shared: &Shared, place: Option<Place<'_>>) -> Result<Reply, Error> {
    let (model, version) = (place.map(|place| place.model), place.and_then(|place| place.version));
    let counted = statistics::of(&shared.endpoints.load(), model, version)?;
    Ok(shape(&counted))
}

/// MLflow's health: 404 while there is no model.
fn ping(shared: &Shared, phase: Phase) -> Reply {
    let mut reply = body(b"\n".to_vec(), JSON);
    let endpoints = shared.endpoints.load();
    if phase != Phase::Serving || endpoints.iter().all(|endpoint| endpoint.seats.is_empty()) {
        *reply.status_mut() = status(404);
    }
    reply
}

fn readiness(name: Option<&str>, phase: Phase) -> Reply {
    let ready = phase == Phase::Serving;
    let mut reply = shape(&Ready { name, ready });
    if !ready {
        *reply.status_mut() = status(400);
    }
    reply
}
