//! The border to tract and to the ONNX format: the only module of the workspace that names them.
//!
//! `load` decodes and checks a file and builds a `Plan`: steps of our operators and of regions that
//! tract runs. Errors and panics leave here as this crate's `Error`.

mod attributes;
mod build;
mod cast;
mod check;
mod clean;
mod control;
mod convert;
mod declared;
mod external;
mod functions;
mod gate;
mod halves;
mod load;
mod operators;
mod plan;
mod probe;
mod region;
mod scopes;
mod signature;
mod tensor_proto;
mod widths;
mod wire;
mod words;

pub(crate) use declared::declared;
pub(crate) use external::inline;
pub(crate) use load::{BYTES_MAX, Loaded, load};
pub(crate) use plan::{Mode, Plan, State};
pub(crate) use words::{panic_words, words};
