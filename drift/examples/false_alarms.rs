//! How often is chance called drift, and how often is drift seen? Prints two tables.
//!
//! 1,000 windows of 200 to 100,000 rows (evenly over the logarithm) and 50 columns, drawn as the
//! baseline's 100,000 rows are; then windows of one column whose median or spread has changed,
//! beside the defaults of Evidently 0.7.23 and of Azure ML's monitor, which at this size of
//! reference both are: Wasserstein distance over standard deviation at 0.1 or more. Exits with 1
//! when more than 1 % of the windows without drift are called drift.
//!
//! `cargo run --release --package drift --example false_alarms`

use std::process::ExitCode;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use drift::distance::wasserstein;
use drift::{Baseline, Profile, Rows, Thresholds, Verdict, analyze};
use rayon::prelude::*;

const COLUMNS: usize = 50;
const REFERENCE: usize = 100_000;
const WINDOWS: usize = 1000;
const SIZES: [usize; 4] = [200, 1000, 10_000, 100_000];

/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed gives the same tables.
struct Dice(u64);

/// What a shifted column is drawn from, `mean + spread z`.
struct Change {
    name: &'static str,
    mean: f64,
    spread: f64,
}

const CHANGES: [Change; 9] = [
    Change { name: "none", mean: 0.0, spread: 1.0 },
    Change { name: "median +0.1 sd", mean: 0.1, spread: 1.0 },
    Change { name: "median +0.25 sd", mean: 0.25, spread: 1.0 },
    Change { name: "median +0.5 sd", mean: 0.5, spread: 1.0 },
    Change { name: "median +1 sd", mean: 1.0, spread: 1.0 },
    Change { name: "spread x 0.8", mean: 0.0, spread: 0.8 },
    Change { name: "spread x 1.25", mean: 0.0, spread: 1.25 },
    Change { name: "spread x 1.5", mean: 0.0, spread: 1.5 },
    Change { name: "spread x 2", mean: 0.0, spread: 2.0 },
];

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let alarms = false_alarms(&mut out);
    detection(&mut out);
    if alarms * 100 > WINDOWS { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn false_alarms(out: &mut impl std::io::Write) -> usize {
    let baseline = baseline(batch(REFERENCE, &mut Dice(1)));
    let verdicts: Vec<Verdict> = (0..WINDOWS)
        .into_par_iter()
        .map(|window| {
            let mut dice = Dice(1000 + window as u64);
            let rows = (200f64.ln() + dice.uniform() * 500f64.ln()).exp() as usize;
            let mut profile = Profile::new(&baseline);
            for from in (0..rows).step_by(8192) {
                profile.fold(&batch((rows - from).min(8192), &mut dice)).expect("one schema");
            }
            analyze(&profile, &Thresholds::default()).verdict()
        })
        .collect();
    let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let drift = count(Verdict::Drift);
    let _ = writeln!(
        out,
        "{WINDOWS} windows of 200 to 100,000 rows, {COLUMNS} columns, no drift:\n  \
         drift {drift}, insufficient data {}, ok {}\n",
        count(Verdict::InsufficientData),
        count(Verdict::Ok),
    );
    drift
}

fn detection(out: &mut impl std::io::Write) {
    let normals = |rows: usize, change: &Change, dice: &mut Dice| -> Vec<f64> {
        (0..rows).map(|_| change.mean + change.spread * dice.normal()).collect()
    };
    let one = |values: Vec<f64>| {
        let column: ArrayRef = Arc::new(Float64Array::from(values));
        RecordBatch::try_from_iter([("x", column)]).expect("one column")
    };
    let mut reference = normals(REFERENCE, &CHANGES[0], &mut Dice(2));
    let baseline = baseline(one(reference.clone()));
    reference.sort_unstable_by(f64::total_cmp);
    let _ = writeln!(
        out,
        "called drift, % of windows: Skeg / Evidently's and Azure's default\n{:<18}{}",
        "change",
        SIZES.map(|size| format!("{size:>16}")).concat()
    );
    for change in &CHANGES {
        let cells = SIZES.map(|size| {
            let windows = if size > 10_000 { 40 } else { 200 };
            let called: Vec<(bool, bool)> = (0..windows)
                .into_par_iter()
                .map(|window| {
                    let mut values = normals(size, change, &mut Dice(9_000_000 + window));
                    let mut profile = Profile::new(&baseline);
                    profile.fold(&one(values.clone())).expect("one schema");
                    let ours = analyze(&profile, &Thresholds::default()).verdict();
                    values.sort_unstable_by(f64::total_cmp);
                    let distance = wasserstein::distance(&reference, &values).unwrap_or(0.0);
                    // The reference's standard deviation is 1 to three digits.
                    (ours == Verdict::Drift, distance >= 0.1)
                })
                .collect();
            let share = |of: fn(&(bool, bool)) -> bool| {
                100.0 * called.iter().filter(|found| of(found)).count() as f64 / windows as f64
            };
            format!("{:>16}", format!("{:.0} / {:.0}", share(|f| f.0), share(|f| f.1)))
        });
        let _ = writeln!(out, "{:<18}{}", change.name, cells.concat());
    }
}

fn baseline(batch: RecordBatch) -> Arc<Baseline> {
    let batches = [batch];
    let rows = Rows::of_batches(&batches).expect("one batch");
    Arc::new(Baseline::build(&rows, None, &mut |_| {}).expect("numbers"))
}

/// Heavy tails, bells, counts, flags, caps, gaps: ten shapes, each at several scales.
fn batch(rows: usize, dice: &mut Dice) -> RecordBatch {
    let columns = (0..COLUMNS).map(|at| {
        let scale = 1.0 + (at / 10) as f64;
        let values: Float64Array = (0..rows).map(|_| draw(at % 10, scale, dice)).collect();
        (format!("x{at}"), Arc::new(values) as ArrayRef, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

fn draw(shape: usize, scale: f64, dice: &mut Dice) -> Option<f64> {
    let uniform = dice.uniform();
    Some(match shape {
        0 => (scale * dice.normal()).exp(),
        1 => scale * dice.normal(),
        2 => (24.0 * uniform).floor(),
        3 => f64::from(uniform < 0.01 * scale),
        4 => scale,
        5 => (-uniform.ln() * scale).floor(),
        6 => return (dice.uniform() < 0.9).then_some(scale * uniform),
        7 => (-uniform.ln()).min(scale),
        8 => dice.normal() / uniform.max(1e-9),
        _ => (dice.normal() * 10.0).round() / 10.0,
    })
}

// === impl Dice ===

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0, at most 1.
    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
