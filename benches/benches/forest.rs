//! What does a row cost in the trees of the example's models, and what does the graph add?
//!
//! For both models and for 1, 32 and 1,000 rows a call: `forest` alone (trees and post transform,
//! nothing allocated), and `Session::run`, which the server calls (the plan's steps, tensors in and
//! out, the Imputer of version 1). A regression here is one of the engine or of its operators. Rows
//! rotate over the example's 5,000: a repeated row trains the branch predictor and flatters every
//! walk.

use std::hint::black_box;
use std::time::Duration;

use benches::example::{Example, FEATURES, V1, V2};
use benches::onnx::Trees;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use forest::Kernels;
use model_loader::{Model, Options, Tensor, Values};

/// Rows of one call. The last turn is left out where it is not whole: at least 4,992 rows rotate.
const BATCHES: [usize; 3] = [1, 32, 1000];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50)
        .configure_from_args();
    let example = Example::read();
    for (name, model) in [("v1 100 x depth 3", V1), ("v2 200 x 31 leaves", V2)] {
        let mut group = criterion.benchmark_group(format!("forest/{name}"));
        for rows in BATCHES {
            group.throughput(Throughput::Elements(rows as u64));
            // Growing samples of a slow call would take longer than the time given.
            group.sampling_mode(match rows {
                1000 => SamplingMode::Flat,
                _ => SamplingMode::Linear,
            });
            trees_alone(&mut group, model, &example, rows);
            session(&mut group, model, &example, rows);
        }
        group.finish();
    }
    criterion.final_summary();
}

fn trees_alone(group: &mut BenchmarkGroup<'_, WallTime>, onnx: &[u8], of: &Example, rows: usize) {
    let trees = Trees::read(onnx);
    let turns: Vec<Vec<f32>> = of.turns(rows).map(|turn| trees.impute(turn)).collect();
    let classifier = trees.compile(Kernels::detect());
    let mut labels = vec![0; rows];
    let mut scores = vec![0.0; rows * classifier.classes()];
    let mut turn = turns.iter().cycle();
    group.bench_function(BenchmarkId::new("trees alone", rows), |bencher| {
        bencher.iter(|| {
            let values = turn.next().expect("the turns never end");
            classifier.classify(black_box(values), FEATURES, &mut labels, &mut scores);
            black_box((&labels, &scores));
        });
    });
}

fn session(group: &mut BenchmarkGroup<'_, WallTime>, onnx: &[u8], of: &Example, rows: usize) {
    let model = Model::load(onnx, &Options::default()).expect("the example's models load");
    let tensor = |turn: &[f32]| {
        let shape = [rows, FEATURES].into_iter().collect();
        Tensor::new(shape, Values::Fp32(turn.to_vec())).expect("a turn has whole rows")
    };
    let turns: Vec<[Tensor; 1]> = of.turns(rows).map(|turn| [tensor(turn)]).collect();
    let mut session = model.session().expect("a loaded model gives sessions");
    let mut turn = turns.iter().cycle();
    group.bench_function(BenchmarkId::new("session", rows), |bencher| {
        bencher.iter(|| {
            let inputs = turn.next().expect("the turns never end");
            session.run(black_box(inputs)).expect("the example's rows can be scored")
        });
    });
}
