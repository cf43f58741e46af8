//! Method and path -> what is asked. One `match`, no router crate.

use hyper::Method;

use crate::control::Wish;
use crate::error::Error;
use crate::protocol::Protocol;

#[cfg(test)]
mod tests;

/// What a request wants, borrowed from its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// `POST /v2/models/{m}[/versions/{v}]/infer` and its like in other protocols: score.
    Score(Protocol, Place<'a>),
    /// Anything that is only looked up.
    Ask(Question<'a>),
    /// Anything that is ordered with a body.
    Order(Order<'a>),
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
    /// `GET /v2/logging`: what is logged?
    Logging,
    /// `GET /v2/models/[{m}[/versions/{v}]/]stats`: what has been done?
    Statistics(Option<Place<'a>>),
    /// `GET /v2/models/{m}[/versions/{v}]`: model metadata.
    Model(Place<'a>),
    /// `GET /v2/models/{m}[/versions/{v}]/ready`.
    ModelReady(Place<'a>),
    /// `GET /v2/models/{m}[/versions/{v}]/config`: model configuration.
    Config(Place<'a>),
}

/// What is ordered with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// `POST /v2/repository/[{r}/]index`: all deployments and their states.
    Index,
    /// `POST /v2/repository/[{r}/]models/{m}/load`, and `unload`.
    Change(Wish, &'a str),
    /// `POST /v2/logging`.
    Log,
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
        if op == Self::Ask(Question::Logging) && method == Method::POST {
            return Ok(Self::Order(Order::Log));
        }
        let (fits, allow) = match op {
            Self::Score(..) | Self::Order(_) => (method == Method::POST, "POST"),
            Self::Ask(_) => (method == Method::GET || method == Method::HEAD, "GET, HEAD"),
        };
        if fits { Ok(op) } else { Err(Error::Method { allow }) }
    }

    fn from_path(path: &'a str) -> Option<Self> {
        match path {
            "/healthz" | "/v2/health/live" => return Some(Self::Ask(Question::Live)),
            "/v2/health/ready" => return Some(Self::Ask(Question::Ready)),
            "/v2" | "/v2/" => return Some(Self::Ask(Question::Server)),
            "/v2/logging" => return Some(Self::Ask(Question::Logging)),
            "/v2/models/stats" => return Some(Self::Ask(Question::Statistics(None))),
            _ => {}
        }
        if let Some(rest) = path.strip_prefix("/v2/repository/") {
            return repository(rest).map(Self::Order);
        }
        let (place, action) = place(path.strip_prefix("/v2/models/")?)?;
        match action {
            "" => Some(Self::Ask(Question::Model(place))),
            "ready" => Some(Self::Ask(Question::ModelReady(place))),
            "config" => Some(Self::Ask(Question::Config(place))),
            "stats" => Some(Self::Ask(Question::Statistics(Some(place)))),
            "infer" => Some(Self::Score(Protocol::OipHttp, place)),
            _ => None,
        }
    }
}

/// `{m}[/versions/{v}][/action]`.
fn place(path: &str) -> Option<(Place<'_>, &str)> {
    let (model, rest) = split(path);
    let (version, action) = match rest.strip_prefix("versions/") {
        Some(rest) => {
            let (version, action) = split(rest);
            (Some(version), action)
        }
        None => (None, rest),
    };
    let named = !model.is_empty() && version != Some("");
    named.then_some((Place { model, version }, action))
}

/// `[{r}/]index` and `[{r}/]models/{m}/(load|unload)`; there is one repository, whatever its name.
fn repository(path: &str) -> Option<Order<'_>> {
    let parts: Vec<&str> = path.split('/').collect();
    let (model, wish) = match parts[..] {
        ["index"] | [_, "index"] => return Some(Order::Index),
        ["models", model, "load"] | [_, "models", model, "load"] => (model, Wish::Load),
        ["models", model, "unload"] | [_, "models", model, "unload"] => (model, Wish::Unload),
        _ => return None,
    };
    (!model.is_empty()).then_some(Order::Change(wish, model))
}

/// The first segment of `path` and what follows its slash.
fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}
