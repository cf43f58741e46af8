//! ONNX Runtime as a peer: one thread, inputs made beforehand, outputs left where it puts them.
//!
//! Its library is that of the Python package, loaded at run time.

use std::error::Error;
use std::path::Path;

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::Tensor;

/// The loaded library.
pub(super) struct OnnxRuntime(Environment);

/// A model that it runs.
pub(super) struct Peer(Session);

/// The inputs of one call.
pub(super) type Inputs = [SessionInputValue<'static>; 1];

/// Classes and their probabilities, row-major.
pub(super) struct Answer {
    pub(super) labels: Vec<i64>,
    pub(super) probabilities: Vec<f32>,
}

// === impl OnnxRuntime ===

impl OnnxRuntime {
    /// Loads `library`, a file that is there.
    pub(super) fn load(library: &Path) -> Result<OnnxRuntime, Box<dyn Error>> {
        let environment = ort::init_from(library)?.with_telemetry(false).build()?;
        Ok(OnnxRuntime(environment))
    }

    pub(super) fn peer(&self, onnx: &[u8]) -> Result<Peer, Box<dyn Error>> {
        let builder = Session::builder(&self.0)?.with_intra_threads(1)?.with_inter_threads(1)?;
        Ok(Peer({ builder }.commit_from_memory(onnx)?))
    }
}

// === impl Peer ===

impl Peer {
    /// `turn`, rows of `width` columns, as the inputs of a call.
    pub(super) fn inputs(turn: &[f32], width: usize) -> Result<Inputs, Box<dyn Error>> {
        let tensor = Tensor::from_array(([turn.len() / width, width], turn.to_vec()))?;
        Ok([tensor.into()])
    }

    /// Calls it, and drops what it answers.
    pub(super) fn call(&mut self, inputs: &Inputs) {
        let outputs = self.0.run(inputs.as_slice());
        std::hint::black_box(outputs.expect("these rows were scored before"));
    }

    pub(super) fn answer(&mut self, inputs: &Inputs) -> Result<Answer, Box<dyn Error>> {
        let outputs = self.0.run(inputs.as_slice())?;
        let (_, labels) = outputs[0].try_extract_tensor::<i64>()?;
        let (_, probabilities) = outputs[1].try_extract_tensor::<f32>()?;
        Ok(Answer { labels: labels.to_vec(), probabilities: probabilities.to_vec() })
    }
}

// === impl Answer ===

impl Answer {
    /// The greatest difference of a probability to `ours`; labels must be the same.
    pub(super) fn compare(&self, ours: &Answer) -> Result<f32, Box<dyn Error>> {
        if self.labels != ours.labels {
            let row = self.labels.iter().zip(&ours.labels).position(|(theirs, our)| theirs != our);
            return Err(format!("row {row:?} has another label").into());
        }
        if self.probabilities.len() != ours.probabilities.len() {
            return Err("the numbers of probabilities differ".into());
        }
        let pairs = self.probabilities.iter().zip(&ours.probabilities);
        Ok(pairs.map(|(theirs, our)| (theirs - our).abs()).fold(0.0, f32::max))
    }
}
