//! A call of the protocol's service: what its head says, and its messages' walk to the scorer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use prost::Message as _;
use tonic::Response;
use tonic::metadata::AsciiMetadataKey;

use super::{infer, messages as pb};
use crate::access::{Access, Came, Unanswered};
use crate::error::Error;
use crate::exchange::{Arrival, Call, MAX_ID, Scored, exchange};
use crate::http::encode;
use crate::protocol::Protocol;
use crate::protocol::oip::metadata::{self, Found};
use crate::shutdown::Phase;
use crate::told::Told;
use crate::worker::Worker;

const CLIENT_ID: &str = "x-ms-client-request-id";

/// How long the model's answer took from the call's head on; kept beside the response.
#[derive(Clone, Copy, Debug)]
struct After(Duration);

/// A call, and when it came.
#[derive(Debug)]
pub(super) struct Asked {
    worker: Rc<Worker>,
    head: Rc<Parts>,
    arrival: Arrival,
    /// Whether a message of it came as far as to be scored or refused, and so was counted.
    counted: Cell<bool>,
}

/// A text that says something.
pub(super) fn named(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

// === impl Asked ===

impl Asked {
    /// A call that comes now.
    pub(super) fn new(worker: Rc<Worker>, head: Rc<Parts>) -> Self {
        let arrival = Arrival { instant: (worker.shared.now)(), unix_us: (worker.shared.clock)() };
        Self { worker, head, arrival, counted: Cell::new(false) }
    }

    /// The same, coming now: a stream's next message.
    pub(super) fn again(&self) -> Self {
        Self::new(Rc::clone(&self.worker), Rc::clone(&self.head))
    }

    /// The worker that answers.
    pub(super) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// What came before the messages.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Whether the server takes requests.
    pub(super) fn is_serving(&self) -> bool {
        self.worker.phase.now() == Phase::Serving
    }

    /// Says something of the model of that name and version.
    ///
    /// # Errors
    /// Those of [`metadata::find`].
    pub(super) fn found<T>(
        &self,
        name: &str,
        version: &str,
        say: impl FnOnce(Found<'_>) -> T,
    ) -> Result<T, Error> {
        let endpoints = self.worker.shared.endpoints.load();
        metadata::find(&endpoints, name, named(version)).map(say)
    }

    /// Counts a scoring call that ended before any endpoint was looked for.
    pub(super) fn count_lost(&self, status: u16) {
        if !self.counted.replace(true) {
            let nowhere = &self.worker.shared.metrics.nowhere;
            nowhere.answered(self.worker.index, Protocol::OipGrpc, status, self.took());
        }
    }

    fn took(&self) -> Duration {
        let now: Instant = (self.worker.shared.now)();
        now - self.arrival.instant
    }

    /// Scores one message, and says what is to be said of it: its trace, its times, its line in the
    /// access log.
    pub(super) async fn infer(
        &self,
        mut request: pb::ModelInferRequest,
    ) -> Result<Response<pb::ModelInferResponse>, Error> {
        self.counted.set(true);
        // Beside the body that it came in, which may have been smaller.
        let came = Came { bytes: request.encoded_len(), after: Some(self.took()) };
        let mut room = self.worker.body_room();
        let model = std::mem::take(&mut request.model_name);
        let taken = if room.take(came.bytes) { Ok(request) } else { Err(Error::BodiesTooLarge) };
        let told = Told::of(&self.worker, self.text("traceparent"));
        let mut answered = self.score(&model, taken, &told).await;
        if let (Ok(response), Some(trace)) = (&mut answered, told.traceparent()) {
            say(response, "traceparent", trace);
        }
        if told.is_any() {
            self.tell(&model, came, &answered, told.traceparent(), |access| {
                told.tell(&self.worker, access);
            });
        }
        answered
    }

    async fn score(
        &self,
        model: &str,
        request: Result<pb::ModelInferRequest, Error>,
        told: &Told,
    ) -> Result<Response<pb::ModelInferResponse>, Error> {
        let shared = &self.worker.shared;
        let version = request.as_ref().map_or_else(|_| "", |request| &request.model_version);
        let version = version.to_owned();
        let header = |name: &str| self.head.headers.get(name).map(|value| value.as_bytes());
        let call = Call {
            protocol: Protocol::OipGrpc,
            endpoint: model,
            version: named(&version),
            deployment: self.text(encode::DEPLOYMENT.as_str()),
            header: &header,
            id: self.id(),
            correlation_id: self.text(CLIENT_ID).filter(|id| id.len() <= MAX_ID),
            trace: told.context(),
            arrival: self.arrival,
        };
        let deadline = self.text("grpc-timeout").and_then(deadline);
        let decode = |request, _: &_| {
            let (mut request, wishes) = infer::decode(request, shared.limits.request)?;
            let both = request.timeout.into_iter().chain(deadline);
            request.timeout = both.min();
            Ok((request, wishes))
        };
        let encode = |scored: Scored<'_>, wishes| {
            let mut response = Response::new(infer::encode(model, scored, &wishes)?);
            say(&mut response, encode::DEPLOYMENT.as_str(), scored.deployment.name.as_ref());
            say(&mut response, encode::REQUEST_ID.as_str(), scored.request_id);
            let times = encode::times(scored.answer.spent, scored.total);
            say(&mut response, "server-timing", &times);
            if told.is_any() {
                response.extensions_mut().insert(After(scored.total));
            }
            Ok(response)
        };
        exchange(&self.worker, &call, request, decode, encode).await
    }

    /// Gives a call that was turned away at the door its line in the access log.
    pub(super) fn log_refused(&self, error: Error) {
        let log = &self.worker.shared.access;
        if log.takes(|| self.worker.draw()) {
            self.tell("", Came::default(), &Err(error), None, |access| log.log(access));
        }
    }

    /// Tells of a call and its answer.
    fn tell(
        &self,
        model: &str,
        came: Came,
        answered: &Result<Response<pb::ModelInferResponse>, Error>,
        traceparent: Option<&str>,
        tell: impl FnOnce(Access<'_>),
    ) {
        let unanswered = answered.as_ref().err().map(Unanswered::of);
        let said = answered.as_ref().ok().map(Response::metadata);
        let said = |name: &str| said.and_then(|said| said.get(name)?.to_str().ok());
        tell(Access {
            time_us: self.arrival.unix_us,
            method: "POST",
            path: self.head.uri.path(),
            endpoint: named(model),
            deployment: said(encode::DEPLOYMENT.as_str()),
            protocol: Some(Protocol::OipGrpc),
            code: answered.as_ref().map_or_else(Error::status, |_| 200),
            unanswered: unanswered.as_ref(),
            request_id: said(encode::REQUEST_ID.as_str()).or_else(|| self.id()),
            client_request_id: self.text(CLIENT_ID),
            traceparent,
            request_bytes: came.bytes,
            response_bytes: answered.as_ref().map_or(0, |said| said.get_ref().encoded_len()),
            user_agent: self.text("user-agent"),
            request_duration: came.after,
            response_duration: answered.as_ref().ok().and_then(after),
            duration: self.took(),
        });
    }

    /// The client's name for the request, where a header has it.
    fn id(&self) -> Option<&str> {
        let id = self.text("x-request-id").or_else(|| self.text(encode::REQUEST_ID.as_str()));
        id.filter(|id| (1..=MAX_ID).contains(&id.len()))
    }

    /// A header's value; one that is no text is one that nothing is called.
    fn text(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap_or("?"))
    }
}

/// From the head to the model's answer.
fn after<T>(response: &Response<T>) -> Option<Duration> {
    response.extensions().get::<After>().map(|after| after.0)
}

/// Adds to the response's metadata; a value that is no header text is left out.
fn say<T>(response: &mut Response<T>, name: &str, value: &str) {
    let name = AsciiMetadataKey::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, value.parse()) {
        response.metadata_mut().insert(name, value);
    }
}

/// How long the client waits, from `grpc-timeout`: up to eight digits and a unit.
fn deadline(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}
