//! The body of a request, whole, within a size, a time, and the memory set aside for bodies.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::error::Error;
use crate::worker::BodyRoom;

/// Most bytes that are reserved because a head announces them.
const ANNOUNCED_MAX: usize = 1 << 20;

/// Reads all of `body` into `room`.
///
/// # Errors
/// [`Error::BodyTooLarge`] past `limit` bytes (at once, when the head already says so),
/// [`Error::BodiesTooLarge`] when the worker holds too many bytes of bodies already,
/// [`Error::BodyTimeout`] after `timeout`, [`Error::BodyLost`] when the client goes away.
pub async fn read(
    body: Incoming,
    room: &mut BodyRoom<'_>,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes, Error> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Error::BodyTooLarge { limit });
    }
    let read = tokio::time::timeout(timeout, collect(body, room, limit));
    read.await.map_err(|_| Error::BodyTimeout)?
}

/// Reads past `body` without keeping it, so that the connection can carry the next request; whether
/// its end came within `limit` bytes and `timeout`.
pub async fn discard(mut body: Incoming, limit: usize, timeout: Duration) -> bool {
    let to_the_end = async {
        let mut passed = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            passed += frame.data_ref().map_or(0, Bytes::len);
            if passed > limit {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(timeout, to_the_end).await.unwrap_or(false)
}

async fn collect(
    mut body: Incoming,
    room: &mut BodyRoom<'_>,
    limit: usize,
) -> Result<Bytes, Error> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Error::BodyLost)?.into_data() else {
            continue; // trailers
        };
        if first.len() + rest.len() + data.len() > limit {
            return Err(Error::BodyTooLarge { limit });
        }
        if !room.take(data.len()) {
            return Err(Error::BodiesTooLarge);
        }
        if first.is_empty() && rest.is_empty() {
            // Most bodies are one frame and are never copied.
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(announced.min(ANNOUNCED_MAX));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
