//! What a request's head presents -> whether it may do what it asks.

use hyper::header::{AUTHORIZATION, HeaderMap, ORIGIN};

use super::op::{Op, Question};
use crate::auth::secret::Secret;
use crate::auth::{Admins, Presented};
use crate::error::Error;
use crate::worker::Worker;

#[cfg(test)]
mod tests;

/// Checks that a request may score or look at models; health is for everyone.
///
/// # Errors
/// [`Error::Denied`].
#[inline]
pub fn admit<'p>(worker: &Worker, op: Op<'p>, headers: &HeaderMap) -> Result<Op<'p>, Error> {
    if !matches!(op, Op::Ask(Question::Live | Question::Ready)) {
        worker.admit(presented(headers))?;
    }
    Ok(op)
}

/// Checks that a request may administer.
///
/// # Errors
/// [`Error::Denied`].
pub fn authorize(admins: &Admins, headers: &HeaderMap) -> Result<(), Error> {
    // A value that is no text is no page of ours either.
    let origin = headers.get(ORIGIN).map(|value| value.to_str().unwrap_or("?"));
    Ok(admins.admit(presented(headers), origin)?)
}

fn presented(headers: &HeaderMap) -> Presented<'_> {
    Presented {
        bearer: headers.get(AUTHORIZATION).and_then(|v| bearer(v.as_bytes())).map(Secret::new),
        api_key: headers.get("x-api-key").map(|value| Secret::new(value.as_bytes())),
    }
}

/// What stands behind `Bearer`, a word that may be written in any case (RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}
