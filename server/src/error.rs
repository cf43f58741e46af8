//! What can go wrong with one request, and the one table from error to status.
//!
//! Every answer that is not 200 is one of these; `http::encode::error` turns it into
//! `{"error": "..."}`. The statuses are those of Triton's protocol notes and of Azure ML's online
//! endpoints: unknown things 404, an unready server 400 on its health routes and 503 where it would
//! have scored, a client's mistake 400, a model that failed 424, too late 408, too many 429, our
//! mistake 500.

use crate::auth::Denied;
use crate::metrics::refused::Refusal;
use crate::protocol::json::JsonError;
use crate::specs::WriteError;

/// A request that was not scored. The text is for the client and names the culprit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is not JSON, or an element is not of its datatype.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// The body is JSON but not a request of the protocol.
    #[error("{0}")]
    Request(String),
    /// Either of the above, about one input.
    #[error("input \"{name}\": {cause}")]
    Input {
        /// The input's name as the request wrote it.
        name: String,
        /// What is wrong with it.
        cause: Box<Error>,
    },
    /// The model refused the inputs, or failed on them.
    #[error(transparent)]
    Model(#[from] model_loader::Error),
    /// No endpoint of that name.
    #[error("unknown model \"{0}\"")]
    UnknownModel(String),
    /// The endpoint has no such deployment, or none with that version.
    #[error("model \"{model}\" has no {what} \"{name}\"")]
    UnknownPart {
        /// The endpoint.
        model: String,
        /// "deployment", "version" or "output".
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The deployment has as many requests as it takes.
    #[error("too many requests at once, try again")]
    Busy,
    /// The request's time was over before it was scored.
    #[error("the request was not scored in time")]
    Timeout,
    /// The request names no endpoint, and there is no one that it must mean.
    #[error("there are several endpoints or none: name one, or start with --default-endpoint")]
    NoDefault,
    /// The body is of a type that its protocol has not.
    #[error("{0}")]
    ContentType(String),
    /// A header that is an id and too long for one.
    #[error("{header} is longer than {limit} characters")]
    IdTooLong {
        /// Its name.
        header: &'static str,
        /// The limit.
        limit: usize,
    },
    /// What should answer is not servable now.
    #[error("model \"{model}\" is not ready")]
    Unready {
        /// The endpoint.
        model: String,
    },
    /// The process is ending.
    #[error("the server is going away")]
    Ending,
    /// What was running the model is gone.
    #[error("scoring broke off")]
    Broken,
    /// Models are still being loaded.
    #[error("the server is starting")]
    Starting,
    /// The endpoint's weights are all zero and the request names no deployment.
    #[error("model \"{0}\" is drained: its traffic weights are all 0")]
    Drained(String),
    /// A spec that was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A model that was to be loaded, and why it is not.
    #[error("failed to load \"{model}\": {cause}")]
    NotLoaded {
        /// The endpoint.
        model: String,
        /// Why.
        cause: String,
    },
    /// Orders are not taken at this port.
    #[error(
        "models are not loaded and unloaded here: start the server with --model-control explicit"
    )]
    Closed,
    /// Specs cannot be written here.
    #[error("endpoint specs come from a local folder here, which is read only: change them there")]
    ReadOnly,
    /// No route of that path.
    #[error("no such route \"{0}\"")]
    UnknownRoute(String),
    /// The path exists, with another method.
    #[error("method not allowed here, use {allow}")]
    Method {
        /// The value of the `allow` header.
        allow: &'static str,
    },
    /// The body is larger than the server takes.
    #[error("request body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("request body did not arrive in time")]
    BodyTimeout,
    /// Bodies being read already fill the memory set aside for them.
    #[error("too many large requests at once, try again")]
    BodiesTooLarge,
    /// More of something than one request may have.
    #[error("{count} {what} in one request: at most {limit} are taken")]
    TooMany {
        /// "rows", "elements" or "labels".
        what: &'static str,
        /// How many there are, or would be.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// Labels that are not stored.
    #[error(transparent)]
    Labels(#[from] collector::Error),
    /// Who asks may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The body is compressed.
    #[error("content-encoding \"{0}\" is not supported")]
    Encoding(String),
    /// The connection broke while the body was being read.
    #[error("request body broke off")]
    BodyLost,
}

/// The statuses of scoring requests, in the order of the counters' cells.
pub const STATUSES: [u16; 12] = [200, 400, 404, 408, 413, 415, 424, 429, 431, 499, 500, 503];

impl Error {
    /// The table from error to HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Json(_) | Self::Request(_) => 400,
            // nginx's "client closed request": nobody hears it, but it must not look like a 400.
            Self::BodyLost => 499,
            Self::Encoding(_) | Self::ContentType(_) => 415,
            Self::NoDefault => 404,
            Self::IdTooLong { .. } => 431,
            Self::Input { cause, .. } => cause.status(),
            Self::Model(error) if error.is_input() => 400,
            Self::Model(_) => 424,
            Self::Busy | Self::Labels(collector::Error::LabelsFull) => 429,
            Self::Broken => 500,
            Self::UnknownPart { what: "output", .. } => 400,
            Self::UnknownModel(_) | Self::UnknownPart { .. } | Self::UnknownRoute(_) => 404,
            Self::Ending
            | Self::Drained(_)
            | Self::Starting
            | Self::Unready { .. }
            | Self::BodiesTooLarge
            | Self::Labels(_) => 503,
            Self::Write(WriteError::Refused(_)) => 400,
            Self::Write(WriteError::Unknown(_)) => 404,
            Self::Write(WriteError::Changed(_)) => 409,
            Self::Write(WriteError::Store { .. }) => 502,
            Self::NotLoaded { .. } | Self::Closed => 400,
            Self::ReadOnly => 403,
            Self::Method { .. } => 405,
            Self::BodyTimeout | Self::Timeout => 408,
            Self::BodyTooLarge { .. } | Self::TooMany { .. } => 413,
            Self::Denied(denied) => denied.status(),
        }
    }

    /// The reason this is counted under, if it is a refusal by a limit or at the door.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Denied(Denied::Unprepared) => Some(Refusal::NoSigningKeys),
            Self::Denied(_) => Some(Refusal::Unauthorized),
            Self::BodyTooLarge { .. } => Some(Refusal::BodyTooLarge),
            Self::BodyTimeout => Some(Refusal::BodyTimeout),
            Self::BodiesTooLarge => Some(Refusal::BodyMemory),
            Self::TooMany { what: "rows", .. } => Some(Refusal::TooManyRows),
            // Counted for their endpoint.
            Self::TooMany { what: "labels", .. } => None,
            Self::TooMany { .. } => Some(Refusal::TooManyElements),
            Self::Json(error) if error.is_depth() => Some(Refusal::TooDeep),
            Self::Input { cause, .. } => cause.refusal(),
            _ => None,
        }
    }

    /// The same error, said of the input `name`.
    pub fn for_input(self, name: &str) -> Self {
        match self {
            Self::Input { .. } => self,
            cause => Self::Input { name: name.to_owned(), cause: Box::new(cause) },
        }
    }
}

/// The cell of `status` in per-status counters.
pub fn status_cell(status: u16) -> usize {
    STATUSES.iter().position(|known| *known == status).expect("the table above is complete")
}
