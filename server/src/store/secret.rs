//! A text that is never shown.

use std::fmt;

/// A key, a token or a signature.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

// === impl Secret ===

impl Secret {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one who signs with it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
