//! One request from its read body to its encoded reply and its row, in whatever protocol.
//!
//! The walk is route -> score (admit, decode, place, run) -> encode -> mirror -> record, under one
//! snapshot of all endpoints. A model that runs inline is run in one go on the worker's own thread;
//! one that runs on the pool is waited for. The row is appended before the reply is handed to the
//! connection, and appending can neither wait nor fail. Whatever becomes of a request is counted
//! here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::{Route, TraceContext};
use twox_hash::XxHash64;

use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Target};
use crate::error::Error;
use crate::metrics::{Series, Spent};
use crate::mirror;
use crate::panes::{MANY, Subject};
use crate::protocol::Protocol;
use crate::record::{Circumstances, record};
use crate::score::{Answer, Failure, ScoreRequest, score};
use crate::worker::Worker;

/// Longest client id that is kept; a longer one is refused, since it goes into every row.
pub const MAX_ID: usize = 256;

/// What the head of a request says.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What it is spoken in.
    pub protocol: Protocol,
    /// The endpoint.
    pub endpoint: &'a str,
    /// The version, when the request names one.
    pub version: Option<&'a str>,
    /// The deployment, when the request names one.
    pub deployment: Option<&'a str>,
    /// A header's value, by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The client's name for the request, when a header has it.
    pub id: Option<&'a str>,
    /// The client's name for what the request belongs to, when a header has it.
    pub correlation_id: Option<&'a str>,
    /// The trace that it is part of.
    pub trace: Option<TraceContext>,
    /// When it came.
    pub arrival: Arrival,
}

/// When a request came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// For durations.
    pub instant: Instant,
    /// For its row, microseconds since 1970 UTC.
    pub unix_us: i64,
}

/// A scored request, for the one who writes the reply.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// Who answered.
    pub deployment: &'a Deployment,
    /// The client's name for the request, when its body has it.
    pub id: Option<&'a str>,
    /// The request's name in its row: the client's, or ours.
    pub request_id: &'a str,
    /// Inputs, outputs, and where the time went.
    pub answer: &'a Answer,
    /// From the head to the model's answer.
    pub total: Duration,
}

/// A request that is being answered: one whose client goes away before it is, is counted all the
/// same.
struct InHand<'e> {
    worker: &'e Worker,
    protocol: Protocol,
    arrival: Arrival,
    /// Where it counts, as far as that is known.
    series: &'e Series,
    /// Whose request it is, once that is known.
    subject: Option<&'e Arc<Subject>>,
    is_counted: bool,
}

