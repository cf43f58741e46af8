//! Compressed bodies: gzip and deflate, of requests and of replies.
//!
//! A request's body is unpacked within the same bounds that hold for any body: a small one that
//! unpacks to a huge one is cut off on the way. A reply is packed when the client takes it so and
//! it is large enough to gain by it.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap};

use crate::error::Error;
use crate::worker::BodyRoom;

#[cfg(test)]
mod tests;

/// Smaller replies are sent as they are: packing would cost more than a packet.
const WORTH_PACKING: usize = 1024;

/// Bytes that are unpacked between two looks at the bounds.
const STEP: usize = 64 << 10;

/// How a body is packed. HTTP's `deflate` is zlib's format (RFC 9110, section 8.4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Deflate,
}

/// How a request's body is packed.
///
/// # Errors
/// [`Error::Encoding`] for another way, or several.
pub fn of_request(headers: &HeaderMap) -> Result<Option<Coding>, Error> {
    let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(None) };
    let name = value.to_str().unwrap_or("?").trim();
    match Coding::named(name) {
        Some(coding) => Ok(Some(coding)),
        None if name.is_empty() || name.eq_ignore_ascii_case("identity") => Ok(None),
        None => Err(Error::Encoding(name.chars().take(80).collect())),
    }
}

/// Unpacks a body into `room`.
///
/// # Errors
/// [`Error::BodyTooLarge`] past `limit` bytes, [`Error::BodiesTooLarge`] when the worker holds too
/// many, [`Error::Request`] for bytes that are not packed so.
pub fn unpack(
    coding: Coding,
    body: &[u8],
    room: &mut BodyRoom<'_>,
    limit: usize,
) -> Result<Bytes, Error> {
    let mut unpacked = Vec::new();
    let mut rest = body;
    let mut reader: Box<dyn Read + '_> = match coding {
        Coding::Gzip => Box::new(MultiGzDecoder::new(&mut rest)),
        Coding::Deflate => Box::new(ZlibDecoder::new(&mut rest)),
    };
    let mut step = [0; STEP];
    loop {
        let read = reader.read(&mut step).map_err(|error| {
            Error::Request(format!("the body is not packed as {}: {error}", coding.name()))
        })?;
        if read == 0 {
            break;
        }
        if unpacked.len() + read > limit {
            return Err(Error::BodyTooLarge { limit });
        }
        if !room.take(read) {
            return Err(Error::BodiesTooLarge);
        }
        unpacked.extend_from_slice(&step[..read]);
    }
    drop(reader);
    if !rest.is_empty() {
        let (left, name) = (rest.len(), coding.name());
        return Err(Error::Request(format!("{left} bytes behind a body packed as {name}")));
    }
    Ok(Bytes::from(unpacked))
}

/// How to pack a reply of so many bytes to a client that sent these headers.
pub fn of_reply(headers: &HeaderMap, bytes: usize) -> Option<Coding> {
    if bytes < WORTH_PACKING {
        return None;
    }
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let words = accepted.flat_map(|value| value.split(','));
    let taken = words.filter_map(|word| {
        let (name, parameters) = word.split_once(';').unwrap_or((word, ""));
        let quality = parameters.trim().strip_prefix("q=");
        // A weight of zero is a refusal; other weights do not matter between two.
        let refused = quality.is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
        Coding::named(name.trim()).filter(|_| !refused)
    });
    taken.min_by_key(|coding| *coding as u8)
}

/// Packs a reply's body.
pub fn pack(coding: Coding, body: &[u8]) -> Vec<u8> {
    let out = Vec::with_capacity(body.len() / 2);
    let packed = match coding {
        Coding::Gzip => {
            let mut writer = GzEncoder::new(out, Compression::fast());
            writer.write_all(body).and_then(|()| writer.finish())
        }
        Coding::Deflate => {
            let mut writer = ZlibEncoder::new(out, Compression::fast());
            writer.write_all(body).and_then(|()| writer.finish())
        }
    };
    packed.expect("writing to memory cannot fail")
}

// === impl Coding ===

impl Coding {
    fn named(name: &str) -> Option<Self> {
        [Self::Gzip, Self::Deflate].into_iter().find(|one| name.eq_ignore_ascii_case(one.name()))
    }

    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}
