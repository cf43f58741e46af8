//! A container of Azure Blob Storage, or a part of one, as its URL names it.
//!
//! Refuses names that Azure has not, and a URL with anything that may carry a secret.

use std::fmt;

use object_store::path::Path as ObjectPath;
use url::Url;

/// A container of Blob Storage, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) account: String,
    pub(super) name: String,
    /// Stands before every object's name.
    pub(super) prefix: ObjectPath,
}

// === impl Container ===

impl Container {
    /// Reads `az://account/container/prefix`.
    ///
    /// # Errors
    /// What makes the URL no container's.
    pub(super) fn parse(url: &Url) -> Result<Self, &'static str> {
        if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
            return Err("has more than an account before its first slash");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("has a `?` or a `#`; credentials come from the environment");
        }
        let account = url.host_str().unwrap_or_default();
        let lower = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !(3..=24).contains(&account.len()) || !account.bytes().all(lower) {
            return Err("an account has 3 to 24 lower-case letters and digits");
        }
        let mut parts = url.path().trim_matches('/').split('/');
        let name = parts.next().unwrap_or_default();
        let sound = |c: u8| lower(c) || c == b'-';
        let edges = name.starts_with('-') || name.ends_with('-') || name.contains("--");
        if !(3..=63).contains(&name.len()) || !name.bytes().all(sound) || edges {
            return Err("a container has 3 to 63 lower-case letters, digits and single dashes");
        }
        let prefix: Vec<&str> = parts.collect();
        let sound = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-' | b'=');
        let plain = |part: &&str| {
            !part.is_empty() && *part != "." && *part != ".." && part.bytes().all(sound)
        };
        if !prefix.iter().all(plain) {
            return Err("a prefix has parts of letters, digits, '.', '_', '-' and '='");
        }
        Ok(Self {
            account: account.to_owned(),
            name: name.to_owned(),
            prefix: ObjectPath::from_iter(prefix),
        })
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, name, prefix } = self;
        let slash = if prefix.as_ref().is_empty() { "" } else { "/" };
        write!(f, "az://{account}/{name}{slash}{prefix}")
    }
}
