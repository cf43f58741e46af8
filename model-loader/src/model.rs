//! A loaded model and the sessions that run it.
//!
//! `Model::load` is called off the scoring threads when a deployment is loaded; each scoring thread
//! holds one `Session` and reuses it. The graph itself lives behind `onnx`.

use std::collections::BTreeMap;

use crate::onnx::{Plan, State};
use crate::{Error, Signature, Tensor, onnx};

/// What the ONNX file does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Input name to the names of its columns; each list must be as long as the input is wide.
    pub feature_names: BTreeMap<String, Vec<String>>,
}

/// A checked, optimised, immutable graph; shared by all threads behind an `Arc`.
#[derive(Debug)]
pub struct Model {
    signature: Signature,
    opset: BTreeMap<String, i64>,
    plan: Plan,
}

/// The state of one thread's runs of one model.
#[derive(Debug)]
pub struct Session {
    plan: Plan,
    /// `None` after a failed run: what that run left behind is not used again.
    state: Option<State>,
}

// === impl Model ===

impl Model {
    /// Parses, checks and optimises an ONNX file. Takes milliseconds to seconds.
    ///
    /// Fails when the bytes are not a model, when operators are missing (all are named), when an
    /// input has no shape or an unsupported type, and when the engine refuses or panics.
    pub fn load(onnx: &[u8], options: &Options) -> Result<Model, Error> {
        let onnx::Loaded { signature, opset, plan } = onnx::load(onnx, options)?;
        Ok(Model { signature, opset, plan })
    }

    /// What the model takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Operator-set domain (`ai.onnx`, `ai.onnx.ml`, ...) to the version the file asks for.
    pub fn opset(&self) -> &BTreeMap<String, i64> {
        &self.opset
    }

    /// A fresh session for one thread.
    pub fn session(&self) -> Result<Session, Error> {
        let plan = self.plan.clone();
        let state = Some(plan.spawn()?);
        Ok(Session { plan, state })
    }
}

// === impl Session ===

impl Session {
    /// Runs the model on `inputs`, which stand in the signature's order, as `Signature::place`
    /// gives them. Answers with the outputs in the signature's order. After an error the next run
    /// starts from a fresh state.
    pub fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        let state = match self.state.take() {
            Some(state) => state,
            None => self.plan.spawn()?,
        };
        let (state, outputs) = self.plan.run(state, inputs)?;
        self.state = Some(state);
        Ok(outputs)
    }
}
