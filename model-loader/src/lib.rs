//! ONNX files to a runnable model, its signature, and the registry they come from.
//!
//! `Model::load` parses and checks the graph and makes a plan; a `Session` runs it, one per thread;
//! `Signature::place` proves that a request fits. `onnx` and the files under it are the only place
//! in the workspace that names tract.
#![forbid(unsafe_code)]

mod artifact;
mod batch;
mod datatype;
mod error;
mod import;
mod manifest;
mod model;
mod name;
mod onnx;
mod query;
mod registry;
mod settle;
mod signature;
mod tensor;
mod trial;

pub use artifact::read_onnx;
pub use batch::unstacked;
pub use datatype::Datatype;
pub use forest::Kernels as TreeKernels;

pub use error::{Error, InputProblem, WrongNames};
pub use import::{Import, Layout, Wishes, import};
pub use manifest::{
    DataAsset, FileEntry, Lineage, MANIFEST_BYTES_MAX, MANIFEST_FORMAT, Manifest, TensorEntry,
};
pub use model::{Model, Options, Session};
pub use name::{ModelRef, NAME_CHARS_MAX, Name};
pub use query::{Alias, ModelQuery};
pub use registry::{AliasRecord, Check, Listed, NewAlias, NewVersion, Registry};
pub use signature::{Inputs, Signature, TensorSpec};
pub use tensor::{NamedTensor, Shape, Tensor, Values};
pub use trial::Trial;
