//! Decision-tree ensembles: validated once, then evaluated over flat arrays.
//!
//! A `Spec` is an ensemble as ONNX writes it. `Ensemble::compile` proves it sound; `Regressor` and
//! `Classifier` add ONNX Runtime's conventions for outputs. No IO, no clock, no threads.
#![deny(unsafe_code)]

mod classify;
mod compile;
mod ensemble;
mod error;
mod kernel;
#[cfg(test)]
mod random;
mod plain;
mod regress;
mod spec;
mod transform;
mod trees;

pub use classify::Classifier;
pub use compile::{FEATURES_MAX, NODES_MAX, TARGETS_MAX, WEIGHTS_MAX};
pub use ensemble::Ensemble;
pub use error::Error;
pub use kernel::{Kernel, Kernels};
pub use regress::Regressor;
pub use spec::{Aggregate, Mode, Precision, Spec, SpecNode, SpecWeight};
pub use transform::Transform;
