//! Replies: tensors and errors -> JSON of the Open Inference Protocol, and the response around it.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use model_loader::{Signature, Tensor, Values};
use serde::Serialize;

use super::json::write::{array, string};
use crate::deployment::Deployment;
use crate::error::Error;

/// Names the deployment that answered, as Azure ML does.
pub const DEPLOYMENT: HeaderName = HeaderName::from_static("azureml-model-deployment");
/// Names the request, the client's id or ours.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// A reply with its whole body in memory.
pub type Reply = Response<Full<Bytes>>;

/// The body of an infer response: the outputs numbered in `selected`, in that order.
///
/// Outputs carry no `parameters` object: Triton's C++ client takes one for binary data.
pub fn answer(
    model: &str,
    deployment: &Deployment,
    id: Option<&str>,
    outputs: &[Tensor],
    selected: &[usize],
) -> Vec<u8> {
    // A float takes about 12 bytes; the rest is names.
    let elements: usize = selected.iter().map(|place| outputs[*place].values().len()).sum();
    let mut out = Vec::with_capacity(256 + 12 * elements);
    out.extend_from_slice(b"{\"model_name\":");
    string(&mut out, model);
    out.extend_from_slice(b",\"model_version\":");
    string(&mut out, deployment.model.version.as_ref());
    if let Some(id) = id {
        out.extend_from_slice(b",\"id\":");
        string(&mut out, id);
    }
    out.extend_from_slice(b",\"parameters\":{\"deployment\":");
    string(&mut out, deployment.name.as_ref());
    out.extend_from_slice(b"},\"outputs\":[");
    for (index, place) in selected.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        tensor(&mut out, deployment.runnable.signature(), *place, &outputs[*place]);
    }
    out.extend_from_slice(b"]}");
    out
}

fn tensor(out: &mut Vec<u8>, signature: &Signature, place: usize, tensor: &Tensor) {
    out.extend_from_slice(b"{\"name\":");
    string(out, &signature.outputs[place].name);
    out.extend_from_slice(b",\"datatype\":\"");
    out.extend_from_slice(tensor.datatype().name().as_bytes());
    out.extend_from_slice(b"\",\"shape\":");
    array(out, tensor.shape());
    out.extend_from_slice(b",\"data\":");
    match tensor.values() {
        Values::Bool(v) => array(out, v),
        Values::Uint8(v) => array(out, v),
        Values::Uint16(v) => array(out, v),
        Values::Uint32(v) => array(out, v),
        Values::Uint64(v) => array(out, v),
        Values::Int8(v) => array(out, v),
        Values::Int16(v) => array(out, v),
        Values::Int32(v) => array(out, v),
        Values::Int64(v) => array(out, v),
        Values::Fp32(v) => array(out, v),
        Values::Fp64(v) => array(out, v),
        Values::Bytes(v) => array(out, v),
    }
    out.push(b'}');
}

/// A 200 with a JSON body.
pub fn json(body: Vec<u8>) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// A 200 with one of our own shapes as JSON.
pub fn shape(shape: &impl Serialize) -> Reply {
    json(serde_json::to_vec(shape).expect("these shapes are always JSON"))
}

/// `{"error": "..."}` with the status of the table in `error`.
pub fn error(error: &Error) -> Reply {
    let mut body = b"{\"error\":".to_vec();
    string(&mut body, &error.to_string());
    body.push(b'}');
    let mut reply = json(body);
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
        Error::Busy => {
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
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
