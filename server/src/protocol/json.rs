//! The JSON reader of the scoring path: one pass over the bytes, no tree, no allocation of its own.
//!
//! `decode` drives a [`Cursor`] down the body and pulls out what the protocol names; numbers go
//! straight into typed buffers. Grammar: RFC 8259, plus the bare tokens `NaN`, `Infinity` and
//! `-Infinity`, which Triton and Python clients send for floats. Refuses nesting deeper than its
//! caller allows and says at which byte a document breaks.

pub mod cursor;
pub mod number;
pub mod data;
pub mod cell;
pub mod nested;
pub mod write;

/// What is said of a document that is nested too deeply.
const TOO_DEEP: &str = "nested too deeply";

/// A document that is not JSON, or not the JSON expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    /// Offset into the body.
    pub at: usize,
    /// What was wrong, or what was expected there.
    pub what: &'static str,
}

// === impl JsonError ===

impl JsonError {
    /// Whether the document is nested too deeply.
    pub fn is_depth(&self) -> bool {
        self.what == TOO_DEEP
    }
}
