//! The same floats as requests of each protocol.

use std::fmt::Write as _;

use bytes::Bytes;
use model_loader::{Datatype, Shape, Signature, Tensor, TensorSpec, Values};
use prost::Message as _;
use server::grpc::messages::ModelInferRequest;
use server::grpc::messages::model_infer_request::InferInputTensor;
use server::protocol::arrow;
use server::protocol::predictions::Outputs;

/// Rows and columns.
pub(crate) const SIZES: [[usize; 2]; 3] = [[1, 30], [100, 30], [1, 1000]];

/// One request in all its forms, and an output of the same size.
pub(crate) struct Bodies {
    pub(crate) signature: Signature,
    pub(crate) json: Vec<u8>,
    pub(crate) binary: Vec<u8>,
    /// How many bytes of `binary` are JSON.
    pub(crate) binary_head: usize,
    pub(crate) grpc: Vec<u8>,
    pub(crate) azureml: Vec<u8>,
    pub(crate) mlflow: Vec<u8>,
    pub(crate) predict: Vec<u8>,
    pub(crate) csv: Vec<u8>,
    pub(crate) arrow: Vec<u8>,
    pub(crate) output: Tensor,
    pub(crate) output_spec: TensorSpec,
}

fn spec(name: &str, width: usize, features: Vec<String>) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: Datatype::Fp32,
        shape: vec![None, Some(width)],
        per_row: true,
        feature_names: features,
        class_labels: Vec::new(),
    }
}

/// Elements of a list, with commas between.
fn joined(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().join(",")
}

// === impl Bodies ===

impl Bodies {
    pub(crate) fn of(rows: usize, columns: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        // As features are: some digits before the point and some behind.
        let values: Vec<f32> =
            (0..rows * columns).map(|_| (random.f32() * 2e5).round() / 1e3 - 50.0).collect();
        let names: Vec<String> = (0..columns).map(|place| format!("feature_{place}")).collect();
        // Tables name their columns in another order than the model has them.
        let turned: Vec<usize> = (0..columns).rev().collect();
        let row = |row: usize, order: &[usize]| {
            joined(order.iter().map(|place| values[row * columns + place].to_string()))
        };
        let record = |row: usize| {
            let cell =
                |place: &usize| format!("\"{}\":{}", names[*place], values[row * columns + place]);
            format!("{{{}}}", joined(turned.iter().map(cell)))
        };
        let straight: Vec<usize> = (0..columns).collect();
        let matrix = joined((0..rows).map(|at| format!("[{}]", row(at, &straight))));
        let turned_matrix = joined((0..rows).map(|at| format!("[{}]", row(at, &turned))));
        let turned_names = joined(turned.iter().map(|place| format!("\"{}\"", names[*place])));
        let records = joined((0..rows).map(record));
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let (binary, binary_head) = binary(rows, columns, &raw);
        let flat = joined(values.iter().map(f32::to_string));
        let input = format!("\"name\":\"x\",\"shape\":[{rows},{columns}],\"datatype\":\"FP32\"");
        let mut csv =
            turned.iter().map(|place| names[*place].clone()).collect::<Vec<_>>().join(",");
        for at in 0..rows {
            write!(csv, "\n{}", row(at, &turned)).expect("a string takes all that is written");
        }
        let shape = Shape::from_slice(&[rows, columns]);
        let output = Tensor::new(shape, Values::Fp32(values.clone())).expect("whole rows");
        Self {
            signature: Signature::new(vec![spec("x", columns, names.clone())], Vec::new()),
            json: format!("{{\"inputs\":[{{{input},\"data\":[{flat}]}}]}}").into_bytes(),
            binary,
            binary_head,
            grpc: grpc(rows, columns, raw),
            azureml: format!(
                "{{\"input_data\":{{\"columns\":[{turned_names}],\"data\":[{turned_matrix}]}}}}"
            )
            .into_bytes(),
            mlflow: format!("{{\"dataframe_records\":[{records}]}}").into_bytes(),
            predict: format!("{{\"instances\":[{matrix}]}}").into_bytes(),
            csv: csv.into_bytes(),
            arrow: stream(&names, &values, rows),
            output,
            output_spec: spec("y", columns, Vec::new()),
        }
    }

    /// The output as nested lists, for the peer.
    pub(crate) fn output_floats(&self) -> Vec<Vec<f32>> {
        let Values::Fp32(values) = self.output.values() else {
            unreachable!("`of` makes floats");
        };
        values.chunks(self.output.shape()[1]).map(<[f32]>::to_vec).collect()
    }
}

fn binary(rows: usize, columns: usize, raw: &[u8]) -> (Vec<u8>, usize) {
    let size = raw.len();
    let head = format!(
        "{{\"inputs\":[{{\"name\":\"x\",\"shape\":[{rows},{columns}],\"datatype\":\"FP32\",\
         \"parameters\":{{\"binary_data_size\":{size}}}}}]}}"
    );
    ([head.as_bytes(), raw].concat(), head.len())
}

fn grpc(rows: usize, columns: usize, raw: Vec<u8>) -> Vec<u8> {
    let input = InferInputTensor {
        name: "x".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![rows as i64, columns as i64],
        ..Default::default()
    };
    let request = ModelInferRequest {
        model_name: "m".to_owned(),
        inputs: vec![input],
        raw_input_contents: vec![Bytes::from(raw)],
        ..Default::default()
    };
    request.encode_to_vec()
}

/// A column for each feature.
fn stream(names: &[String], values: &[f32], rows: usize) -> Vec<u8> {
    let specs: Vec<TensorSpec> = names.iter().map(|name| spec(name, 1, Vec::new())).collect();
    let column = |place: usize| {
        let cells = (0..rows).map(|row| values[row * names.len() + place]).collect();
        Tensor::new(Shape::from_slice(&[rows, 1]), Values::Fp32(cells)).expect("whole columns")
    };
    let tensors: Vec<Tensor> = (0..names.len()).map(column).collect();
    arrow::write(Outputs { specs: &specs, tensors: &tensors, rows }).expect("it has rows")
}
