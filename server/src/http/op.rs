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
    Score(Scoring<'a>),
    /// `POST /endpoints/{e}/labels`: what was true of rows that this endpoint scored.
    Label(&'a str),
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
    /// `GET /`: Azure ML's health.
    Healthy,
    /// `GET /ping`, `GET /health`: MLflow's health.
    Ping,
    /// `GET /version`: the server's, as MLflow asks for it.
    Version,
    /// `GET /v1/models`: the endpoints, as KServe's version 1 asks for them.
    Models,
    /// `GET /v1/models/{m}`: whether one is ready.
    Status(&'a str),
    /// `GET /swagger.json`: what can be posted, in the version of the query.
    Swagger,
    /// `GET /openapi.json`: the same.
    OpenApi,
    /// `OPTIONS /score`: nothing.
    Options,
}

/// What is to be scored, and in which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring<'a> {
    /// What the body is spoken in.
    pub protocol: Protocol,
    /// The endpoint; none for the one that is meant without a name.
    pub model: Option<&'a str>,
    /// The version, when the path gives one.
    pub version: Option<&'a str>,
    /// The deployment, when the path gives one.
    pub deployment: Option<&'a str>,
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
        match (op, method) {
            (Self::Ask(Question::Logging), &Method::POST) => return Ok(Self::Order(Order::Log)),
            (Self::Score(Scoring { protocol: Protocol::AzureMl, .. }), method) => {
                return match *method {
                    Method::POST | Method::GET => Ok(op),
                    Method::OPTIONS => Ok(Self::Ask(Question::Options)),
                    _ => Err(Error::Method { allow: "POST, GET, OPTIONS" }),
                };
            }
            _ => {}
        }
        let (fits, allow) = match op {
            Self::Score(_) | Self::Label(_) | Self::Order(_) => (method == Method::POST, "POST"),
            Self::Ask(_) => (method == Method::GET || method == Method::HEAD, "GET, HEAD"),
        };
        if fits { Ok(op) } else { Err(Error::Method { allow }) }
    }

    /// In which protocol a client hears of an error, whatever else is wrong with its request.
    pub fn spoken_at(path: &'a str) -> Protocol {
        match Self::from_path(path) {
            Some(Self::Score(scoring)) => scoring.protocol,
            Some(Self::Ask(Question::Swagger | Question::OpenApi)) => Protocol::AzureMl,
            _ => Protocol::OipHttp,
        }
    }

    fn from_path(path: &'a str) -> Option<Self> {
        let ask = |question| Some(Self::Ask(question));
        match path {
            "/" => return ask(Question::Healthy),
            "/healthz" | "/v2/health/live" => return ask(Question::Live),
            "/v2/health/ready" => return ask(Question::Ready),
            "/v2" | "/v2/" => return ask(Question::Server),
            "/v2/logging" => return ask(Question::Logging),
            "/v2/models/stats" => return ask(Question::Statistics(None)),
            "/ping" | "/health" => return ask(Question::Ping),
            "/version" => return ask(Question::Version),
            "/v1/models" | "/v1/models/" => return ask(Question::Models),
            "/swagger.json" => return ask(Question::Swagger),
            "/openapi.json" => return ask(Question::OpenApi),
            "/score" => return Some(Scoring::unnamed(Protocol::AzureMl)),
            "/invocations" => return Some(Scoring::unnamed(Protocol::Mlflow)),
            _ => {}
        }
        if let Some(rest) = path.strip_prefix("/v2/repository/") {
            return repository(rest).map(Self::Order);
        }
        if let Some(rest) = path.strip_prefix("/endpoints/") {
            return match split(rest) {
                ("", _) => None,
                (name, "labels") => Some(Self::Label(name)),
                _ => endpoint(rest).map(Self::Score),
            };
        }
        // Databricks' clients.
        if let Some(rest) = path.strip_prefix("/serving-endpoints/") {
            let invoked = |scoring: &Scoring<'_>| scoring.protocol == Protocol::Mlflow;
            return endpoint(rest).filter(invoked).map(Self::Score);
        }
        if let Some(rest) = path.strip_prefix("/v1/models/") {
            return first_version(rest);
        }
        let (place, action) = place(path.strip_prefix("/v2/models/")?)?;
        match action {
            "" => ask(Question::Model(place)),
            "ready" => ask(Question::ModelReady(place)),
            "config" => ask(Question::Config(place)),
            "stats" => ask(Question::Statistics(Some(place))),
            "infer" => Some(Self::Score(Scoring {
                protocol: Protocol::OipHttp,
                model: Some(place.model),
                version: place.version,
                deployment: None,
            })),
            _ => None,
        }
    }
}

impl<'a> Scoring<'a> {
    fn unnamed(protocol: Protocol) -> Op<'a> {
        Op::Score(Self { protocol, model: None, version: None, deployment: None })
    }
}

/// `{e}/score` and `{e}/invocations`.
fn endpoint(path: &str) -> Option<Scoring<'_>> {
    let (model, action) = split(path);
    let protocol = match action {
        "score" => Protocol::AzureMl,
        "invocations" => Protocol::Mlflow,
        _ => return None,
    };
    let model = Some(model).filter(|model| !model.is_empty())?;
    Some(Scoring { protocol, model: Some(model), version: None, deployment: None })
}

/// `{m}` and `{m}[/versions/{v}|/labels/{d}]:predict`.
fn first_version(path: &str) -> Option<Op<'_>> {
    let Some((place, "predict")) = path.rsplit_once(':') else {
        let named = !path.is_empty() && !path.contains(['/', ':']);
        return named.then_some(Op::Ask(Question::Status(path)));
    };
    let (model, rest) = split(place);
    let (version, deployment) = match rest.split_once('/') {
        Some(("versions", version)) => (Some(version), None),
        Some(("labels", label)) => (None, Some(label)),
        None if rest.is_empty() => (None, None),
        _ => return None,
    };
    let whole = [Some(model), version, deployment].into_iter().flatten();
    let named = whole.into_iter().all(|part| !part.is_empty() && !part.contains('/'));
    let scoring = Scoring { protocol: Protocol::Predict, model: Some(model), version, deployment };
    named.then_some(Op::Score(scoring))
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
