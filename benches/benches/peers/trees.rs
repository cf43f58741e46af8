//! The tree models: ours with and without AVX-512, and through `Session::run`, beside the peers.

use std::error::Error;
use std::io::Write;

use benches::onnx::Trees;
use forest::Kernels;

use super::Arguments;
use super::bars::{self, Bars};
use super::onnxruntime::{Inputs, OnnxRuntime, Peer};
use super::ours::{self, Alone, Served};
use super::race::Race;

/// Rows of one call. The last turn is left out where it is not whole.
const BATCHES: [usize; 4] = [1, 8, 32, 1000];
const WIDTH: usize = 30;
/// Greatest difference of a probability to ONNX Runtime's.
const TOLERANCE: f32 = 1e-6;

/// All ways to score one model.
struct Ways {
    best: Alone,
    without_avx512: Alone,
    served: Served,
    peer: Peer,
    identity: Peer,
}

/// Medians, in nanoseconds a row.
struct Times {
    best: f64,
    without_avx512: f64,
    served: f64,
    gross: f64,
    /// ONNX Runtime's time for the same rows and a model that does nothing.
    identity: f64,
}

/// The lines of the tables that are printed after the first.
#[derive(Default)]
struct Later {
    without_avx512: Vec<String>,
    session: Vec<String>,
}

