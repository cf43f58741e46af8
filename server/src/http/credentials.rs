//! What a request's head presents -> whether it may do what it asks.

use hyper::header::{AUTHORIZATION, HeaderMap, ORIGIN};

use super::op::{Op, Order, Question};
use crate::auth::secret::Secret;
use crate::auth::{Admins, Presented};
use crate::control::Control;
use crate::error::Error;
use crate::worker::Worker;

#[cfg(test)]
mod tests;

/// Checks that a request may score or label, look at models, or order what it orders; health is for
/// all.
///
/// # Errors
/// [`Error::Denied`], [`Error::Closed`].
#[inline]
pub fn admit<'p>(worker: &Worker, op: Op<'p>, headers: &HeaderMap) -> Result<Op<'p>, Error> {
    match op {
        Op::Ask(
            Question::Live
            | Question::Ready
            | Question::Healthy
            | Question::Ping
            | Question::Options,
        ) => {}
        // What changes something has a key of its own.
        Op::Order(Order::Change(..) | Order::Log) => {
            control(&worker.shared.control, headers)?;
        }
        Op::Score(_) | Op::Label(_) | Op::Ask(_) | Op::Order(Order::Index) => {
            worker.admit(presented(headers))?;
        }
    }
    Ok(op)
}

/// Checks that a request may change what a scoring port's clients may change.
///
/// # Errors
/// [`Error::Closed`], [`Error::Denied`].
pub fn control(control: &Control, headers: &HeaderMap) -> Result<(), Error> {
    control.admit(presented(headers), origin(headers))
}

/// Checks that a request may administer.
///
/// # Errors
/// [`Error::Denied`].
pub fn authorize(admins: &Admins, headers: &HeaderMap) -> Result<(), Error> {
    Ok(admins.admit(presented(headers), origin(headers))?)
}

/// The page that a browser sent the request for.
fn origin(headers: &HeaderMap) -> Option<&str> {
    // A value that is no text is no page of ours either.
    headers.get(ORIGIN).map(|value| value.to_str().unwrap_or("?"))
}

/// What a head presents.
pub fn presented(headers: &HeaderMap) -> Presented<'_> {
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
