//! ONNX Runtime as a peer: one thread, inputs and outputs bound before the call.
//!
//! Its library is that of the Python package, loaded at run time. Of its ways (`run` with tensors
//! made before, IoBinding with outputs made before or left to it) the last was the quickest here.
//! For single rows that means one binding, whose tensor is written anew before each call: thousands
//! of bindings are in no cache, and a call with one of them takes a microsecond more.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;

use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, Session, SessionOutputs};
use ort::value::Tensor;

/// The loaded library.
pub(super) struct OnnxRuntime(Environment);

/// A model that it runs.
pub(super) struct Peer(Session);

/// The calls that score some turns: a binding for each, or one for all.
pub(super) struct Calls(Vec<(Tensor<f32>, IoBinding)>);

/// Turns beyond this share one binding.
const BINDINGS: usize = 200;

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
    /// The calls that score `turns`, each of as many rows of `width` columns.
    pub(super) fn prepare(&self, turns: &[&[f32]], width: usize) -> Result<Calls, Box<dyn Error>> {
        let count = if turns.len() > BINDINGS { 1 } else { turns.len() };
        let (device, kind) = (AllocationDevice::CPU, MemoryType::CPUOutput);
        let memory = MemoryInfo::new(device, 0, AllocatorType::Device, kind)?;
        let bind = |turn: &&[f32]| {
            let rows = Tensor::from_array(([turn.len() / width, width], turn.to_vec()))?;
            let mut binding = self.0.create_binding()?;
            for input in self.0.inputs() {
                binding.bind_input(input.name(), &rows)?;
            }
            for output in self.0.outputs() {
                binding.bind_output_to_device(output.name(), &memory)?;
            }
            Ok((rows, binding))
        };
        Ok(Calls(turns[..count].iter().map(bind).collect::<Result<_, Box<dyn Error>>>()?))
    }

    /// Scores `turn`, which was the one at `place` when the calls were prepared.
    #[inline]
    fn run<'a>(
        &'a mut self,
        Calls(calls): &'a mut Calls,
        place: usize,
        turn: &[f32],
    ) -> Result<SessionOutputs<'a>, ort::Error> {
        let shared = calls.len() == 1;
        let (rows, binding) = &mut calls[if shared { 0 } else { place }];
        if shared {
            rows.extract_tensor_mut().1.copy_from_slice(turn);
        }
        self.0.run_binding(binding)
    }

    /// Scores `turn`, which was the one at `place`, and drops the answer.
    pub(super) fn call(&mut self, calls: &mut Calls, place: usize, turn: &[f32]) {
        let outputs = self.run(calls, place, turn);
        black_box(outputs.expect("these rows were scored before"));
    }

    /// Scores `turn`, which was the one at `place`.
    pub(super) fn answer(
        &mut self,
        calls: &mut Calls,
        place: usize,
        turn: &[f32],
    ) -> Result<Answer, Box<dyn Error>> {
        let outputs = self.run(calls, place, turn)?;
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