pub(super) fn compare(of: &Arguments, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let wanted: Vec<&Bars> = bars::TREES.iter().filter(|bars| of.wants(bars.name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let rows = of.files.rows(WIDTH)?;
    let [library, _] = of.files.libraries()?;
    let runtime = OnnxRuntime::load(&library)?;
    let mut later = Later::default();
    let mut worst = 0.0_f32;

    writeln!(out, "\nTrees alone, ns a row; net: less the same call of an Identity model\n")?;
    header(out, "model | rows | kernel | ours | ORT gross | ORT net | net/ours | bar | met")?;
    for bars in wanted {
        let mut ways = Ways::new(of, bars.name, &runtime)?;
        for batch in BATCHES {
            let turns: Vec<&[f32]> = rows.chunks_exact(batch * WIDTH).collect();
            let differs = ways.check(&turns, batch);
            worst = worst.max(differs.map_err(|error| format!("{}: {error}", bars.name))?);
            let times = ways.race(of, &turns[..of.calls(turns.len())], batch)?;
            writeln!(out, "{}", times.with_avx512(bars, batch, ways.best.kernel))?;
            later.note(&times, bars, batch, &ways);
        }
    }
    later.print(out)?;
    writeln!(
        out,
        "\nLabels are ONNX Runtime's; greatest difference of a probability: {worst:.1e}"
    )?;
    Ok(())
}

/// The head of a table with these columns, of which the first and the third are words.
fn header(out: &mut impl Write, columns: &str) -> std::io::Result<()> {
    writeln!(out, "| {columns} |\n|{}", " --- |".repeat(columns.split('|').count()))
}

// === impl Ways ===

impl Ways {
    fn new(of: &Arguments, name: &str, runtime: &OnnxRuntime) -> Result<Ways, Box<dyn Error>> {
        let onnx = of.files.onnx(name)?;
        let trees = Trees::read(&onnx);
        Ok(Ways {
            best: Alone::new(&trees, Kernels::detect()),
            without_avx512: Alone::new(&trees, ours::without_avx512()),
            served: Served::new(&onnx)?,
            peer: runtime.peer(&onnx)?,
            identity: runtime.peer(&of.files.onnx("identity")?)?,
        })
    }

    /// The greatest difference of a probability in all `turns` of `batch` rows.
    fn check(&mut self, turns: &[&[f32]], batch: usize) -> Result<f32, Box<dyn Error>> {
        let mut worst = 0.0_f32;
        self.best.reserve(batch);
        self.without_avx512.reserve(batch);
        for turn in turns {
            let theirs = self.peer.answer(&Peer::inputs(turn, WIDTH)?)?;
            for ours in [
                self.best.answer(turn, WIDTH),
                self.without_avx512.answer(turn, WIDTH),
                self.served.answer(&Served::inputs(turn, WIDTH)?)?,
            ] {
                worst = worst.max(theirs.compare(&ours)?);
            }
        }
        match worst <= TOLERANCE {
            true => Ok(worst),
            false => Err(format!("a probability differs from ONNX Runtime's by {worst}").into()),
        }
    }

    fn race(
        &mut self,
        of: &Arguments,
        turns: &[&[f32]],
        batch: usize,
    ) -> Result<Times, Box<dyn Error>> {
        let theirs: Result<Vec<Inputs>, _> =
            turns.iter().map(|turn| Peer::inputs(turn, WIDTH)).collect();
        let served: Result<Vec<_>, _> =
            turns.iter().map(|turn| Served::inputs(turn, WIDTH)).collect();
        let (theirs, served) = (theirs?, served?);
        let mut race = Race::new();
        race.add(turns, |turn| self.best.call(turn, WIDTH));
        race.add(turns, |turn| self.without_avx512.call(turn, WIDTH));
        race.add(&served, |inputs| self.served.call(inputs));
        race.add(&theirs, |inputs| self.peer.call(inputs));
        race.add(&theirs, |inputs| self.identity.call(inputs));
        let medians = race.run(of.passes);
        let each = |place: usize| medians[place] / (turns.len() * batch) as f64;
        Ok(Times {
            best: each(0),
            without_avx512: each(1),
            served: each(2),
            gross: each(3),
            identity: each(4),
        })
    }
}

// === impl Times ===

impl Times {
    fn net(&self) -> f64 {
        self.gross - self.identity
    }

    fn with_avx512(&self, bars: &Bars, batch: usize, kernel: &str) -> String {
        let ratio = self.net() / self.best;
        format!(
            "| {} | {batch} | {kernel} | {:.1} | {:.0} | {:.0} | {ratio:.1} | {} |",
            bars.name,
            self.best,
            self.gross,
            self.net(),
            bars::cells(bars.least(batch, true), ">=", |least| ratio >= least),
        )
    }

    fn without_avx512(&self, bars: &Bars, batch: usize, kernel: &str) -> String {
        let ratio = self.net() / self.without_avx512;
        format!(
            "| {} | {batch} | {kernel} | {:.1} | {:.0} | {ratio:.1} | {} |",
            bars.name,
            self.without_avx512,
            self.net(),
            bars::cells(bars.least(batch, false), ">=", |least| ratio >= least),
        )
    }

    /// Whole calls, not rows.
    fn session(&self, bars: &Bars, batch: usize) -> String {
        let calls = |each: f64| each * batch as f64;
        let added = calls(self.served - self.best);
        let bar = (batch == 1).then_some(bars::SESSION);
        format!(
            "| {} | {batch} | {:.0} | {:.0} | {added:.0} | {} | {:.0} |",
            bars.name,
            calls(self.best),
            calls(self.served),
            bars::cells(bar, "<=", |most| added <= most),
            calls(self.gross),
        )
    }
}

// === impl Later ===

impl Later {
    fn note(&mut self, times: &Times, bars: &Bars, batch: usize, ways: &Ways) {
        let kernel = ways.without_avx512.kernel;
        self.without_avx512.push(times.without_avx512(bars, batch, kernel));
        self.session.push(times.session(bars, batch));
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "\nWithout AVX-512, ns a row\n")?;
        header(out, "model | rows | kernel | ours | ORT net | net/ours | bar | met")?;
        writeln!(out, "{}", self.without_avx512.join("\n"))?;
        writeln!(out, "\nThrough `Session::run`, tensors in and out, ns a call\n")?;
        header(out, "model | rows | trees alone | session | added | bar | met | ORT gross")?;
        writeln!(out, "{}", self.session.join("\n"))
    }
}
