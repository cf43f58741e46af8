//! One scoring request over HTTP: its head, its body, its protocol, its reply.
//!
//! What the head already rules out is refused, then the body is read, which is the only thing here
//! that waits; `exchange` does the rest. One file below for each protocol says how its bodies are
//! read, and its replies and errors written.

mod oip;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use super::encode::{self, Reply};
use super::op::Place;
use super::{body, coding};
use crate::error::Error;
use crate::exchange::{Arrival, Call, MAX_ID, Scored};
use crate::protocol::Protocol;
use crate::shutdown::Phase;
use crate::worker::Worker;

/// A request before its body is read.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    protocol: Protocol,
    place: Place<'a>,
    headers: &'a HeaderMap,
    arrival: Arrival,
}

/// Answers a scoring request, counts it and appends its row.
pub async fn answer(
    worker: &Worker,
    (protocol, place): (Protocol, Place<'_>),
    headers: &HeaderMap,
    incoming: Incoming,
) -> Reply {
    let _in_hand = worker.take();
    let asked = Asked { protocol, place, headers, arrival: now() };
    let limits = &worker.shared.limits;
    // A body for nobody is not kept.
    let packed = match worth_reading(worker, asked) {
        Ok(packed) => packed,
        Err(error) => {
            let mut reply = asked.error(&error);
            if !body::discard(incoming, limits.body_bytes, limits.body_timeout).await {
                encode::last(&mut reply);
            }
            let nowhere = &worker.shared.metrics.nowhere;
            let (status, took) = (reply.status().as_u16(), asked.arrival.instant.elapsed());
            nowhere.answered(worker.index, protocol, status, took);
            return reply;
        }
    };
    let mut room = worker.body_room();
    let body = body::read(incoming, &mut room, limits.body_bytes, limits.body_timeout).await;
    let body = body.and_then(|body| match packed {
        None => Ok(body),
        Some(how) => coding::unpack(how, &body, &mut room, limits.body_bytes),
    });
    let (bytes, read) = match body {
        Ok(bytes) => (bytes, Ok(())),
        Err(error) => (Bytes::new(), Err(error)),
    };
    let reply = asked.exchange(worker, read.map(|()| &bytes[..])).await;
    reply.unwrap_or_else(|error| asked.error(&error))
}

/// How the body is packed, unless the head already says that the request cannot be scored.
fn worth_reading(worker: &Worker, asked: Asked<'_>) -> Result<Option<coding::Coding>, Error> {
    worker.shared.endpoints.load().get(asked.place.model).map_err(|unknown| {
        // Nothing is known yet: a 404 would tell the client never to come back.
        if worker.phase.now() == Phase::Starting { Error::Starting } else { unknown }
    })?;
    coding::of_request(asked.headers)
}

fn now() -> Arrival {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let unix_us = i64::try_from(unix.as_micros()).unwrap_or(i64::MAX);
    Arrival { instant: Instant::now(), unix_us }
}

// === impl Asked ===

impl<'a> Asked<'a> {
    async fn exchange(self, worker: &Worker, body: Result<&[u8], Error>) -> Result<Reply, Error> {
        match self.protocol {
            Protocol::OipHttp | Protocol::OipGrpc => oip::exchange(worker, self, body).await,
            Protocol::AzureMl | Protocol::Mlflow | Protocol::Predict => Err(Error::Broken),
        }
    }

    /// What is said instead of an answer.
    fn error(&self, error: &Error) -> Reply {
        encode::error(error)
    }

    /// The reply with an answer's body, and what every answer's head says.
    fn reply(&self, body: Vec<u8>, kind: &'static str, scored: Scored<'_>) -> Reply {
        let packed = coding::of_reply(self.headers, body.len());
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
        encode::timing(&mut reply, scored.answer.spent, self.arrival.instant.elapsed());
        reply
    }

    /// What is said of the request to whoever answers it.
    fn call<'c>(&self, header: &'c dyn Fn(&str) -> Option<&'c [u8]>) -> Call<'c>
    where
        'a: 'c,
    {
        Call {
            protocol: self.protocol,
            endpoint: self.place.model,
            version: self.place.version,
            // A value that is no text names no deployment, and must not fall back to the weights.
            deployment: self.headers.get(encode::DEPLOYMENT).map(|v| v.to_str().unwrap_or("?")),
            header,
            id: self.header_id(),
            arrival: self.arrival,
        }
    }

    /// The id that a proxy or an Azure client put into the head.
    fn header_id(&self) -> Option<&'a str> {
        let headers = self.headers;
        let id = headers.get("x-request-id").or_else(|| headers.get(encode::REQUEST_ID))?;
        id.to_str().ok().filter(|id| !id.is_empty() && id.len() <= MAX_ID)
    }
}
