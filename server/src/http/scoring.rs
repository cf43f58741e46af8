//! One scoring request over HTTP: its head, its body, its protocol, its reply.
//!
//! What the head already rules out is refused, then the body is read, which is the only thing here
//! that waits; `exchange` does the rest. One file below for each protocol says how its bodies are
//! read, and its replies and errors written; what every reply's head says is added here, and the
//! line in the access log.

mod azureml;
mod format;
mod ids;
mod mlflow;
mod oip;
mod predict;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use collector::TraceContext;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap, HeaderName, USER_AGENT};
use hyper::http::request::Parts;

use super::encode::{self, Reply};
use super::op::Scoring;
use super::{body, coding};
use crate::access::{Access, Came, Unanswered};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::exchange::{Arrival, Call, MAX_ID, Scored, exchange};
use crate::protocol::Protocol;
use crate::protocol::predictions::Outputs;
use crate::score::ScoreRequest;
use crate::shutdown::Phase;
use crate::told::Told;
use crate::worker::Worker;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CLIENT_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// A request before its body is read.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    scoring: Scoring<'a>,
    /// The endpoint that the path names, or that is meant without a name.
    model: &'a str,
    head: &'a Parts,
    arrival: Arrival,
    /// The names that the request goes by, in Azure's protocol.
    ids: Option<&'a ids::Ids>,
    /// It has a line in the access log, or its part of a trace is sent.
    is_told: bool,
    /// The trace that it is part of.
    trace: Option<TraceContext>,
}

/// Who answered a request, and under which name; kept beside its reply for what is told of it.
#[derive(Clone, Debug)]
struct Answered {
    deployment: String,
    request_id: String,
    /// From the head to the model's answer.
    after: Duration,
}

/// Answers a scoring request, counts it and appends its row.
pub async fn answer(
    worker: &Worker,
    scoring: Scoring<'_>,
    head: &Parts,
    incoming: Incoming,
) -> Reply {
    let _in_hand = worker.take();
    let arrival = arrival(worker);
    let ids = (scoring.protocol == Protocol::AzureMl)
        .then(|| ids::Ids::of(&head.headers, || worker.request_id(unix_ms(arrival))));
    let (ids, model) = match ids.transpose() {
        Ok(ids) => (ids, named(worker, scoring)),
        Err(too_long) => (None, Err(too_long)),
    };
    let (model, refused) = match model {
        Ok(model) => (model, None),
        Err(error) => (Cow::Borrowed(""), Some(error)),
    };
    let ids = ids.as_ref();
    let parent = head.headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let told = Told::of(worker, parent);
    let (is_told, trace) = (told.is_any(), told.context());
    let asked = Asked { scoring, model: &model, head, arrival, ids, is_told, trace };
    let (mut reply, came) = asked.reply_to(worker, refused, incoming).await;
    if let Some(ids) = ids {
        ids.say(&mut reply);
    }
    if let Some(trace) = told.traceparent() {
        encode::header(&mut reply, TRACEPARENT, trace);
    }
    if told.is_any() {
        told.tell(worker, asked.access(worker, &reply, came, told.traceparent()));
    }
    reply
}

/// Now, as the time when a request came.
pub fn arrival(worker: &Worker) -> Arrival {
    let shared = &worker.shared;
    Arrival { instant: (shared.now)(), unix_us: (shared.clock)() }
}

/// Gives a scoring request that was turned away at the door its line in the access log.
pub fn log_refused(
    worker: &Worker,
    (scoring, arrival): (Scoring<'_>, Arrival),
    head: &Parts,
    reply: &mut Reply,
    error: &Error,
) {
    let shared = &worker.shared;
    if shared.access.takes(|| worker.draw()) {
        reply.extensions_mut().insert(Unanswered::of(error));
        let model = scoring.model.unwrap_or_default();
        let asked = Asked { scoring, model, head, arrival, ids: None, is_told: true, trace: None };
        shared.access.log(asked.access(worker, reply, Came::default(), None));
    }
}

/// The endpoint that is asked.
fn named<'a>(worker: &Worker, scoring: Scoring<'a>) -> Result<Cow<'a, str>, Error> {
    if let Some(model) = scoring.model {
        return Ok(Cow::Borrowed(model));
    }
    if worker.phase.now() == Phase::Starting {
        return Err(Error::Starting);
    }
    let endpoints = worker.shared.endpoints.load();
    let unnamed = endpoints.unnamed(worker.shared.default_endpoint.as_ref());
    unnamed.map(|name| Cow::Owned(name.to_string()))
}

