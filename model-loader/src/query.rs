//! `name:version` or `name@alias`: what a person asks the registry for.
//!
//! An alias is a name that is moved from version to version (`champion`, `challenger`);
//! `Registry::resolve` says which one it stands for now. Refuses what MLflow refuses as an alias,
//! so that a registry can be taken over from there: `latest`, and `v1` and its like, which read
//! like versions (mlflow 3, `mlflow/utils/validation.py`, `_validate_model_alias_name`).

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::name::{ModelRef, Name};

#[cfg(test)]
mod tests;

/// The name of an alias.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(Name);

/// A version, or an alias that stands for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelQuery {
    /// `fraud:1`
    Version(ModelRef),
    /// `fraud@champion`
    Alias {
        /// The model's name.
        model: Name,
        /// Which of its aliases.
        alias: Alias,
    },
}

// === impl Alias ===

impl FromStr for Alias {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let name: Name = text.parse()?;
        let refused = |reason| Error::Name { given: text.to_owned(), reason };
        if text.eq_ignore_ascii_case("latest") {
            return Err(refused("an alias may not be called \"latest\": give a version"));
        }
        let digits = text.strip_prefix(['v', 'V']);
        if digits.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit())) {
            return Err(refused("an alias may not look like a version, as \"v1\" does"));
        }
        Ok(Self(name))
    }
}

impl AsRef<str> for Alias {
    fn as_ref(&self) -> &str {
        self.0.as_ref()
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

// === impl ModelQuery ===

impl ModelQuery {
    /// The model's name.
    pub fn model(&self) -> &Name {
        match self {
            Self::Version(version) => &version.model,
            Self::Alias { model, .. } => model,
        }
    }

    /// What the text after the model's name is.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Version(_) => "model version",
            Self::Alias { .. } => "alias",
        }
    }
}

impl FromStr for ModelQuery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once('@') {
            Some((model, alias)) => {
                Ok(Self::Alias { model: model.parse()?, alias: alias.parse()? })
            }
            None => text.parse().map(Self::Version),
        }
    }
}

impl From<ModelRef> for ModelQuery {
    fn from(version: ModelRef) -> Self {
        Self::Version(version)
    }
}

impl fmt::Display for ModelQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => fmt::Display::fmt(version, f),
            Self::Alias { model, alias } => write!(f, "{model}@{alias}"),
        }
    }
}
