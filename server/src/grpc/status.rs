//! From what went wrong to gRPC's code for it; the words are the same as over HTTP.

use tonic::{Code, Status};

use crate::error::Error;

#[cfg(test)]
mod tests;

/// Longest message of a status, bytes.
const WORDS_MAX: usize = 1024;

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
    Status::new(code, shortened(error.to_string()))
}

/// The words as they fit into a trailer: clients refuse longer ones, and then say nothing of them.
fn shortened(mut words: String) -> String {
    if words.len() > WORDS_MAX {
        let end = (0..=WORDS_MAX).rev().find(|end| words.is_char_boundary(*end)).unwrap_or(0);
        words.truncate(end);
        words.push_str("...");
    }
    words
}
