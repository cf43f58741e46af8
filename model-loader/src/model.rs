//! A loaded model and the sessions that run it.
//!
//! `Model::load` is called off the scoring threads when a deployment is loaded; each scoring thread
//! holds one `Session` and reuses it. The graph itself lives behind `onnx`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::onnx::{Mode, Plan, State, panic_words, words};
use crate::{Error, Shape, Signature, Tensor, TensorSpec, TreeKernels, Trial, Values, onnx};

/// How long a model may take to load unless the options say otherwise.
const DEADLINE: Duration = Duration::from_secs(300);

/// What the ONNX file does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Input name to the names of its columns; each list must be as long as the input is wide.
    pub feature_names: BTreeMap<String, Vec<String>>,
    /// Output name to the labels of its columns, in place of those that the file itself says; each
    /// list must be as long as the output is wide.
    pub class_labels: BTreeMap<String, Vec<String>>,
    /// A model that takes longer to load is refused.
    pub deadline: Duration,
    /// Tries models that are not wholly ours in a process of their own; without it they are loaded
    /// at once.
    pub trial: Option<Trial>,
    /// What may evaluate tree ensembles; the fastest that takes an ensemble does.
    pub kernels: TreeKernels,
}

/// A checked, optimised, immutable graph; shared by all threads behind an `Arc`.
#[derive(Debug)]
pub struct Model {
    inner: Arc<Inner>,
    opset: BTreeMap<String, i64>,
}

#[derive(Debug)]
struct Inner {
    signature: Signature,
    plan: Plan,
    /// Shapes of the inputs that the plan was tried on.
    tried: Vec<Shape>,
    /// Made-up values may be none that the model can run on.
    parametric: bool,
}

/// The state of one thread's runs of one model.
#[derive(Debug)]
pub struct Session {
    model: Arc<Inner>,
    state: State,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            feature_names: BTreeMap::new(),
            class_labels: BTreeMap::new(),
            deadline: DEADLINE,
            trial: None,
            kernels: TreeKernels::detect(),
        }
    }
}

// === impl Model ===

impl Model {
    /// Parses, checks and plans an ONNX file. Takes milliseconds to seconds.
    ///
    /// Fails when the bytes are not a model, when operators are missing (all are named), when an
    /// input has an unsupported type, when it takes longer than the deadline, and when an operator
    /// refuses its attributes or inputs.
    pub fn load(onnx: &[u8], options: &Options) -> Result<Model, Error> {
        let onnx::Loaded { signature, opset, plan, tried, parametric } = onnx::load(onnx, options)?;
        Ok(Model { inner: Arc::new(Inner { signature, plan, tried, parametric }), opset })
    }

    /// What the model takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.inner.signature
    }

    /// Operator-set domain (`ai.onnx`, `ai.onnx.ml`, ...) to the version the file asks for.
    pub fn opset(&self) -> &BTreeMap<String, i64> {
        &self.opset
    }

    /// Runs the model once on made-up rows of zeros and empty strings, of the shapes that it was
    /// loaded with, so that what cannot run is refused before it takes traffic, and what is made
    /// on the first run is there. A model that takes extents or axes as inputs may refuse zeros:
    /// that is left to a request's.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub fn warm_up(&self) -> Result<(), Error> {
        self.runs(None).map(drop)
    }

    /// What runs the model on `inputs`, or on made-up ones, over and over, after it has once; none
    /// when the model cannot be run on made-up ones.
    pub(crate) fn runs<'i>(
        &self,
        inputs: Option<&'i [Tensor]>,
    ) -> Result<Option<impl FnMut() -> Result<(), Error> + use<'i>>, Error> {
        let (inputs, mode) = match inputs {
            Some(inputs) => (Cow::Borrowed(inputs), Mode::Request),
            None => (Cow::Owned(self.zeros()?), Mode::MadeUp),
        };
        let mut session = self.session()?;
        let mut run = move || session.run_in(&inputs, mode).map(drop);
        match run() {
            Err(Error::Run { .. }) if mode == Mode::MadeUp && self.inner.parametric => Ok(None),
            other => other.map(|()| Some(run)),
        }
    }

    /// Zeros and empty strings in the shapes that the plan was tried on.
    fn zeros(&self) -> Result<Vec<Tensor>, Error> {
        let Inner { signature, tried, .. } = &*self.inner;
        let zeros = |(spec, shape): (&TensorSpec, &Shape)| {
            let elements = shape.iter().product();
            Tensor::new(shape.clone(), Values::zeros(spec.datatype, elements))
        };
        signature.inputs().iter().zip(tried).map(zeros).collect()
    }

    /// A fresh session for one thread.
    pub fn session(&self) -> Result<Session, Error> {
        Ok(Session { model: Arc::clone(&self.inner), state: State::default() })
    }
}

// === impl Session ===

impl Session {
    /// Runs the model on `inputs`, which stand in the signature's order, as `Signature::place`
    /// gives them. Answers with the outputs in the signature's order. After an error the next run
    /// starts from a fresh state.
    pub fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        self.run_in(inputs, Mode::Request)
    }

    fn run_in(&mut self, inputs: &[Tensor], mode: Mode) -> Result<Vec<Tensor>, Error> {
        let Inner { signature, plan, .. } = &*self.model;
        let wanted = signature.inputs().len();
        if inputs.len() != wanted {
            let what = format!("{} inputs given, {wanted} wanted", inputs.len());
            return Err(Error::Run { what });
        }
        for (tensor, spec) in inputs.iter().zip(signature.inputs()) {
            spec.check(tensor)?;
        }
        let state = &mut self.state;
        // A region's state is moved out while it runs: nothing broken outlives a panic.
        let run = AssertUnwindSafe(move || plan.score(inputs, mode, state));
        let outputs = match catch_unwind(run) {
            Ok(outputs) => outputs.map_err(|error| Error::Run { what: words(&error) })?,
            Err(panic) => {
                let what = format!("the engine panicked: {}", panic_words(panic.as_ref()));
                return Err(Error::Run { what });
            }
        };
        for (tensor, spec) in outputs.iter().zip(signature.outputs()) {
            spec.check_output(tensor)?;
        }
        Ok(outputs)
    }
}
