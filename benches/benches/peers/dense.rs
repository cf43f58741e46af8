//! Linear and perceptron models through `Session::run`, beside ONNX Runtime's whole call.

use std::error::Error;
use std::io::Write;

use super::bars::{self, Dense};
use super::onnxruntime::OnnxRuntime;
use super::ours::Served;
use super::race::{Race, Rounds};
use super::{Arguments, header};

const BATCHES: [usize; 2] = [1, 256];
/// Greatest difference of a probability to ONNX Runtime's: sums of hundreds of products in single
/// precision, added up in another order.
const TOLERANCE: f32 = 1e-5;

/// Places of the runners.
const OURS: usize = 0;
const THEIRS: usize = 1;

/// How a model went.
struct Line {
    rounds: Rounds,
    /// Calls of a pass.
    calls: usize,
    /// The greatest difference of a probability.
    differs: f32,
}

pub(super) fn compare(
    of: &Arguments,
    runtime: &OnnxRuntime,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let wanted: Vec<&Dense> = bars::DENSE.iter().filter(|model| of.wants(model.name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nDense models, `Session::run` and ONNX Runtime's whole call, us a call\n")?;
    header(out, "model | rows | ours | ORT | ours/ORT | bar | met | differs by")?;
    for model in wanted {
        for (batch, most) in BATCHES.into_iter().zip(bars::DENSE_MOST) {
            let line = race(of, model, batch, runtime);
            let line = line.map_err(|error| format!("{}: {error}", model.name))?;
            writeln!(out, "{}", line.show(model, batch, most))?;
        }
    }
    Ok(())
}

fn race(
    of: &Arguments,
    model: &Dense,
    batch: usize,
    runtime: &OnnxRuntime,
) -> Result<Line, Box<dyn Error>> {
    let (rows, onnx) = (of.files.rows(model.width)?, of.files.onnx(model.name)?);
    let (mut served, mut peer) = (Served::new(&onnx, of.kernels)?, runtime.peer(&onnx)?);
    let turns: Vec<&[f32]> = rows.chunks_exact(batch * model.width).collect();
    let turns = &turns[..of.calls(turns.len())];
    let inputs: Result<Vec<_>, _> =
        turns.iter().map(|turn| Served::inputs(turn, model.width)).collect();
    let (inputs, mut calls) = (inputs?, peer.prepare(turns, model.width)?);
    let turns: Vec<(usize, &[f32])> = turns.iter().copied().enumerate().collect();
    let mut differs = 0.0_f32;
    for (place, turn) in &turns {
        let theirs = peer.answer(&mut calls, *place, turn)?;
        differs = differs.max(theirs.compare(&served.answer(&inputs[*place])?)?);
    }
    if differs > TOLERANCE {
        return Err(format!("a probability differs from ONNX Runtime's by {differs}").into());
    }
    let mut race = Race::new();
    race.add(OURS, &inputs, |inputs| served.call(inputs));
    race.add(THEIRS, &turns, |(place, turn)| peer.call(&mut calls, *place, turn));
    Ok(Line { rounds: race.run(of.rounds, of.least()), calls: turns.len(), differs })
}

// === impl Line ===

impl Line {
    fn show(&self, model: &Dense, batch: usize, most: f64) -> String {
        let ratio = self.rounds.median(|round| round[OURS] / round[THEIRS]);
        let call =
            |place: usize| self.rounds.median(|round| round[place]) / self.calls as f64 / 1e3;
        format!(
            "| {} | {batch} | {:.2} | {:.2} | {ratio:.2} | {} | {:.1e} |",
            model.name,
            call(OURS),
            call(THEIRS),
            bars::cells(Some(most), "<=", |most| ratio <= most),
            self.differs,
        )
    }
}
