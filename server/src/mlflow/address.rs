//! What a person types for a model in an MLflow registry -> the server, the name, which version.
//!
//! `mlflow://HOST[:PORT]/[PATH/]NAME/VERSION` and `.../NAME@ALIAS` name the server themselves;
//! `models:/NAME/VERSION` and `models:/NAME@ALIAS`, MLflow's own form, take it from elsewhere.
//! Plain HTTP is for a server on the same machine, or where the person says so: a token goes over
//! it.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A version in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The server, with the path before `api/`; it ends with a slash and holds no credentials.
    pub base: Url,
    /// The registered model's name.
    pub name: String,
    /// Which of its versions.
    pub pick: Pick,
}

/// Which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// A whole number in text.
    Version(String),
    /// What the alias stands for when it is asked.
    Alias(String),
}

/// Longest name or alias; MLflow's database has 256.
const NAME_BYTES_MAX: usize = 256;

// === impl Address ===

impl Address {
    /// Whether the text is meant for this file rather than for a path.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("mlflow:") || text.starts_with("models:/")
    }

    /// Reads `text`; `server` is where `models:/` is looked up, `plain` allows HTTP to other
    /// machines.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without what may be a password.
    pub fn parse(text: &str, server: Option<&str>, plain: bool) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("mlflow://") {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let mut segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
            let (name, pick) = model(&mut segments)?;
            let path = segments.join("/");
            if authority.is_empty() {
                return Err("it names no host: mlflow://HOST/NAME/VERSION".to_owned());
            }
            let https = base(&format!("https://{authority}/{path}"))?;
            let base = match plain || is_local(&https) {
                true => base(&format!("http://{authority}/{path}"))?,
                false => https,
            };
            return Ok(Self { base, name, pick });
        }
        let Some(rest) = text.strip_prefix("models:/") else {
            return Err("it is neither mlflow://HOST/NAME/VERSION nor models:/NAME/VERSION".into());
        };
        let mut segments: Vec<&str> = rest.trim_matches('/').split('/').collect();
        let (name, pick) = model(&mut segments)?;
        if !segments.is_empty() {
            return Err("models:/ takes NAME/VERSION or NAME@ALIAS, and no more".to_owned());
        }
        let server = server.ok_or("models:/ needs the server: --mlflow URL")?;
        let base = base(server).map_err(|what| format!("--mlflow: {what}"))?;
        if base.scheme() == "http" && !plain && !is_local(&base) {
            return Err("--mlflow: plain http to another machine needs --mlflow-http".to_owned());
        }
        Ok(Self { base, name, pick })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, name, pick } = self;
        match pick {
            Pick::Version(version) => write!(f, "version {version} of `{name}` at {base}"),
            Pick::Alias(alias) => write!(f, "`{name}@{alias}` at {base}"),
        }
    }
}

/// Takes the model off the end of a path.
fn model(segments: &mut Vec<&str>) -> Result<(String, Pick), String> {
    let last = segments.pop().unwrap_or_default();
    let (name, pick) = match last.rsplit_once('@') {
        Some((name, alias)) => (name, Pick::Alias(decoded(alias)?)),
        None => {
            let name = segments.pop().unwrap_or_default();
            if last.is_empty() || last.len() > 19 || !last.bytes().all(|c| c.is_ascii_digit()) {
                let what = "it ends with neither a version, a whole number, nor NAME@ALIAS";
                return Err(what.to_owned());
            }
            (name, Pick::Version(last.to_owned()))
        }
    };
    Ok((decoded(name)?, pick))
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| "it is not UTF-8 behind its percent signs")?.into_owned();
    if decoded.is_empty() || decoded.len() > NAME_BYTES_MAX || decoded.contains('/') {
        return Err("it has no model's name, or no alias, in its place".to_owned());
    }
    Ok(decoded)
}

/// A server's address, with a slash at its end.
fn base(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the server's address starts with neither http:// nor https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a password in an address shows: give --mlflow-token-file".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the server's address has a `?` or a `#`".to_owned());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
