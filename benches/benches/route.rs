//! What does choosing a deployment cost a request?
//!
//! `RouteTable::pick` over random draws, at 90/10 and with ten deployments of 10 % each; "the loop
//! alone" fetches the same draws and picks nothing. A regression here means that routing has grown
//! beyond a look-up.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use server::route::{RouteTable, Weight};

/// Draws to rotate over; a power of two.
const DRAWS: usize = 8192;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut random = fastrand::Rng::with_seed(1);
    let draws: Vec<u32> = (0..DRAWS).map(|_| random.u32(..)).collect();
    let mut group = criterion.benchmark_group("route");
    let (two, ten) = (table(&[90.0, 10.0]), table(&[10.0; 10]));
    bench(&mut group, "the loop alone", &draws, |draw| Some(draw as usize));
    bench(&mut group, "pick of 90/10", &draws, |draw| black_box(&two).pick(draw));
    bench(&mut group, "pick of ten", &draws, |draw| black_box(&ten).pick(draw));
    group.finish();
    criterion.final_summary();
}

fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    draws: &[u32],
    pick: impl Fn(u32) -> Option<usize>,
) {
    let mut next = 0;
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            next = (next + 1) % DRAWS;
            pick(draws[next])
        });
    });
}

fn table(percents: &[f64]) -> RouteTable {
    let weights = percents.iter().map(|percent| Weight::from_percent(*percent));
    let weights: Vec<Weight> = weights.collect::<Result<_, _>>().expect("they are percentages");
    RouteTable::new(&weights).expect("they sum to 100")
}
