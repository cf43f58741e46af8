//! The tree models: ours with and without AVX-512 and through `Session::run`, beside the peers.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;

use benches::onnx::Trees;

use super::Arguments;
use super::bars::{self, Bars};
use super::lightgbm::{Booster, LightGbm};
use super::onnxruntime::{OnnxRuntime, Peer};
use super::ours::{self, Alone, Served};
use super::race::Race;
use super::tables::{BEST, IDENTITY, LIGHTGBM, Lines, ORT, SERVED, Times, WITHOUT_AVX512};

/// Rows of one call. The last turn is left out where it is not whole.
const BATCHES: [usize; 4] = [1, 8, 32, 1000];
const WIDTH: usize = 30;
/// Greatest difference of a probability to ONNX Runtime's.
const TOLERANCE: f32 = 1e-6;
/// And to LightGBM's: the same model, but its thresholds are doubles.
const LIGHTGBM_TOLERANCE: f32 = 1e-5;

/// All ways to score one model.
struct Ways<'a> {
    best: Alone,
    without_avx512: Alone,
    served: Served,
    peer: Peer,
    identity: Peer,
    /// Of a model that is LightGBM's.
    lightgbm: Option<Booster<'a>>,
}

pub(super) fn compare(
    of: &Arguments,
    runtime: &OnnxRuntime,
    lightgbm: &LightGbm,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let wanted: Vec<&Bars> = bars::TREES.iter().filter(|bars| of.wants(bars.name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let rows = of.files.rows(WIDTH)?;
    let mut lines = Lines::default();
    let mut worst = 0.0_f32;
    let mut built = Vec::new();
    for bars in wanted {
        let mut ways = Ways::new(of, bars.name, runtime, lightgbm)?;
        let file = of.files.onnx(bars.name)?.len();
        built.extend([&ways.best, &ways.without_avx512].map(|alone| alone.built(bars.name, file)));
        for batch in BATCHES {
            let turns: Vec<&[f32]> = rows.chunks_exact(batch * WIDTH).collect();
            let differs = ways.check(&turns, batch);
            worst = worst.max(differs.map_err(|error| format!("{}: {error}", bars.name))?);
            ways.check_lightgbm(&turns, batch)?;
            let times = ways.race(of, &turns[..of.calls(turns.len())], batch)?;
            let kernels = [&ways.best, &ways.without_avx512].map(|alone| alone.kernel(batch));
            lines.note(&times, bars, kernels, ways.lightgbm.is_some());
        }
    }
    lines.print(out)?;
    writeln!(out, "\nCompiling: ms, and bytes of the compiled form over the ONNX file's\n")?;
    writeln!(out, "| model | trees | kernel | ms | form/file |\n| --- | --- | --- | --- | --- |")?;
    built.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(
        out,
        "\nLabels are ONNX Runtime's; greatest difference of a probability: {worst:.1e}"
    )?;
    Ok(())
}

// === impl Ways ===

impl<'a> Ways<'a> {
    fn new(
        of: &Arguments,
        name: &str,
        runtime: &OnnxRuntime,
        lightgbm: &'a LightGbm,
    ) -> Result<Ways<'a>, Box<dyn Error>> {
        let onnx = of.files.onnx(name)?;
        let trees = Trees::read(&onnx);
        let booster = of.files.lightgbm(name).map(|path| lightgbm.booster(&path, WIDTH));
        Ok(Ways {
            best: Alone::new(&trees, of.kernels),
            without_avx512: Alone::new(&trees, ours::without_avx512()),
            served: Served::new(&onnx, of.kernels)?,
            peer: runtime.peer(&onnx)?,
            identity: runtime.peer(&of.files.onnx("identity")?)?,
            lightgbm: booster.transpose()?,
        })
    }

    /// The greatest difference of a probability in all `turns` of `batch` rows.
    fn check(&mut self, turns: &[&[f32]], batch: usize) -> Result<f32, Box<dyn Error>> {
        let mut worst = 0.0_f32;
        self.best.reserve(batch);
        self.without_avx512.reserve(batch);
        let mut calls = self.peer.prepare(turns, WIDTH)?;
        for (place, turn) in turns.iter().enumerate() {
            let theirs = self.peer.answer(&mut calls, place, turn)?;
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

    /// Makes sure that LightGBM, if it has the model, means the same by it.
    fn check_lightgbm(&mut self, turns: &[&[f32]], batch: usize) -> Result<(), Box<dyn Error>> {
        let Some(booster) = &self.lightgbm else { return Ok(()) };
        let mut theirs = vec![0.0; batch];
        for turn in turns {
            booster.predict(turn, &mut theirs);
            let ours = self.best.answer(turn, WIDTH).probabilities;
            let ours = ours.iter().skip(1).step_by(2);
            let differs = theirs.iter().zip(ours).map(|(theirs, our)| (*theirs as f32 - our).abs());
            if let Some(worst) =
                differs.reduce(f32::max).filter(|worst| *worst > LIGHTGBM_TOLERANCE)
            {
                return Err(format!("a probability differs from LightGBM's by {worst}").into());
            }
        }
        Ok(())
    }

    fn race(
        &mut self,
        of: &Arguments,
        turns: &[&[f32]],
        batch: usize,
    ) -> Result<Times, Box<dyn Error>> {
        let inputs: Result<Vec<_>, _> =
            turns.iter().map(|turn| Served::inputs(turn, WIDTH)).collect();
        let (inputs, mut calls) = (inputs?, self.peer.prepare(turns, WIDTH)?);
        let mut idle = self.identity.prepare(turns, WIDTH)?;
        let places: Vec<(usize, &[f32])> = turns.iter().copied().enumerate().collect();
        let mut race = Race::new();
        race.add(BEST, turns, |turn| self.best.call(turn, WIDTH));
        race.add(WITHOUT_AVX512, turns, |turn| self.without_avx512.call(turn, WIDTH));
        race.add(SERVED, &inputs, |inputs| self.served.call(inputs));
        race.add(ORT, &places, |(place, turn)| self.peer.call(&mut calls, *place, turn));
        race.add(IDENTITY, &places, |(place, turn)| self.identity.call(&mut idle, *place, turn));
        let mut probabilities = vec![0.0; batch];
        if let Some(booster) = &self.lightgbm {
            race.add(LIGHTGBM, turns, move |turn| {
                booster.predict(turn, &mut probabilities);
                black_box(&probabilities);
            });
        }
        Ok(Times { rounds: race.run(of.rounds, of.least()), calls: turns.len(), batch })
    }
}
