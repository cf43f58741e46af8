//! The admin API: endpoints listed, shown, applied, deleted, and their traffic changed.
//!
//! ```text
//! GET    /api/v1/endpoints              all of them: revisions, deployments, states
//! GET    /api/v1/endpoints/{e}          one of them
//! GET    /api/v1/endpoints/{e}/spec     its spec, as it lies in the store
//! PUT    /api/v1/endpoints/{e}          its spec: YAML or JSON
//! DELETE /api/v1/endpoints/{e}
//! GET    /api/v1/endpoints/{e}/drift    the last report on its drift, of whichever replica looks
//! GET    /api/v1/endpoints/{e}/drift.html   the same as a page for people
//! PUT    /api/v1/endpoints/{e}/traffic  weights in percent: {"green": 90, "blue": 10}
//! ```
//!
//! A change is written to the store by compare-and-swap, and this replica looks at once; the others
//! follow when they next read the specs.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use model_loader::Name;
use serde::Serialize;

use super::drift;
use super::encode::{self, Reply};
use super::shown::Shown;
use crate::error::Error;
use crate::route::Weight;
use crate::spec;
use crate::specs::{WriteError, Writer};

/// What all paths begin with.
pub const PREFIX: &str = "/api/";

/// Longest time for a spec to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    endpoint: String,
    /// Whether the store has something else now than before.
    changed: bool,
}

/// Answers a request under [`PREFIX`].
///
/// # Errors
/// What the table in `error` has a status for.
pub async fn answer(shown: &Shown, request: Request<Incoming>) -> Result<Reply, Error> {
    let path = request.uri().path().to_owned();
    let unknown = || Error::UnknownRoute(path.clone());
    let rest = path.strip_prefix("/api/v1/endpoints").ok_or_else(unknown)?;
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    let method = request.method().clone();
    match (parts.as_slice(), &method) {
        ([] | [""], &Method::GET) => Ok(encode::shape(&**shown.shared.board.load())),
        ([] | [""], _) => Err(Error::Method { allow: "GET" }),
        ([name], &Method::GET) => one(shown, name),
        ([name], &Method::PUT) => apply(shown, &named(name)?, request.into_body()).await,
        ([name], &Method::DELETE) => delete(shown, &named(name)?).await,
        ([_], _) => Err(Error::Method { allow: "GET, PUT, DELETE" }),
        ([name, "spec"], &Method::GET) => text(shown, &named(name)?).await,
        ([_, "spec"], _) => Err(Error::Method { allow: "GET" }),
        ([name, "drift"], &Method::GET) => drift::report(shown, &named(name)?, "json").await,
        ([name, "drift.html"], &Method::GET) => drift::report(shown, &named(name)?, "html").await,
        ([_, "drift" | "drift.html"], _) => Err(Error::Method { allow: "GET" }),
        ([name, "traffic"], &Method::PUT) => {
            traffic(shown, &named(name)?, request.into_body()).await
        }
        ([_, "traffic"], _) => Err(Error::Method { allow: "PUT" }),
        _ => Err(unknown()),
    }
}

fn one(shown: &Shown, name: &str) -> Result<Reply, Error> {
    let board = shown.shared.board.load();
    let found = board.endpoints.iter().find(|endpoint| endpoint.name.as_ref() == name);
    found.map(encode::shape).ok_or_else(|| Error::UnknownModel(name.to_owned()))
}

async fn text(shown: &Shown, name: &Name) -> Result<Reply, Error> {
    let stored = writer(shown)?.stored(name).await?;
    let stored = stored.ok_or_else(|| WriteError::Unknown(name.clone()))?;
    let mut reply = encode::json(stored.text.into_bytes());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    Ok(reply)
}

async fn apply(shown: &Shown, name: &Name, body: Incoming) -> Result<Reply, Error> {
    let writer = writer(shown)?;
    let text = read(body).await?;
    let spec = spec::parse(&text).map_err(WriteError::Refused)?;
    if spec.name != *name {
        let mistake = format!("name: is {}, the path says {name}", spec.name);
        return Err(WriteError::Refused(vec![mistake]).into());
    }
    let (_, changed) = writer.apply(&text).await?;
    Ok(done(shown, name, changed))
}

async fn traffic(shown: &Shown, name: &Name, body: Incoming) -> Result<Reply, Error> {
    let writer = writer(shown)?;
    let text = read(body).await?;
    let percents: BTreeMap<String, f64> = serde_json::from_str(&text)
        .map_err(|error| Error::Request(format!("weights are no JSON object: {error}")))?;
    let weight = |(name, percent): (String, f64)| match Weight::from_percent(percent) {
        Ok(weight) => Ok((name, weight)),
        Err(error) => Err(WriteError::Refused(vec![format!("traffic.{name}: {error}")])),
    };
    let weights: Vec<_> = percents.into_iter().map(weight).collect::<Result<_, _>>()?;
    writer.traffic(name, &weights).await?;
    Ok(done(shown, name, true))
}

async fn delete(shown: &Shown, name: &Name) -> Result<Reply, Error> {
    writer(shown)?.delete(name).await?;
    Ok(done(shown, name, true))
}

fn writer(shown: &Shown) -> Result<&Writer, Error> {
    shown.writer.as_ref().ok_or(Error::ReadOnly)
}

fn done(shown: &Shown, name: &Name, changed: bool) -> Reply {
    shown.nudge.notify_one();
    encode::shape(&Done { endpoint: name.to_string(), changed })
}

fn named(name: &str) -> Result<Name, Error> {
    name.parse().map_err(|error: model_loader::Error| Error::Request(error.to_string()))
}

async fn read(body: Incoming) -> Result<String, Error> {
    let limit = spec::MAX_BYTES;
    let collected = tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect()).await;
    let collected = collected.map_err(|_| Error::BodyTimeout)?;
    let bytes = collected.map_err(|_| Error::BodyTooLarge { limit })?.to_bytes();
    String::from_utf8(bytes.into()).map_err(|_| Error::Request("the body is not UTF-8".to_owned()))
}
