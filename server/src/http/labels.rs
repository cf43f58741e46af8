//! One body of labels over HTTP: its head, its body, the store, the reply.
//!
//! Answered once the store has the labels. A body that is long to read is read beside the scoring
//! thread, which has others to answer meanwhile; its wait for the store costs that thread nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collector::Label;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, USER_AGENT};
use hyper::http::request::Parts;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::coding::Coding;
use super::encode::{self, Reply};
use super::{body, coding, scoring};
use crate::access::{Access, Came, Unanswered};
use crate::error::Error;
use crate::exchange::Arrival;
use crate::labels::{self, About, Form};
use crate::metrics::Series;
use crate::protocol::csv;
use crate::shutdown::Phase;
use crate::worker::Worker;

/// A longer body is read beside the scoring thread.
const SHORT: usize = 64 << 10;

/// Bodies that are read beside the scoring threads at once. Whose client goes meanwhile gives its
/// room back at once and is read to its end, so that the room alone would not bound them.
static READERS: Semaphore = Semaphore::const_new(4);

/// All of the body's labels are stored.
#[derive(Debug, Serialize)]
struct Accepted {
    accepted: usize,
}

/// A request before its body is read.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    endpoint: &'a str,
    head: &'a Parts,
    arrival: Arrival,
}

/// Has the labels of a request stored, and counts them.
pub async fn answer(worker: &Worker, endpoint: &str, head: &Parts, incoming: Incoming) -> Reply {
    let asked = Asked { endpoint, head, arrival: scoring::arrival(worker) };
    let is_logged = worker.shared.access.takes(|| worker.draw());
    let mut came = Came::default();
    let (reply, unanswered) = match asked.take(worker, incoming, &mut came).await {
        Ok(accepted) => (encode::shape(&Accepted { accepted }), None),
        Err((error, is_read)) => {
            let mut reply = encode::error(&error);
            if !is_read {
                encode::last(&mut reply);
            }
            (reply, is_logged.then(|| Unanswered::of(&error)))
        }
    };
    if is_logged {
        let log = &worker.shared.access;
        log.log(asked.access(worker, &reply, came, unanswered.as_ref()));
    }
    reply
}

/// Gives a request that was turned away at the door its line in the access log.
pub fn log_refused(
    worker: &Worker,
    (endpoint, arrival): (&str, Arrival),
    head: &Parts,
    reply: &Reply,
    error: &Error,
) {
    let log = &worker.shared.access;
    if log.takes(|| worker.draw()) {
        let asked = Asked { endpoint, head, arrival };
        let why = Unanswered::of(error);
        log.log(asked.access(worker, reply, Came::default(), Some(&why)));
    }
}

/// How a body is written; one that does not say so is JSON.
fn form(headers: &HeaderMap) -> Result<Form, Error> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Form::Json) };
    let value = value.to_str().unwrap_or("?");
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(encode::JSON) {
        Ok(Form::Json)
    } else if kind.eq_ignore_ascii_case(csv::TYPE) {
        Ok(Form::Csv)
    } else {
        let (json, csv) = (encode::JSON, csv::TYPE);
        let kind: String = kind.chars().take(100).collect();
        Err(Error::ContentType(format!("content type \"{kind}\" is neither {json} nor {csv}")))
    }
}

/// The labels of a body.
async fn read(form: Form, body: Bytes, about: About) -> Result<Vec<Label>, Error> {
    if body.len() <= SHORT {
        return labels::read(form, &body, about);
    }
    let turn = READERS.acquire().await.map_err(|_| Error::Broken)?;
    let read = tokio::task::spawn_blocking(move || {
        let read = labels::read(form, &body, about);
        drop((body, turn));
        read
    });
    read.await.map_err(|_| Error::Broken)?
}

// === impl Asked ===

impl<'a> Asked<'a> {
    fn headers(&self) -> &'a HeaderMap {
        &self.head.headers
    }

    /// How many labels are stored now; or why none is, and whether the body came to its end.
    async fn take(
        &self,
        worker: &Worker,
        incoming: Incoming,
        came: &mut Came,
    ) -> Result<usize, (Error, bool)> {
        let (series, packing) = match self.series(worker) {
            Ok(series) => (Some(series), self.packing()),
            Err(unknown) => (None, Err(unknown)),
        };
        let stored = match packing {
            // An error of reading says by itself that its reply is the last one.
            Ok(how) => self.store(worker, how, incoming, came).await.map_err(|error| (error, true)),
            // A body for nobody is not kept.
            Err(error) => {
                let (most, patience) =
                    (worker.shared.limits.body_bytes, worker.shared.limits.body_timeout);
                Err((error, body::discard(incoming, most, patience).await))
            }
        };
        match (&stored, series) {
            (Ok(labels), Some(series)) => series.labelled.stored(*labels),
            (Err(_), Some(series)) => series.labelled.refused(),
            (_, None) => {}
        }
        stored
    }

    /// Where the endpoint's labels are counted, if there is such an endpoint.
    fn series(&self, worker: &Worker) -> Result<Arc<Series>, Error> {
        let endpoints = worker.shared.endpoints.load();
        let found = endpoints.get(self.endpoint).map_err(|unknown| {
            // Nothing is known yet: a 404 would tell the client never to come back.
            if worker.phase.now() == Phase::Starting { Error::Starting } else { unknown }
        });
        found.map(|endpoint| Arc::clone(&endpoint.unrouted))
    }

    /// How the body is written and packed, as the head says it.
    fn packing(&self) -> Result<(Form, Option<Coding>), Error> {
        Ok((form(self.headers())?, coding::of_request(self.headers())?))
    }

    async fn store(
        &self,
        worker: &Worker,
        (form, packed): (Form, Option<Coding>),
        incoming: Incoming,
        came: &mut Came,
    ) -> Result<usize, Error> {
        let limits = &worker.shared.limits;
        let mut room = worker.body_room();
        let body = body::read(incoming, &mut room, limits.body_bytes, limits.body_timeout).await?;
        *came = Came { bytes: body.len(), after: Some(self.took(worker)) };
        let body = match packed {
            None => body,
            Some(how) => coding::unpack(how, &body, &mut room, limits.body_bytes)?,
        };
        let received_us = self.arrival.unix_us;
        let about = About { received_us, depth: limits.request.depth };
        let labels = read(form, body, about).await?;
        // From here on the collector bounds what is held.
        drop(room);
        let count = labels.len();
        let to = worker.shared.labels.as_ref().ok_or(collector::Error::LabelsUnstored)?;
        to.post(self.endpoint, labels, received_us).await?;
        Ok(count)
    }

    fn took(&self, worker: &Worker) -> Duration {
        (worker.shared.now)() - self.arrival.instant
    }

    /// What is told of the request and its reply.
    fn access<'t>(
        &'t self,
        worker: &Worker,
        reply: &Reply,
        came: Came,
        unanswered: Option<&'t Unanswered>,
    ) -> Access<'t> {
        Access {
            time_us: self.arrival.unix_us,
            method: self.head.method.as_str(),
            path: self.head.uri.path(),
            endpoint: Some(self.endpoint),
            deployment: None,
            protocol: None,
            code: reply.status().as_u16(),
            unanswered,
            request_id: scoring::header_id(self.headers()),
            client_request_id: None,
            traceparent: None,
            request_bytes: came.bytes,
            response_bytes: usize::try_from(reply.body().size_hint().lower()).unwrap_or(0),
            user_agent: self.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()),
            request_duration: came.after,
            response_duration: None,
            duration: self.took(worker),
        }
    }
}