/// An answer's outputs, for the protocols without tensors.
fn outputs(scored: Scored<'_>) -> Outputs<'_> {
    let specs = scored.deployment.runnable.signature().outputs();
    Outputs { specs, tensors: &scored.answer.outputs, rows: scored.answer.inputs.rows() }
}

/// The id that a proxy or an Azure client put into a head.
pub(super) fn header_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("x-request-id").or_else(|| headers.get(encode::REQUEST_ID))?;
    id.to_str().ok().filter(|id| !id.is_empty() && id.len() <= MAX_ID)
}

fn unix_ms(arrival: Arrival) -> u64 {
    (arrival.unix_us / 1000).unsigned_abs()
}

// === impl Asked ===

impl<'a> Asked<'a> {
    fn headers(&self) -> &'a HeaderMap {
        &self.head.headers
    }

    /// The reply, and what came of the body; `refused` says why it is not even looked at.
    async fn reply_to(
        self,
        worker: &Worker,
        refused: Option<Error>,
        incoming: Incoming,
    ) -> (Reply, Came) {
        let limits = &worker.shared.limits;
        // A body for nobody is not kept.
        let packed = match refused.map_or_else(|| self.worth_reading(worker), Err) {
            Ok(packed) => packed,
            Err(error) => {
                let mut reply = self.error(&error);
                if !body::discard(incoming, limits.body_bytes, limits.body_timeout).await {
                    encode::last(&mut reply);
                }
                self.count(worker, reply.status().as_u16());
                return (reply, Came::default());
            }
        };
        let mut room = worker.body_room();
        let body = body::read(incoming, &mut room, limits.body_bytes, limits.body_timeout).await;
        let bytes = body.as_ref().map_or(0, Bytes::len);
        let came = Came { bytes, after: body.is_ok().then(|| self.took(worker)) };
        let body = body.and_then(|body| match packed {
            None => Ok(body),
            Some(how) => coding::unpack(how, &body, &mut room, limits.body_bytes),
        });
        let (unpacked, read) = match body {
            Ok(body) => (body, Ok(())),
            Err(error) => (Bytes::new(), Err(error)),
        };
        let reply = self.exchange(worker, read.map(|()| &unpacked[..])).await;
        (reply.unwrap_or_else(|error| self.error(&error)), came)
    }

    /// Counts a request that is not looked at.
    fn count(&self, worker: &Worker, status: u16) {
        let took = self.took(worker);
        let endpoints = worker.shared.endpoints.load();
        let known = endpoints.get(self.model).ok().map(|endpoint| &endpoint.unrouted);
        let series = known.unwrap_or(&worker.shared.metrics.nowhere);
        series.answered(worker.index, self.scoring.protocol, status, took);
    }

    fn took(&self, worker: &Worker) -> Duration {
        (worker.shared.now)() - self.arrival.instant
    }

    /// How the body is packed, unless the head already says that the request cannot be scored.
    fn worth_reading(&self, worker: &Worker) -> Result<Option<coding::Coding>, Error> {
        worker.shared.endpoints.load().get(self.model).map_err(|unknown| {
            // Nothing is known yet: a 404 would tell the client never to come back.
            if worker.phase.now() == Phase::Starting { Error::Starting } else { unknown }
        })?;
        coding::of_request(self.headers())
    }

    async fn exchange(self, worker: &Worker, body: Result<&[u8], Error>) -> Result<Reply, Error> {
        match self.scoring.protocol {
            Protocol::OipHttp | Protocol::OipGrpc => oip::exchange(worker, self, body).await,
            Protocol::AzureMl => azureml::exchange(worker, self, body).await,
            Protocol::Mlflow => mlflow::exchange(worker, self, body).await,
            Protocol::Predict => predict::exchange(worker, self, body).await,
        }
    }

    /// The walk of all protocols, with this one's reader and writer.
    async fn walk<'b, W>(
        self,
        worker: &Worker,
        body: Result<&'b [u8], Error>,
        decode: impl FnOnce(&'b [u8], &Deployment) -> Result<(ScoreRequest<'b>, W), Error>,
        encode: impl FnOnce(Scored<'_>, W) -> Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        let header = |name: &str| self.headers().get(name).map(|value| value.as_bytes());
        exchange(worker, &self.call(&header), body, decode, encode).await
    }

    /// What is said instead of an answer.
    fn error(&self, error: &Error) -> Reply {
        let mut reply = encode::error_in(self.scoring.protocol, error);
        if self.scoring.protocol == Protocol::AzureMl {
            azureml::blame(&mut reply, error);
        }
        if self.is_told {
            reply.extensions_mut().insert(Unanswered::of(error));
        }
        reply
    }

    /// The reply with an answer's body, and what every answer's head says.
    fn reply(&self, body: Vec<u8>, kind: &'static str, scored: Scored<'_>) -> Reply {
        let packed = coding::of_reply(self.headers(), body.len());
        let body = match packed {
            Some(how) => coding::pack(how, &body),
            None => body,
        };
        let mut reply = encode::body(body, kind);
        if let Some(how) = packed {
            encode::header(&mut reply, CONTENT_ENCODING, how.name());
        }
        encode::header(&mut reply, encode::DEPLOYMENT, scored.deployment.name.as_ref());
        encode::header(&mut reply, encode::REQUEST_ID, scored.request_id);
        encode::timing(&mut reply, scored.answer.spent, scored.total);
        if self.is_told {
            reply.extensions_mut().insert(Answered {
                deployment: scored.deployment.name.to_string(),
                request_id: scored.request_id.to_owned(),
                after: scored.total,
            });
        }
        reply
    }

    /// What is said of the request to whoever answers it.
    fn call<'c>(&self, header: &'c dyn Fn(&str) -> Option<&'c [u8]>) -> Call<'c>
    where
        'a: 'c,
    {
        // A value that is no text names no deployment, and must not fall back to the weights.
        let named = || self.headers().get(encode::DEPLOYMENT).map(|v| v.to_str().unwrap_or("?"));
        Call {
            protocol: self.scoring.protocol,
            endpoint: self.model,
            version: self.scoring.version,
            deployment: self.scoring.deployment.or_else(named),
            header,
            id: self.ids.map(|ids| ids.request()).or_else(|| self.header_id()),
            correlation_id: self.client_id(),
            trace: self.trace,
            arrival: self.arrival,
        }
    }

    /// The id that a proxy or an Azure client put into the head.
    fn header_id(&self) -> Option<&'a str> {
        header_id(self.headers())
    }

    /// The client's name for what the request belongs to; one that is too long is nobody's.
    fn client_id(&self) -> Option<&'a str> {
        let id = match self.ids {
            Some(ids) => ids.client(),
            None => self.headers().get(CLIENT_ID).and_then(|value| value.to_str().ok()),
        };
        id.filter(|id| id.len() <= MAX_ID)
    }

    /// What is told of the request and its reply.
    fn access<'t>(
        &'t self,
        worker: &Worker,
        reply: &'t Reply,
        came: Came,
        traceparent: Option<&'t str>,
    ) -> Access<'t> {
        let answered = reply.extensions().get::<Answered>();
        let id = self.ids.map(|ids| ids.request()).or_else(|| self.header_id());
        Access {
            time_us: self.arrival.unix_us,
            method: self.head.method.as_str(),
            path: self.head.uri.path(),
            endpoint: Some(self.model).filter(|model| !model.is_empty()),
            deployment: answered.map(|answered| answered.deployment.as_str()),
            protocol: Some(self.scoring.protocol),
            code: reply.status().as_u16(),
            unanswered: reply.extensions().get::<Unanswered>(),
            request_id: answered.map(|answered| answered.request_id.as_str()).or(id),
            client_request_id: self.client_id(),
            traceparent,
            request_bytes: came.bytes,
            response_bytes: usize::try_from(reply.body().size_hint().lower()).unwrap_or(0),
            user_agent: self.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()),
            request_duration: came.after,
            response_duration: answered.map(|answered| answered.after),
            duration: self.took(worker),
        }
    }
}
