//! The body of a request, whole, within a size and a time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::error::Error;

/// Reads all of `body`.
///
/// # Errors
/// [`Error::BodyTooLarge`] past `limit` bytes (at once, when the head already says so),
/// [`Error::BodyTimeout`] after `timeout`, [`Error::BodyLost`] when the client goes away.
pub async fn read(body: Incoming, limit: usize, timeout: Duration) -> Result<Bytes, Error> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Error::BodyTooLarge { limit });
    }
    tokio::time::timeout(timeout, collect(body, limit)).await.map_err(|_| Error::BodyTimeout)?
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Error::BodyLost)?.into_data() else {
            continue; // trailers
        };
        if first.len() + rest.len() + data.len() > limit {
            return Err(Error::BodyTooLarge { limit });
        }
        if first.is_empty() && rest.is_empty() {
            // Most bodies are one frame and are never copied.
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
