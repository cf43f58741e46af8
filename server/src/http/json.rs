//! The JSON reader of the scoring path: one pass over the bytes, no tree, no allocation of its own.
//!
//! `decode` drives a [`Cursor`] down the body and pulls out what the protocol names; numbers go
//! straight into typed buffers. Grammar: RFC 8259, plus the bare tokens `NaN`, `Infinity` and
//! `-Infinity`, which Triton and Python clients send for floats. Refuses nesting deeper than
//! [`MAX_DEPTH`] and says at which byte a document breaks.

pub mod cursor;
pub mod number;
pub mod data;
pub mod write;

/// Deepest nesting of arrays and objects, the same as Triton's.
pub const MAX_DEPTH: u32 = 100;

/// A document that is not JSON, or not the JSON expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    /// Offset into the body.
    pub at: usize,
    /// What was wrong, or what was expected there.
    pub what: &'static str,
}
