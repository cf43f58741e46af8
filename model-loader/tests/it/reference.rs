//! Every convention of the ai.onnx.ml operators against ONNX Runtime's own answers.
//!
//! The fixtures are made by `tests/fixtures/make.py`: tiny graphs of many nodes, and the answers.

use model_loader::{Model, Options, Session, Tensor, Values};
use serde_json::Value;
use smallvec::SmallVec;

const COLUMNS: usize = 5;
const TOLERANCE: f32 = 1e-6;

struct Fixture {
    model: Model,
    rows: Vec<f32>,
    answers: Vec<Value>,
}

impl Fixture {
    fn read(name: &str) -> Fixture {
        let folder = format!("{}/tests/fixtures", env!("CARGO_MANIFEST_DIR"));
        let onnx = std::fs::read(format!("{folder}/{name}.onnx")).unwrap();
        let answers = std::fs::read(format!("{folder}/{name}.json")).unwrap();
        let answers: Value = serde_json::from_slice(&answers).unwrap();
        let model = Model::load(&onnx, &Options::default()).unwrap();
        let rows = texts(&answers["x"]).map(|value| value.parse().unwrap()).collect();
        Fixture { model, rows, answers: answers["outputs"].as_array().unwrap().clone() }
    }

    fn run(&self, session: &mut Session, rows: &[f32]) -> Vec<Tensor> {
        let shape = SmallVec::from_slice(&[rows.len() / COLUMNS, COLUMNS]);
        let input = Tensor::new(shape, Values::Fp32(rows.to_vec())).unwrap();
        session.run(&[input]).unwrap()
    }
}

fn texts(array: &Value) -> impl Iterator<Item = &str> {
    array.as_array().unwrap().iter().map(|value| value.as_str().unwrap())
}

/// The values as text, floats only if they differ from `wanted` by more than the tolerance.
fn assert_values(name: &str, got: &Tensor, wanted: &[&str]) {
    assert_eq!(got.values().len(), wanted.len(), "{name}");
    match got.values() {
        Values::Fp32(values) => {
            for (at, (&value, wanted)) in values.iter().zip(wanted).enumerate() {
                let wanted: f32 = wanted.parse().unwrap();
                let same = value == wanted || (value.is_nan() && wanted.is_nan());
                let close = (value - wanted).abs() <= TOLERANCE * wanted.abs().max(1.0);
                assert!(same || close, "{name}[{at}]: {value}, ONNX Runtime says {wanted}");
            }
        }
        Values::Int64(values) => {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            assert_eq!(values, wanted, "{name}");
        }
        Values::Bytes(values) => assert_eq!(values, wanted, "{name}"),
        other => panic!("{name} is {}", other.datatype()),
    }
}

fn check(name: &str, outputs_at_least: usize) {
    let fixture = Fixture::read(name);
    let mut session = fixture.model.session().unwrap();
    let signature = fixture.model.signature();
    assert!(fixture.answers.len() >= outputs_at_least, "{} outputs", fixture.answers.len());
    assert_eq!(signature.outputs().len(), fixture.answers.len());

    let outputs = fixture.run(&mut session, &fixture.rows);
    for ((output, spec), answer) in outputs.iter().zip(signature.outputs()).zip(&fixture.answers) {
        assert_eq!(answer["name"], spec.name.as_str());
        let wanted: Vec<&str> = texts(&answer["values"]).collect();
        assert_values(&spec.name, output, &wanted);
        let shape: Vec<usize> = serde_json::from_value(answer["shape"].clone()).unwrap();
        assert_eq!(output.shape(), shape, "{}", spec.name);
        assert_eq!(spec.datatype, output.datatype(), "{}", spec.name);
        assert_eq!(spec.shape.len(), shape.len(), "{}", spec.name);
    }

    // The same plan takes the rows one at a time.
    for (row, values) in fixture.rows.chunks_exact(COLUMNS).enumerate() {
        let outputs = fixture.run(&mut session, values);
        for (output, answer) in outputs.iter().zip(&fixture.answers) {
            let wanted: Vec<&str> = texts(&answer["values"]).collect();
            let width = output.values().len();
            assert_values(
                &format!("{} row {row}", answer["name"]),
                output,
                &wanted[row * width..][..width],
            );
        }
    }
}

#[test]
fn tree_ensemble_classifiers_answer_as_onnx_runtime_does() {
    check("classifiers", 70);
}

#[test]
fn tree_ensemble_regressors_answer_as_onnx_runtime_does() {
    check("regressors", 40);
}

#[test]
fn columnwise_and_linear_operators_answer_as_onnx_runtime_does() {
    check("columnwise", 30);
}
