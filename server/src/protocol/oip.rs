//! The Open Inference Protocol, also called KServe V2, with Triton's extensions.
//!
//! `decode` reads JSON, and with `binary` the tensors that stand behind it; `encode` writes both;
//! `classification` makes labels of scores.

pub mod decode;
pub mod binary;
pub mod encode;
pub mod classification;
mod parameters;
pub mod metadata;
pub mod config;
pub mod statistics;
pub mod index;

/// The header that says how many bytes of a body are JSON; the rest is binary tensors.
pub const JSON_LENGTH: &str = "inference-header-content-length";

/// The extensions that the server metadata announces, by Triton's names.
pub const EXTENSIONS: [&str; 8] = [
    "binary_tensor_data",
    "classification",
    "logging",
    "model_configuration",
    "model_repository",
    "parameters",
    "schedule_policy",
    "statistics",
];

/// How a client wants its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Outputs that say nothing themselves come in binary.
    pub binary: bool,
    /// What is said of each requested output, in their order; empty when none was named.
    pub outputs: Vec<Wish>,
}

/// How a client wants one output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// In binary, or as JSON.
    pub binary: Option<bool>,
    /// As the labels of so many largest scores.
    pub classes: Option<usize>,
}

// === impl Wishes ===

impl Wishes {
    /// Whether the output in that place of the answer comes in binary.
    pub fn is_binary(&self, place: usize) -> bool {
        self.outputs.get(place).and_then(|wish| wish.binary).unwrap_or(self.binary)
    }

    /// Of how many scores the output in that place is to give the labels.
    pub fn classes(&self, place: usize) -> Option<usize> {
        self.outputs.get(place).and_then(|wish| wish.classes)
    }
}
