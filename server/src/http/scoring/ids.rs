//! The names that a request goes by in Azure ML's protocol.
//!
//! `x-request-id` is the request's own, made where none was sent; `x-ms-client-request-id` is said
//! back; `x-ms-request-id` is the old one, and stands for either.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;
use crate::http::encode::{self, REQUEST_ID, Reply};

/// The names, in the order that they are looked at.
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT: HeaderName = HeaderName::from_static("x-ms-client-request-id");
/// Said back as it came.
const TRACE: HeaderName = HeaderName::from_static("traceid");

/// Longest of them, characters.
const LIMIT: usize = 100;

/// What a request is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    request: String,
    legacy: String,
    client: Option<String>,
    trace: Option<HeaderValue>,
}

// === impl Ids ===

impl Ids {
    /// Reads them; `made` is the name of a request that came without one.
    ///
    /// # Errors
    /// [`Error::IdTooLong`].
    pub(super) fn of(headers: &HeaderMap, made: impl FnOnce() -> String) -> Result<Self, Error> {
        let sent = |name: &HeaderName, header: &'static str| {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            match text.filter(|text| !text.is_empty()) {
                Some(text) if text.len() > LIMIT => Err(Error::IdTooLong { header, limit: LIMIT }),
                text => Ok(text.map(str::to_owned)),
            }
        };
        let request = sent(&REQUEST, "x-request-id")?;
        let legacy = sent(&REQUEST_ID, "x-ms-request-id")?;
        let client = sent(&CLIENT, "x-ms-client-request-id")?;
        let request = request.unwrap_or_else(made);
        let trace = headers.get(TRACE).cloned();
        Ok(match legacy {
            Some(legacy) => {
                let client = client.or_else(|| Some(legacy.clone()));
                Self { request, legacy, client, trace }
            }
            None => {
                let legacy = client.clone().unwrap_or_else(|| request.clone());
                Self { request, legacy, client, trace }
            }
        })
    }

    /// The request's own name.
    pub(super) fn request(&self) -> &str {
        &self.request
    }

    /// The client's own, if it said one.
    pub(super) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Says them in a reply.
    pub(super) fn say(&self, reply: &mut Reply) {
        encode::header(reply, REQUEST, &self.request);
        encode::header(reply, REQUEST_ID, &self.legacy);
        if let Some(client) = &self.client {
            encode::header(reply, CLIENT, client);
        }
        if let Some(trace) = &self.trace {
            reply.headers_mut().insert(TRACE, trace.clone());
        }
    }
}
