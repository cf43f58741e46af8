//! What a scored row costs to be counted: 30 floats over 1,001 edges each, in a request of one row
//! and in one of 100; beside it the bare binary search of the same values over the same edges.
//!
//! Timed: `Pane::count`, which the scoring thread calls for each request, with its rows as they lie
//! in the tensor. Not timed: what is done with a pane when it is full. Ten columns are bells, ten
//! have heavy tails, ten are whole numbers; 4,096 rows rotate.

use std::hint::black_box;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use collector::{Block, Kind, Values};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use drift::{Baseline, Bins, Pane, Plan, Rows};

const COLUMNS: usize = 30;
const ROWS: usize = 4096;
const TRAINING: usize = 50_000;

fn draw(column: usize, random: &mut fastrand::Rng) -> f32 {
    // Box and Muller.
    let (u, v) = (1.0 - random.f64(), random.f64());
    let z = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
    match column % 3 {
        0 => z as f32,
        1 => (2.0 * z).exp() as f32,
        _ => (20.0 * -u.ln()).floor() as f32,
    }
}

fn names() -> Vec<String> {
    (0..COLUMNS).map(|column| format!("in.x{column}")).collect()
}

fn baseline() -> Arc<Baseline> {
    let mut random = fastrand::Rng::with_seed(1);
    let columns = names().into_iter().enumerate().map(|(column, name)| {
        let values = (0..TRAINING).map(|_| draw(column, &mut random));
        (name, Arc::new(Float32Array::from_iter_values(values)) as ArrayRef)
    });
    let batches = [RecordBatch::try_from_iter(columns).expect("columns of one length")];
    let rows = Rows::of_batches(&batches).expect("one batch");
    Arc::new(Baseline::build(&rows, None, &mut |_| {}).expect("numbers"))
}

fn counters(criterion: &mut Criterion) {
    let baseline = baseline();
    let blocks = [Block { kind: Kind::F32, columns: names() }];
    let plan = Arc::new(Plan::new(Arc::clone(&baseline), &blocks, |_| false));
    let mut random = fastrand::Rng::with_seed(2);
    let rows: Vec<f32> =
        (0..ROWS).flat_map(|_| 0..COLUMNS).map(|column| draw(column, &mut random)).collect();
    let mut group = criterion.benchmark_group("counters");
    for size in [1, 100] {
        group.throughput(Throughput::Elements(size as u64));
        let mut pane = Pane::new(&plan);
        let mut requests = rows.chunks_exact(size * COLUMNS).cycle();
        group.bench_function(format!("count/{size}x{COLUMNS}"), |bencher| {
            bencher.iter(|| {
                let request = requests.next().expect("a cycle");
                pane.count(size, &[Values::F32(black_box(request))]);
            });
        });
        assert!(pane.rows() > 0);
    }
    let edges: Vec<&[f64]> = baseline
        .columns()
        .iter()
        .map(|column| match column.bins() {
            Bins::Numbers(numbers) => numbers.edges(),
            Bins::Categories(_) => &[],
        })
        .collect();
    group.throughput(Throughput::Elements(1));
    let mut requests = rows.chunks_exact(COLUMNS).cycle();
    group.bench_function(format!("binary search/1x{COLUMNS}"), |bencher| {
        bencher.iter(|| {
            let request = requests.next().expect("a cycle");
            let places = request.iter().zip(&edges);
            places.map(|(v, edges)| edges.partition_point(|e| *e < f64::from(*v))).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, counters);
criterion_main!(benches);
