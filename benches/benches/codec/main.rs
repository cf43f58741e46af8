//! What do JSON requests and replies cost, and what would serde_json take for the same bytes?
//!
//! Decode: `oip::decode` of 1 x 20, 100 x 20 and 1 x 1000 floats as clients write them, and of 1 x
//! 20 with the long digits that numpy's `tolist` leads to. Beside it, on the same bytes: serde_json
//! into a `Value`, and into plain structs, which is the least that serde_json can do. Encode:
//! `oip::encode::answer` of the same sizes, beside serde_json's writing of plain structs to the
//! same bytes. serde_json is built as in the server, with `float_roundtrip`. Bodies rotate.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use benches::example::{Example, FEATURES};
use benches::json::{self, Digits};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use model_loader::{Tensor, Values};
use serde::{Deserialize, Serialize};
use server::deployment::Deployment;
use server::limits::RequestLimits;
use server::protocol::oip::encode::Of;
use server::protocol::oip::{Wishes, decode, encode};

mod servable;

/// Rows and columns of a tensor.
const SIZES: [[usize; 2]; 3] = [[1, 20], [100, 20], [1, 1000]];

/// Most bodies to rotate over: enough that no branch predictor knows the digits.
const BODIES: usize = 4096;

/// A request as serde_json reads it without a tree.
#[derive(Debug, Deserialize)]
struct PlainRequest<'a> {
    #[serde(borrow)]
    inputs: Vec<PlainInput<'a>>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "what is read is not looked at")]
struct PlainInput<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    shape: Vec<usize>,
    #[serde(borrow)]
    datatype: Cow<'a, str>,
    data: Vec<Option<f32>>,
}

/// A reply as serde_json writes it.
#[derive(Debug, Serialize)]
struct PlainReply<'a> {
    model_name: &'a str,
    model_version: &'a str,
    parameters: PlainParameters<'a>,
    outputs: [PlainOutput<'a>; 1],
}

#[derive(Debug, Serialize)]
struct PlainParameters<'a> {
    deployment: &'a str,
}

#[derive(Debug, Serialize)]
struct PlainOutput<'a> {
    name: &'a str,
    datatype: &'a str,
    shape: [usize; 2],
    data: &'a [f32],
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let example = Example::read();
    let mut group = criterion.benchmark_group("decode");
    for [rows, columns] in SIZES {
        let name = format!("{rows} x {columns}");
        decoding(&mut group, &name, &bodies(&example, [rows, columns], Digits::Shortest));
    }
    decoding(&mut group, "1 x 20 long", &bodies(&example, [1, 20], Digits::Widened));
    group.finish();

    let mut group = criterion.benchmark_group("encode");
    let deployment = servable::deployment();
    for size in SIZES {
        encoding(&mut group, &deployment, &answers(&example, size));
    }
    group.finish();
    criterion.final_summary();
}

fn bodies(example: &Example, [rows, columns]: [usize; 2], digits: Digits) -> Vec<String> {
    let turns = example.turns(rows * columns / FEATURES).take(BODIES);
    turns.map(|turn| json::infer(turn, columns, digits)).collect()
}

fn decoding(group: &mut BenchmarkGroup<'_, WallTime>, size: &str, bodies: &[String]) {
    let bytes: usize = bodies.iter().map(String::len).sum();
    group.throughput(Throughput::Bytes((bytes / bodies.len()) as u64));
    let mut next = bodies.iter().cycle();
    let mut body = || black_box(next.next().expect("bodies never end").as_bytes());
    group.bench_function(BenchmarkId::new("skeg", size), |bencher| {
        bencher.iter(|| {
            decode::request(body(), None, RequestLimits::default())
                .expect("the bodies are requests")
        });
    });
    group.bench_function(BenchmarkId::new("serde_json structs", size), |bencher| {
        bencher.iter(|| {
            let read = serde_json::from_slice::<PlainRequest<'_>>(body());
            black_box(&read.expect("the bodies are JSON").inputs);
        });
    });
    group.bench_function(BenchmarkId::new("serde_json Value", size), |bencher| {
        bencher.iter(|| {
            let read = serde_json::from_slice::<serde_json::Value>(body());
            read.expect("the bodies are JSON")
        });
    });
}

/// Outputs of that size, filled with the probabilities that a model gave.
fn answers(example: &Example, [rows, columns]: [usize; 2]) -> Vec<[Tensor; 1]> {
    let given: Vec<f32> = [&*example.v1, &*example.v2].concat();
    let turn = |values: &[f32]| {
        let shape = [rows, columns].into_iter().collect();
        [Tensor::new(shape, Values::Fp32(values.to_vec())).expect("whole rows")]
    };
    // Windows that overlap: there are only 10,000 probabilities.
    given.windows(rows * columns).step_by(columns / 4).take(BODIES).map(turn).collect()
}

fn encoding(
    group: &mut BenchmarkGroup<'_, WallTime>,
    deployment: &Deployment,
    answers: &[[Tensor; 1]],
) {
    let of = Of {
        model: "fraud",
        version: deployment.model.version.as_ref(),
        deployment: deployment.name.as_ref(),
        id: None,
        outputs: deployment.runnable.signature().outputs(),
    };
    let wishes = Wishes::default();
    let ours = |outputs: &[Tensor; 1]| {
        encode::answer(of, outputs, &[0], &wishes).expect("no classes are asked for").bytes
    };
    let theirs = |outputs: &[Tensor; 1]| {
        serde_json::to_vec(&plain(deployment, &outputs[0])).expect("memory takes all")
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON is UTF-8");
    assert_eq!(
        text(ours(&answers[0])),
        text(theirs(&answers[0])),
        "the peer writes the same bytes"
    );

    let size = format!("{} x {}", answers[0][0].shape()[0], answers[0][0].shape()[1]);
    group.throughput(Throughput::Bytes(ours(&answers[0]).len() as u64));
    let mut next = answers.iter().cycle();
    let mut outputs = || black_box(next.next().expect("answers never end"));
    group.bench_function(BenchmarkId::new("skeg", &size), |bencher| {
        bencher.iter(|| ours(outputs()));
    });
    group.bench_function(BenchmarkId::new("serde_json structs", &size), |bencher| {
        bencher.iter(|| theirs(outputs()));
    });
}

fn plain<'a>(deployment: &'a Deployment, output: &'a Tensor) -> PlainReply<'a> {
    let Values::Fp32(data) = output.values() else {
        unreachable!("`answers` makes floats");
    };
    PlainReply {
        model_name: "fraud",
        model_version: deployment.model.version.as_ref(),
        parameters: PlainParameters { deployment: deployment.name.as_ref() },
        outputs: [PlainOutput {
            name: &deployment.runnable.signature().outputs()[0].name,
            datatype: "FP32",
            shape: [output.shape()[0], output.shape()[1]],
            data,
        }],
    }
}
