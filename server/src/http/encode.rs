//! Replies: bodies and errors, and the response around them.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::metrics::Spent;
use crate::protocol::Protocol;
use crate::protocol::json::write::string;

/// Names the deployment that answered, as Azure ML does.
pub const DEPLOYMENT: HeaderName = HeaderName::from_static("azureml-model-deployment");
/// Names the request, the client's id or ours.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The type of a JSON body.
pub const JSON: &str = "application/json";
/// The type of a body that is not text.
pub const BINARY: &str = "application/octet-stream";

/// A reply with its whole body in memory.
pub type Reply = Response<Full<Bytes>>;

/// A 200 with a JSON body.
pub fn json(json: Vec<u8>) -> Reply {
    body(json, JSON)
}

/// A 200 with a body of that kind.
pub fn body(bytes: Vec<u8>, kind: &'static str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(bytes)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// Says where the time of a scored request went, in milliseconds (W3C Server Timing).
pub fn timing(reply: &mut Reply, spent: Spent, total: Duration) {
    header(reply, SERVER_TIMING, &times(spent, total));
}

/// The value of the header that says so.
pub fn times(spent: Spent, total: Duration) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (queue, infer, total) = (ms(spent.queue), ms(spent.inference), ms(total));
    format!("queue;dur={queue:.3}, infer;dur={infer:.3}, total;dur={total:.3}")
}

/// A 200 with one of our own shapes as JSON.
pub fn shape(shape: &impl Serialize) -> Reply {
    json(serde_json::to_vec(shape).expect("these shapes are always JSON"))
}

/// `{"error": "..."}` with the status of the table in `error`.
pub fn error(error: &Error) -> Reply {
    error_in(Protocol::OipHttp, error)
}

/// The same in the words of a protocol.
pub fn error_in(protocol: Protocol, error: &Error) -> Reply {
    let text = error.to_string();
    let (head, kind) = match (protocol, error) {
        // MLflow's server says these outside of JSON.
        (Protocol::Mlflow, Error::ContentType(_)) => ("", "text/plain; charset=utf-8"),
        (Protocol::Mlflow, _) => ("{\"error_code\":\"BAD_REQUEST\",\"message\":", JSON),
        (Protocol::AzureMl, _) => ("{\"message\":", JSON),
        _ => ("{\"error\":", JSON),
    };
    let mut said = head.as_bytes().to_vec();
    if head.is_empty() {
        said.extend_from_slice(text.as_bytes());
    } else {
        string(&mut said, &text);
        said.push(b'}');
    }
    let mut reply = body(said, kind);
    *reply.status_mut() = status(error.status());
    // `serve` and `admin` count it, whoever made the reply.
    if let Some(refusal) = error.refusal() {
        reply.extensions_mut().insert(refusal);
    }
    match error {
        Error::Method { allow } => {
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        // A second is long for what runs in milliseconds, and the shortest that can be said.
        Error::Busy | Error::Labels(collector::Error::LabelsFull) => {
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        // A store that has been away for as long as labels wait for it.
        Error::Labels(_) => {
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        // The rest of the body is not read: the connection cannot carry another request.
        Error::BodyTooLarge { .. } | Error::BodyTimeout | Error::BodiesTooLarge => last(&mut reply),
        Error::Denied(denied) => {
            if let Some(challenge) = denied.challenge() {
                reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
        }
        _ => {}
    }
    reply
}

/// Marks `reply` as the last on its connection.
pub fn last(reply: &mut Reply) {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Adds a header whose value may have come from a client; one that is no header text is left out.
pub fn header(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

/// A status of our own table.
pub fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("the table holds HTTP statuses")
}
