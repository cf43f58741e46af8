//! Runs a plan on one thread's state.
//!
//! Called by `Session::run`. Refuses inputs that do not fit the signature, and turns an error or a
//! panic of the engine into `Error::Run`; the state of a failed run is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::prelude::*;

use super::convert;
use super::words::{panic_words, words};
use crate::{Error, Signature, Tensor};

/// A runnable graph; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    runnable: Arc<TypedRunnableModel>,
    signature: Arc<Signature>,
}

/// What one thread needs to run a plan.
#[derive(Debug)]
pub(crate) struct State(TypedSimpleState);

// === impl Plan ===

impl Plan {
    pub(super) fn new(runnable: Arc<TypedRunnableModel>, signature: Signature) -> Plan {
        Plan { runnable, signature: Arc::new(signature) }
    }

    pub(crate) fn spawn(&self) -> Result<State, Error> {
        self.runnable.spawn().map(State).map_err(|error| run_error(&error))
    }

    /// Runs once. The state comes back only from a run that succeeded.
    pub(crate) fn run(
        &self,
        mut state: State,
        inputs: &[Tensor],
    ) -> Result<(State, Vec<Tensor>), Error> {
        let wanted = self.signature.inputs.len();
        if inputs.len() != wanted {
            let what = format!("{} inputs given, {wanted} wanted", inputs.len());
            return Err(Error::Run { what });
        }
        let mut values: TVec<TValue> = TVec::with_capacity(wanted);
        for (tensor, spec) in inputs.iter().zip(&self.signature.inputs) {
            spec.check(tensor)?;
            values.push(convert::to_tract(tensor).map_err(|error| run_error(&error))?.into());
        }
        // The state is moved in and comes out only unharmed, so nothing broken outlives a panic.
        let run = AssertUnwindSafe(move || state.0.run(values).map(|outputs| (state, outputs)));
        let (state, outputs) = match catch_unwind(run) {
            Ok(result) => result.map_err(|error| run_error(&error))?,
            Err(panic) => {
                let what = format!("the engine panicked: {}", panic_words(panic.as_ref()));
                return Err(Error::Run { what });
            }
        };
        let specs = &self.signature.outputs;
        let outputs = outputs.iter().zip(specs).map(|(value, spec)| {
            convert::from_tract(value, spec.datatype).map_err(|error| run_error(&error))
        });
        Ok((state, outputs.collect::<Result<_, _>>()?))
    }
}

fn run_error(error: &TractError) -> Error {
    Error::Run { what: words(error) }
}
