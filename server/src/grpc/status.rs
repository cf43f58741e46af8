//! From what went wrong to gRPC's code for it; the words are the same as over HTTP.

use tonic::{Code, Status};

use crate::error::Error;

#[cfg(test)]
mod tests;

/// The status that says so.
pub(super) fn of(error: &Error) -> Status {
    let code = match error.status() {
        400 | 405 | 415 | 431 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        408 => Code::DeadlineExceeded,
        409 => Code::Aborted,
        413 | 429 => Code::ResourceExhausted,
        499 => Code::Cancelled,
        502 | 503 => Code::Unavailable,
        // A model that failed, and our own mistakes.
        _ => Code::Internal,
    };
    Status::new(code, error.to_string())
}