/// Answers one request: `body` is what was read of it, `decode` and `encode` are its protocol's.
///
/// # Errors
/// What its protocol is to say instead of an answer.
pub async fn exchange<'b, B, W, R>(
    worker: &Worker,
    call: &Call<'_>,
    body: Result<B, Error>,
    decode: impl FnOnce(B, &Deployment) -> Result<(ScoreRequest<'b>, W), Error>,
    encode: impl FnOnce(Scored<'_>, W) -> Result<R, Error>,
) -> Result<R, Error> {
    let endpoints = worker.shared.endpoints.load();
    let mut in_hand = InHand {
        worker,
        protocol: call.protocol,
        arrival: call.arrival,
        series: &worker.shared.metrics.nowhere,
        subject: None,
        is_counted: false,
    };
    let reply = match endpoints.get(call.endpoint) {
        Ok(endpoint) => {
            in_hand.series = &endpoint.unrouted;
            match body {
                Ok(body) => {
                    let decode = |deployment: &Deployment| decode(body, deployment);
                    answer(worker, endpoint, call, &mut in_hand, decode, encode).await
                }
                Err(error) => Err(error),
            }
        }
        // Gone while the body came.
        Err(unknown) => Err(unknown),
    };
    in_hand.count(reply.as_ref().map_or_else(Error::status, |_| 200));
    reply
}

/// A request's way from its body to its reply; says on the way where it counts.
async fn answer<'e, 'b, W, R>(
    worker: &Worker,
    endpoint: &'e Endpoint,
    call: &Call<'_>,
    in_hand: &mut InHand<'e>,
    decode: impl FnOnce(&Deployment) -> Result<(ScoreRequest<'b>, W), Error>,
    encode: impl FnOnce(Scored<'_>, W) -> Result<R, Error>,
) -> Result<R, Error> {
    let seat = endpoint.choose(call.target(endpoint), worker.draw())?;
    let deployment = &seat.deployment;
    let decode = || decode(deployment).and_then(check_id);
    in_hand.series = &deployment.series;
    in_hand.subject = Some(&deployment.subject);
    let scored = score(worker, deployment, call.arrival.instant, decode).await;
    let (sent_id, wishes, answer) = match scored {
        Ok(scored) => scored,
        Err(Failure::Request(error)) => {
            in_hand.series = &endpoint.unrouted;
            return Err(error);
        }
        Err(Failure::Deployment(error)) => return Err(error),
    };
    let ran = (worker.shared.now)();
    let id = sent_id.as_deref();
    let request_id = match id.or(call.id) {
        Some(id) => id.to_owned(),
        None => worker.request_id((call.arrival.unix_us / 1000).unsigned_abs()),
    };
    let total = ran - call.arrival.instant;
    let scored = Scored { deployment, id, request_id: &request_id, answer: &answer, total };
    let reply = encode(scored, wishes)?;
    let encoded = (worker.shared.now)();
    let spent = Spent { output: encoded - ran, ..answer.spent };
    deployment.series.scored(worker.index, call.arrival.unix_us, answer.inputs.rows(), spent);

    if call.is_routed() {
        mirror::copy(worker, endpoint, seat, &answer, call.arrival.unix_us);
    }
    let latency = encoded - call.arrival.instant;
    let route = Route {
        weight: seat.weight.percent() as f32,
        sticky_hash: call.sticky_hash(endpoint),
        is_named: !call.is_routed(),
    };
    let about = Circumstances {
        request_id: &request_id,
        correlation_id: call.correlation_id,
        trace: call.trace,
        time_us: call.arrival.unix_us,
        latency_us: u32::try_from(latency.as_micros()).unwrap_or(u32::MAX),
        revision: endpoint.revision,
        route,
    };
    let time_us = call.arrival.unix_us;
    let mut values = 0;
    record(deployment, &answer, about, |row, all| {
        values = all.iter().map(|values| values.len()).sum();
        if values < MANY {
            worker.count_rows(&deployment.subject, time_us, row.rows, all);
        }
        worker.append(&deployment.rows, row);
    });
    if values >= MANY {
        worker.count_many(deployment, answer, time_us);
    }
    Ok(reply)
}

fn check_id<W>(asked: (ScoreRequest<'_>, W)) -> Result<(ScoreRequest<'_>, W), Error> {
    match &asked.0.id {
        Some(id) if id.len() > MAX_ID => {
            Err(Error::Request(format!("\"id\" is longer than {MAX_ID} bytes")))
        }
        _ => Ok(asked),
    }
}

// === impl InHand ===

impl InHand<'_> {
    fn count(&mut self, status: u16) {
        self.is_counted = true;
        let took = (self.worker.shared.now)() - self.arrival.instant;
        self.series.answered(self.worker.index, self.protocol, status, took);
        if let Some(subject) = self.subject {
            self.worker.count_request(subject, self.arrival.unix_us, status, took);
        }
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if !self.is_counted {
            self.count(Error::BodyLost.status());
        }
    }
}

// === impl Call ===

impl<'a> Call<'a> {
    fn target(&self, endpoint: &Endpoint) -> Target<'a> {
        let key = endpoint.sticky.as_ref().and_then(|sticky| (self.header)(&sticky.header));
        Target { deployment: self.deployment, version: self.version, key }
    }

    /// Hash of the key that keeps the client at a deployment.
    fn sticky_hash(&self, endpoint: &Endpoint) -> Option<u64> {
        let key = self.target(endpoint).key.filter(|_| self.is_routed())?;
        Some(XxHash64::oneshot(0, key))
    }

    /// Whether the endpoint chooses who answers.
    fn is_routed(&self) -> bool {
        self.version.is_none() && self.deployment.is_none()
    }
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { protocol, endpoint, version, deployment, .. } = self;
        write!(f, "{protocol:?} {endpoint} {version:?} {deployment:?}")
    }
}
