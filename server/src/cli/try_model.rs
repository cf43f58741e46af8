//! `skeg try-model`: loads and runs a model once, so that what breaks is this process alone.
//!
//! Started by the model loader with a model on the standard input. The verdict goes to the standard
//! output, and the exit code says what it is: 0 sound, 1 refused.

use std::io::Read as _;

use model_loader::{Model, Options};

use super::say;
use crate::failure::Failure;

/// Larger models are refused, as everywhere.
const BYTES_MAX: u64 = 1 << 30;
/// Memory that a trial may ask for: what a model of the largest size takes, several times over.
const MEMORY_MAX: u64 = 6 << 30;

/// Loads the model on the standard input and runs it on made-up values.
///
/// # Errors
/// Code 1 with the verdict printed, when the model is refused.
pub fn run() -> Result<(), Failure> {
    let verdict = try_here();
    if let Err(words) = &verdict {
        say(words);
    }
    verdict.map_err(|_| Failure { code: Failure::FAILED, messages: Vec::new() })
}

fn try_here() -> Result<(), String> {
    rlimit::setrlimit(rlimit::Resource::AS, MEMORY_MAX, MEMORY_MAX)
        .map_err(|error| format!("memory cannot be limited: {error}"))?;
    let mut onnx = Vec::new();
    let read = std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut onnx);
    read.map_err(|error| format!("the model cannot be read: {error}"))?;
    let model = Model::load(&onnx, &Options::default()).map_err(|error| match error {
        // The one who asked says that it is about loading a model.
        model_loader::Error::Model { what } => what,
        other => other.to_string(),
    })?;
    model.warm_up().map_err(|error| error.to_string())
}
