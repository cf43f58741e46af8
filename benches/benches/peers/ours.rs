//! Skeg's two ways into a model: its trees alone, and `Session::run`, which the server calls.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::onnx::Trees;
use forest::{Classifier, Kernels};
use model_loader::{Model, Options, Session, Tensor, Values};

use super::onnxruntime::Answer;

/// Trees without a graph around them: rows in, classes and probabilities out, nothing allocated.
pub(super) struct Alone {
    /// What compiling the trees took.
    compiling: Duration,
    classifier: Classifier,
    labels: Vec<usize>,
    scores: Vec<f32>,
}

/// A model as the server runs it: tensors in, tensors out.
pub(super) struct Served(Session);

// === impl Alone ===

impl Alone {
    pub(super) fn new(trees: &Trees, kernels: Kernels) -> Alone {
        let start = Instant::now();
        let classifier = trees.compile(kernels);
        let compiling = start.elapsed();
        Alone { compiling, classifier, labels: Vec::new(), scores: Vec::new() }
    }

    /// The kernel for calls of that many rows.
    pub(super) fn kernel(&self, rows: usize) -> &'static str {
        self.classifier.ensemble().kernel(rows).name()
    }

    /// Trees, milliseconds to compile them, and the compiled form's size beside the file's.
    pub(super) fn built(&self, name: &str, file: usize) -> String {
        let ensemble = self.classifier.ensemble();
        let (kernel, trees) = (self.kernel(1), ensemble.trees());
        let (ms, size) = (1e3 * self.compiling.as_secs_f64(), ensemble.compiled_bytes() as f64);
        format!("| {name} | {trees} | {kernel} | {ms:.1} | {:.2} |", size / file as f64)
    }

    /// Makes room for calls of `rows` rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.labels.resize(rows, 0);
        self.scores.resize(rows * self.classifier.classes(), 0.0);
    }

    /// Classifies as many rows, of `width` columns, as there is room for.
    pub(super) fn call(&mut self, turn: &[f32], width: usize) {
        self.classifier.classify(black_box(turn), width, &mut self.labels, &mut self.scores);
        black_box((&self.labels, &self.scores));
    }

    pub(super) fn answer(&mut self, turn: &[f32], width: usize) -> Answer {
        self.call(turn, width);
        let labels = self.labels.iter().map(|label| *label as i64).collect();
        Answer { labels, probabilities: self.scores.clone() }
    }
}

/// What a processor without AVX-512 would have, of what this one has.
pub(super) fn without_avx512() -> Kernels {
    let names = ["avx2", "neon", "portable"].into_iter();
    names.map(Kernels::from_name).find_map(Result::ok).expect("the last one is for any processor")
}

// === impl Served ===

impl Served {
    pub(super) fn new(onnx: &[u8], kernels: Kernels) -> Result<Served, Box<dyn Error>> {
        let options = Options { kernels, ..Options::default() };
        Ok(Served(Model::load(onnx, &options)?.session()?))
    }

    /// `turn`, rows of `width` columns, as the inputs of a call.
    pub(super) fn inputs(turn: &[f32], width: usize) -> Result<[Tensor; 1], Box<dyn Error>> {
        let shape = [turn.len() / width, width].into_iter().collect();
        Ok([Tensor::new(shape, Values::Fp32(turn.to_vec()))?])
    }

    /// Calls it, and drops what it answers.
    pub(super) fn call(&mut self, inputs: &[Tensor; 1]) {
        let outputs = self.0.run(black_box(inputs));
        black_box(outputs.expect("these rows were scored before"));
    }

    pub(super) fn answer(&mut self, inputs: &[Tensor; 1]) -> Result<Answer, Box<dyn Error>> {
        let outputs: Vec<Values> =
            self.0.run(inputs)?.into_iter().map(Tensor::into_values).collect();
        match <[Values; 2]>::try_from(outputs) {
            Ok([Values::Int64(labels), Values::Fp32(probabilities)]) => {
                Ok(Answer { labels, probabilities })
            }
            other => Err(format!("not labels and probabilities: {other:?}").into()),
        }
    }
}
