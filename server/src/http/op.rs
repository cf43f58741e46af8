//! Method and path -> what is asked. One `match`, no router crate.

use hyper::Method;

use crate::error::Error;

#[cfg(test)]
mod tests;

/// What a request wants, borrowed from its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// `POST /v2/models/{m}[/versions/{v}]/infer`: score.
    Infer(Place<'a>),
    /// Anything that is only looked up.
    Ask(Question<'a>),
}

/// A question about the server or a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// `GET /healthz`, `GET /v2/health/live`: is the process alive?
    Live,
    /// `GET /v2/health/ready`: are all models ready?
    Ready,
    /// `GET /v2`: server metadata.
    Server,
    /// `POST /v2/repository/index`: all deployments and their states.
    Index,
    /// `GET /v2/models/{m}[/versions/{v}]`: model metadata.
    Model(Place<'a>),
    /// `GET /v2/models/{m}[/versions/{v}]/ready`.
    ModelReady(Place<'a>),
}

/// The model a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The endpoint.
    pub model: &'a str,
    /// The version, when the path gives one.
    pub version: Option<&'a str>,
}

impl<'a> Op<'a> {
    /// Reads what a request line asks.
    ///
    /// # Errors
    /// [`Error::UnknownRoute`], or [`Error::Method`] when the path exists with another method.
    pub fn from_parts(method: &Method, path: &'a str) -> Result<Self, Error> {
        let op = Self::from_path(path).ok_or_else(|| Error::UnknownRoute(path.to_owned()))?;
        let (fits, allow) = match op {
            Self::Infer(_) | Self::Ask(Question::Index) => (method == Method::POST, "POST"),
            Self::Ask(_) => (method == Method::GET || method == Method::HEAD, "GET, HEAD"),
        };
        if fits { Ok(op) } else { Err(Error::Method { allow }) }
    }

    fn from_path(path: &'a str) -> Option<Self> {
        match path {
            "/healthz" | "/v2/health/live" => return Some(Self::Ask(Question::Live)),
            "/v2/health/ready" => return Some(Self::Ask(Question::Ready)),
            "/v2" | "/v2/" => return Some(Self::Ask(Question::Server)),
            "/v2/repository/index" => return Some(Self::Ask(Question::Index)),
            _ => {}
        }
        let (model, rest) = split(path.strip_prefix("/v2/models/")?);
        let (version, action) = match rest.strip_prefix("versions/") {
            Some(rest) => {
                let (version, action) = split(rest);
                (Some(version), action)
            }
            None => (None, rest),
        };
        if model.is_empty() || version == Some("") {
            return None;
        }
        let place = Place { model, version };
        match action {
            "" => Some(Self::Ask(Question::Model(place))),
            "ready" => Some(Self::Ask(Question::ModelReady(place))),
            "infer" => Some(Self::Infer(place)),
            _ => None,
        }
    }
}

/// The first segment of `path` and what follows its slash.
fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}
