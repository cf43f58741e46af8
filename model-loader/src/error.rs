//! The one error type of the crate: what was refused, and whose fault it is.

mod input;

use std::fmt;

pub use self::input::{InputProblem, WrongNames};
use crate::{ModelQuery, ModelRef};

/// Why a model cannot be loaded or run, or a request does not fit it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not an ONNX model, or not one that can be served.
    #[error("cannot load the model: {what}")]
    Model {
        /// What is wrong, with the name of the node or tensor.
        what: String,
    },
    /// The graph uses operators that this build does not have; all of them are listed.
    #[error("the model needs operators that are not supported: {}", missing.join(", "))]
    MissingOperators {
        /// One entry per operator, with the names of the nodes that use it.
        missing: Vec<String>,
    },
    /// A request's input does not fit the signature.
    #[error("{}", .problem.about(.name))]
    Input {
        /// The input's name as the request or the signature has it; the first of several.
        name: String,
        /// What is wrong with it.
        problem: InputProblem,
    },
    /// A tensor's shape does not multiply up to the number of its values.
    #[error("shape {shape:?} does not hold {values} values")]
    Shape {
        /// The shape.
        shape: Vec<usize>,
        /// The number of values.
        values: usize,
    },
    /// A name that is no Open Inference Protocol datatype.
    #[error("unknown datatype `{name}`")]
    Datatype {
        /// The name, cut to 40 characters.
        name: String,
    },
    /// The model failed on inputs that fit its signature.
    #[error("the model failed: {what}")]
    Run {
        /// The engine's own words.
        what: String,
    },
    /// A text that is no name of a model, version, endpoint or deployment, or no model version.
    #[error("name {given:?} is refused: {reason}")]
    Name {
        /// The text, cut to 80 characters.
        given: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// No such version is registered, or no such alias set.
    #[error("{} `{model}` is not registered", model.kind())]
    NotRegistered {
        /// What was asked for.
        model: ModelQuery,
    },
    /// The version is taken; versions are never changed or replaced.
    #[error("model version `{model}` is already registered, with digest {digest}")]
    Exists {
        /// What was to be registered.
        model: ModelRef,
        /// The model digest of the version that is there.
        digest: String,
    },
    /// The record of a version cannot be read, or what was to be registered makes no sound one.
    #[error("`{path}` is refused: {reason}")]
    Manifest {
        /// Place of the manifest in the store.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not the one that was registered.
    #[error("model version `{model}` is refused: its file `{path}` {reason}")]
    Digest {
        /// The version that the file belongs to.
        model: ModelRef,
        /// Place of the file in the store.
        path: String,
        /// What differs from the manifest.
        reason: String,
    },
    /// The store failed.
    #[error("the store failed at `{path}`: {source}")]
    Store {
        /// The object or folder.
        path: String,
        /// The store's own words.
        source: object_store::Error,
    },
}

// === impl Error ===

impl Error {
    /// Whether the request is at fault: it names, types or shapes an input wrongly.
    pub fn is_input(&self) -> bool {
        matches!(self, Error::Input { .. } | Error::Shape { .. } | Error::Datatype { .. })
    }

    /// A model that cannot be loaded, and why.
    pub(crate) fn model(what: impl fmt::Display) -> Error {
        Error::Model { what: what.to_string() }
    }

    /// An input that does not fit, and why.
    pub(crate) fn input(name: &str, problem: InputProblem) -> Error {
        Error::Input { name: input::shown(name), problem }
    }
}
