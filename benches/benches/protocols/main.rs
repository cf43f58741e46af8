//! What does a request cost in each protocol, from bytes to the model's inputs and back?
//!
//! Floats of 1 x 30, 100 x 30 and 1 x 1000. Decode: bytes to placed inputs, columns by name where
//! the protocol has names. Encode: outputs of the same size to the reply's bytes. Beside the JSON
//! of the Open Inference Protocol, on the same bytes: serde_json into a `Value`, and simd-json into
//! its borrowed one, neither of which has a tensor yet. All bodies are read over and over.

mod bodies;

#[path = "../codec/servable.rs"]
mod servable;

use std::hint::black_box;
use std::time::Duration;

use bodies::{Bodies, SIZES};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use model_loader::{Inputs, NamedTensor, Signature};
use prost::Message as _;
use server::deployment::Deployment;
use server::error::Error;
use server::exchange::Scored;
use server::grpc::infer;
use server::grpc::messages::ModelInferRequest;
use server::limits::RequestLimits;
use server::protocol::frames::Frames;
use server::protocol::oip::{Wishes, decode, encode};
use server::protocol::predictions::Outputs;
use server::protocol::{arrow, azureml, csv, mlflow, predict};
use server::score::Answer;
use simd_json::prelude::Writable as _;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let deployment = servable::deployment();
    for [rows, columns] in SIZES {
        let bodies = Bodies::of(rows, columns);
        let size = format!("{rows} x {columns}");
        let mut group = criterion.benchmark_group("decode");
        group.throughput(Throughput::Elements((rows * columns) as u64));
        decoding(&mut group, &size, &bodies);
        group.finish();
        let mut group = criterion.benchmark_group("encode");
        group.throughput(Throughput::Elements((rows * columns) as u64));
        encoding(&mut group, &size, &bodies, &deployment);
        group.finish();
    }
    criterion.final_summary();
}

type Table<'a> = Result<Vec<NamedTensor<'a>>, Error>;

fn decoding(group: &mut BenchmarkGroup<'_, WallTime>, size: &str, bodies: &Bodies) {
    let signature = &bodies.signature;
    let limits = RequestLimits::default();
    let frames = Frames { signature, limits };
    let mut one = |name: &str, body: &[u8], read: &dyn Fn(&[u8]) -> Inputs| {
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| read(black_box(body)));
        });
    };
    let placed = |table: Table<'_>| place(signature, table);
    one("oip json", &bodies.json, &|body| {
        placed(decode::request(body, None, limits).map(|(request, _)| request.inputs))
    });
    let json = Some(bodies.binary_head);
    one("oip binary", &bodies.binary, &|body| {
        placed(decode::request(body, json, limits).map(|(request, _)| request.inputs))
    });
    one("oip grpc", &bodies.grpc, &|body| {
        let message = ModelInferRequest::decode(body).expect("a message");
        placed(infer::decode(message, limits).map(|(request, _)| request.inputs))
    });
    one("azureml split", &bodies.azureml, &|body| placed(azureml::read(body, frames)));
    one("mlflow records", &bodies.mlflow, &|body| placed(mlflow::read(body, frames)));
    one("predict instances", &bodies.predict, &|body| {
        placed(predict::read(body, frames).map(|(table, _)| table))
    });
    one("csv", &bodies.csv, &|body| placed(csv::read(body, signature, limits)));
    one("arrow", &bodies.arrow, &|body| placed(arrow::read(body, signature, limits)));

    group.bench_function(BenchmarkId::new("serde_json Value", size), |bencher| {
        bencher.iter(|| {
            let read = serde_json::from_slice::<serde_json::Value>(black_box(&bodies.json));
            read.expect("the bodies are JSON")
        });
    });
    group.bench_function(BenchmarkId::new("simd-json borrowed", size), |bencher| {
        // It writes into what it reads: the copy is part of its price.
        bencher.iter(|| {
            let mut copy = black_box(&bodies.json).clone();
            let read = simd_json::to_borrowed_value(&mut copy).expect("the bodies are JSON");
            black_box(&read);
        });
    });
}

fn place(signature: &Signature, table: Table<'_>) -> Inputs {
    signature.place(table.expect("the bodies are requests")).expect("they fit")
}

fn encoding(
    group: &mut BenchmarkGroup<'_, WallTime>,
    size: &str,
    bodies: &Bodies,
    deployment: &Deployment,
) {
    let table = decode::request(&bodies.json, None, RequestLimits::default());
    let inputs = place(&bodies.signature, table.map(|(request, _)| request.inputs));
    let outputs = vec![bodies.output.clone()];
    let answer = Answer { inputs, outputs, selected: vec![0], spent: Default::default() };
    let total = Duration::ZERO;
    let scored = Scored { deployment, id: None, request_id: "id", answer: &answer, total };
    let specs = std::slice::from_ref(&bodies.output_spec);
    let of = encode::Of { model: "m", version: "1", deployment: "d", id: None, outputs: specs };
    let tables = Outputs { specs, tensors: &answer.outputs, rows: answer.inputs.rows() };
    let mut one = |name: &str, write: &dyn Fn() -> Vec<u8>| {
        group.bench_function(BenchmarkId::new(name, size), |bencher| bencher.iter(write));
    };
    let tensors = |binary| {
        let wishes = Wishes { binary, outputs: Vec::new() };
        let written = encode::answer(of, &answer.outputs, &answer.selected, &wishes);
        written.expect("no classes are asked for").bytes
    };
    one("oip json", &|| tensors(false));
    one("oip binary", &|| tensors(true));
    one("oip grpc", &|| {
        let message = infer::encode("m", scored, &Wishes::default());
        message.expect("no classes are asked for").encode_to_vec()
    });
    one("azureml", &|| {
        let mut out = Vec::new();
        tables.whole(&mut out);
        out
    });
    one("mlflow, predict", &|| {
        let mut out = Vec::new();
        tables.by_row(&mut out);
        out
    });
    one("csv", &|| csv::write(tables).expect("it has rows"));
    one("arrow", &|| arrow::write(tables).expect("it has rows"));
    let floats = bodies.output_floats();
    one("serde_json floats", &|| serde_json::to_vec(&floats).expect("memory takes all"));
    let value = serde_json::to_value(&floats).expect("floats are JSON");
    one("serde_json Value", &|| serde_json::to_vec(&value).expect("memory takes all"));
    let mut bytes = serde_json::to_vec(&floats).expect("memory takes all");
    let value = simd_json::to_owned_value(&mut bytes).expect("floats are JSON");
    one("simd-json owned", &|| value.encode().into_bytes());
}
