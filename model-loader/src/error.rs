//! The one error type of the crate: what was refused, and whose fault it is.

use std::fmt;

use crate::{Datatype, ModelRef};

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
    #[error("input `{name}` {problem}")]
    Input {
        /// The input's name as the request or the signature has it.
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
    /// No such version is registered.
    #[error("model version `{model}` is not registered")]
    NotRegistered {
        /// What was asked for.
        model: ModelRef,
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

/// Why one input of a request does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputProblem {
    /// The request does not have it.
    Missing,
    /// The signature does not have it; these are its inputs.
    Unknown(Vec<String>),
    /// The request has it twice.
    Duplicate,
    /// It has another element type.
    Datatype {
        /// What the signature wants.
        expected: Datatype,
        /// What the request has.
        got: Datatype,
    },
    /// It has another rank or extent; `None` in `expected` is any number of rows.
    Shape {
        /// What the signature wants.
        expected: Vec<Option<usize>>,
        /// What the request has.
        got: Vec<usize>,
    },
    /// It has another number of rows than an earlier input.
    Rows {
        /// Rows of the earlier input.
        expected: usize,
        /// Rows of this one.
        got: usize,
        /// Name of the earlier input.
        first: String,
    },
    /// It has no row.
    NoRows,
    /// It holds no value, but has so many rows or columns of none.
    Empty(Vec<usize>),
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
        Error::Input { name: name.chars().take(200).collect(), problem }
    }
}

// === impl InputProblem ===

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputProblem::Missing => f.write_str("is missing"),
            InputProblem::Unknown(names) => {
                write!(f, "is not an input of the model; it has {}", names.join(", "))
            }
            InputProblem::Duplicate => f.write_str("is there twice"),
            InputProblem::Datatype { expected, got } => {
                write!(f, "has datatype {got}, the model wants {expected}")
            }
            InputProblem::Shape { expected, got } => {
                write!(f, "has shape {got:?}, the model wants [")?;
                for (axis, dim) in expected.iter().enumerate() {
                    f.write_str(if axis == 0 { "" } else { ", " })?;
                    match dim {
                        Some(dim) => write!(f, "{dim}")?,
                        None => f.write_str("-1")?,
                    }
                }
                f.write_str("]")
            }
            InputProblem::Rows { expected, got, first } => {
                write!(f, "has {got} rows, but input `{first}` has {expected}")
            }
            InputProblem::NoRows => f.write_str("has no row"),
            InputProblem::Empty(got) => write!(f, "has shape {got:?}, too much for no value"),
        }
    }
}
