//! One scoring request from its head to its reply and its row.
//!
//! The walk is body -> route -> score (admit, decode, place, run) -> encode -> record. Reading the
//! body awaits, and so does a model that runs on the pool; another one is run in one go on the
//! worker's own thread. The row is appended before the reply is handed to the connection, and
//! appending can neither wait nor fail.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::encode::{self, Reply};
use super::op::Place;
use super::{body, decode};
use crate::endpoint::{Endpoint, Target};
use crate::error::Error;
use crate::metrics::Series;
use crate::mirror;
use crate::record::{Circumstances, record};
use crate::score::{Failure, ScoreRequest, score};
use crate::shutdown::Phase;
use crate::worker::Worker;

/// Longest client id that is kept; a longer one is refused, since it goes into every row.
const MAX_ID: usize = 256;

/// When a request came.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    instant: Instant,
    unix_us: i64,
}

/// Answers `POST .../infer`, counts it and appends its row.
pub async fn infer(
    worker: &Worker,
    place: Place<'_>,
    headers: &HeaderMap,
    incoming: Incoming,
) -> Reply {
    let _in_hand = worker.take();
    let arrival = Arrival::now();
    let limits = &worker.shared.limits;
    // A body for nobody is not kept.
    if let Err(error) = worth_reading(worker, place, headers) {
        let mut reply = encode::error(&error);
        if !body::discard(incoming, limits.body_bytes, limits.body_timeout).await {
            encode::last(&mut reply);
        }
        let nowhere = &worker.shared.metrics.nowhere;
        nowhere.answered(worker.index, reply.status().as_u16(), arrival.instant.elapsed());
        return reply;
    }
    let mut room = worker.body_room();
    let body = body::read(incoming, &mut room, limits.body_bytes, limits.body_timeout).await;

    // One snapshot from here on. Nothing awaits unless the model runs on the pool.
    let endpoints = worker.shared.endpoints.load();
    let (series, reply) = match (endpoints.get(place.model), body) {
        // Gone while the body came.
        (Err(unknown), _) => (&*worker.shared.metrics.nowhere, encode::error(&unknown)),
        (Ok(endpoint), Err(error)) => (&*endpoint.unrouted, encode::error(&error)),
        (Ok(endpoint), Ok(body)) => {
            answer(worker, endpoint, Asked { place, headers, arrival }, &body).await
        }
    };
    series.answered(worker.index, reply.status().as_u16(), arrival.instant.elapsed());
    reply
}

/// Whether the head of a request already says that it cannot be scored.
fn worth_reading(worker: &Worker, place: Place<'_>, headers: &HeaderMap) -> Result<(), Error> {
    worker.shared.endpoints.load().get(place.model).map_err(|unknown| {
        // Nothing is known yet: a 404 would tell the client never to come back.
        if worker.phase.now() == Phase::Starting { Error::Starting } else { unknown }
    })?;
    match headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?")) {
        None | Some("identity") => Ok(()),
        Some(encoding) => Err(Error::Encoding(encoding.to_owned())),
    }
}

/// What the head of a request says.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    place: Place<'a>,
    headers: &'a HeaderMap,
    arrival: Arrival,
}

/// A request's way from its body to its reply, and the series that it counts in.
async fn answer<'e>(
    worker: &Worker,
    endpoint: &'e Endpoint,
    asked: Asked<'_>,
    body: &[u8],
) -> (&'e Series, Reply) {
    let seat = match endpoint.choose(asked.target(endpoint), worker.draw()) {
        Ok(seat) => seat,
        Err(error) => return (&endpoint.unrouted, encode::error(&error)),
    };
    let deployment = &seat.deployment;
    let limits = worker.shared.limits.request;
    let decode = || decode::request(body, limits).and_then(check_id);
    let (sent_id, scored) = match score(worker, seat, asked.arrival.instant, decode).await {
        Ok(scored) => scored,
        Err(Failure::Request(error)) => return (&endpoint.unrouted, encode::error(&error)),
        Err(Failure::Deployment(error)) => return (&deployment.series, encode::error(&error)),
    };
    deployment.series.inferred(worker.index, scored.inference);

    let id = sent_id.as_deref();
    let body = encode::answer(asked.place.model, deployment, id, &scored.outputs, &scored.selected);
    let request_id = match id.or_else(|| header_id(asked.headers)) {
        Some(id) => id.to_owned(),
        None => worker.request_id((asked.arrival.unix_us / 1000).unsigned_abs()),
    };
    let mut reply = encode::json(body);
    encode::header(&mut reply, encode::DEPLOYMENT, deployment.name.as_ref());
    encode::header(&mut reply, encode::REQUEST_ID, &request_id);

    if asked.is_routed() {
        mirror::copy(worker, endpoint, seat, &scored);
    }
    let about = Circumstances {
        request_id,
        time_us: asked.arrival.unix_us,
        latency_us: u32::try_from(asked.arrival.instant.elapsed().as_micros()).unwrap_or(u32::MAX),
        revision: endpoint.revision,
    };
    deployment.rows.append(record(deployment, scored, about));
    (&deployment.series, reply)
}
// === impl Asked ===

impl<'a> Asked<'a> {
    fn target(&self, endpoint: &Endpoint) -> Target<'a> {
        let key = endpoint.sticky.as_ref().and_then(|sticky| self.headers.get(&sticky.header));
        Target {
            // A value that is no text names no deployment, and must not fall back to the weights.
            deployment: self.headers.get(encode::DEPLOYMENT).map(|v| v.to_str().unwrap_or("?")),
            version: self.place.version,
            key: key.map(HeaderValue::as_bytes),
        }
    }

    /// Whether the endpoint chose who answers.
    fn is_routed(&self) -> bool {
        self.place.version.is_none() && !self.headers.contains_key(encode::DEPLOYMENT)
    }
}

fn check_id(request: ScoreRequest<'_>) -> Result<ScoreRequest<'_>, Error> {
    match &request.id {
        Some(id) if id.len() > MAX_ID => {
            Err(Error::Request(format!("\"id\" is longer than {MAX_ID} bytes")))
        }
        _ => Ok(request),
    }
}

/// The id that a proxy or an Azure client put into the head.
fn header_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("x-request-id").or_else(|| headers.get(encode::REQUEST_ID))?;
    id.to_str().ok().filter(|id| !id.is_empty() && id.len() <= MAX_ID)
}

// === impl Arrival ===

impl Arrival {
    fn now() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_us = i64::try_from(unix.as_micros()).unwrap_or(i64::MAX);
        Self { instant: Instant::now(), unix_us }
    }
}
