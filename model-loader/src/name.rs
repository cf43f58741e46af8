//! Names of models, versions, endpoints and deployments, and `model:version` references.
//!
//! Everything that becomes part of an object path is a [`Name`], so that no path needs escaping.
//! Refuses what is not a name; never rewrites one into another.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::Error;

/// The most characters a [`Name`] may have.
pub const NAME_CHARS_MAX: usize = 64;

/// How much of a refused name an error repeats; it may be a whole request body.
const QUOTED_CHARS_MAX: usize = 80;

/// 1 to 64 of `[A-Za-z0-9._-]`, starting with a letter or a digit.
///
/// Order is that of the text; [`Registry::versions`](crate::Registry::versions) sorts integers by
/// value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// One version of one model, `fraud:1` in text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelRef {
    /// The model's name.
    pub model: Name,
    /// The version's name, usually an integer.
    pub version: Name,
}

// === impl Name ===

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match fault(text) {
            None => Ok(Self(text.into())),
            Some(reason) => Err(refused(text, reason)),
        }
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Equality, order and hash are those of the text, so maps keyed by names are asked with a `&str`.
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

// === impl ModelRef ===

impl FromStr for ModelRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some((model, version)) = text.split_once(':') {
            return Ok(Self { model: model.parse()?, version: version.parse()? });
        }
        if text.contains('@') {
            return Err(refused(
                text,
                "one version is meant here, model:version; an alias may stand for another soon",
            ));
        }
        Err(refused(text, "a model version is written model:version"))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.model, self.version)
    }
}

/// The rule `text` breaks, if any.
fn fault(text: &str) -> Option<&'static str> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    match text.as_bytes() {
        [] => Some("a name is not empty"),
        bytes if bytes.len() > NAME_CHARS_MAX => Some("a name has at most 64 characters"),
        [first, ..] if !first.is_ascii_alphanumeric() => {
            Some("a name starts with a letter or a digit")
        }
        bytes if !bytes.iter().copied().all(allowed) => {
            Some("a name has only letters, digits, '.', '_' and '-'")
        }
        _ => None,
    }
}

fn refused(text: &str, reason: &'static str) -> Error {
    Error::Name { given: text.chars().take(QUOTED_CHARS_MAX).collect(), reason }
}

#[cfg(test)]
mod tests;
