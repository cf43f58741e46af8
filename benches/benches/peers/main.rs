//! How much faster are models scored than by ONNX Runtime and LightGBM, on one thread of one core?
//!
//! Six tree ensembles, from raw rows to labels and probabilities: the trees alone, with AVX-512 and
//! without, and what `Session::run`, which the server calls, adds to them. Linear and perceptron
//! models through `Session::run`. All ways to score one model take turns in one process, on one
//! core, over 4,864 different rows or more; tables have medians over rounds, and beside them the
//! bar and whether it is met. Before, labels are compared with ONNX Runtime's and must be the same,
//! and probabilities nearly. Fails on another answer, never on a time.
//!
//! Arguments: names of models for only those (`rf xgb`), `--kernels NAME` for what may walk the
//! trees (a name as SKEG_FOREST_KERNEL has it), `--rounds N`, `--models FOLDER`; with `--test` each
//! call is made once. Needs the files of `benches/peers/make_models.py`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use forest::Kernels;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use files::Files;
use lightgbm::LightGbm;
use onnxruntime::OnnxRuntime;

mod bars;
mod dense;
mod files;
mod lightgbm;
mod onnxruntime;
mod ours;
mod race;
mod tables;
mod trees;

/// What the command line asks for.
struct Arguments {
    files: Files,
    /// Models to score; empty for all.
    names: Vec<String>,
    /// What may walk the trees, but in the table without AVX-512.
    kernels: Kernels,
    /// How often each way is timed.
    rounds: usize,
    /// One call is enough.
    test: bool,
}

fn main() -> ExitCode {
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let core = pin()?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}, core {core}; {} rounds", processor()?, arguments.rounds)?;
    let [runtime, booster] = arguments.files.libraries()?;
    let (runtime, lightgbm) = (OnnxRuntime::load(&runtime)?, LightGbm::load(&booster)?);
    trees::compare(&arguments, &runtime, &lightgbm, &mut out)?;
    dense::compare(&arguments, &runtime, &mut out)
}

/// The head of a table with these columns.
fn header(out: &mut impl Write, columns: &str) -> io::Result<()> {
    writeln!(out, "| {columns} |\n|{}", " --- |".repeat(columns.split('|').count()))
}

/// Keeps this thread, and those it starts, on one core: the last that it may use, since the first
/// serves most interrupts. Gives its number.
fn pin() -> Result<usize, Box<dyn Error>> {
    let may = sched_getaffinity(None)?;
    let core = (0..CpuSet::MAX_CPU).rev().find(|core| may.is_set(*core));
    let core = core.ok_or("there is no core to run on")?;
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one)?;
    Ok(core)
}

/// The name of the processor and what it can do that the kernels ask for.
fn processor() -> Result<String, Box<dyn Error>> {
    let about = std::fs::read_to_string("/proc/cpuinfo")?;
    let value = |key: &str| {
        let line = about.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    };
    let flags = value("flags").split(' ').chain(value("Features").split(' '));
    let of_use: Vec<&str> =
        flags.filter(|flag| ["avx2", "avx512f", "avx512vbmi", "asimd"].contains(flag)).collect();
    Ok(format!("{} ({})", value("model name"), of_use.join(" ")))
}

// === impl Arguments ===

impl Arguments {
    fn read(given: impl Iterator<Item = String>) -> Result<Arguments, Box<dyn Error>> {
        let mut given = given;
        let (mut names, mut rounds, mut test, mut folder) = (Vec::new(), 21, false, None);
        let mut kernels = Kernels::detect();
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--test" => test = true,
                "--rounds" => rounds = given.next().ok_or("--rounds needs a number")?.parse()?,
                "--models" => folder = Some(given.next().ok_or("--models needs a folder")?),
                "--kernels" => kernels = given.next().ok_or("--kernels needs a name")?.parse()?,
                // cargo's and criterion's, which go to every bench.
                other if other.starts_with('-') => {}
                name => names.push(name.to_owned()),
            }
        }
        let files = Files::new(folder.as_deref());
        Ok(Arguments { files, names, kernels, rounds: if test { 1 } else { rounds }, test })
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    /// How long each way is timed in a round, if all rows once take less.
    fn least(&self) -> Duration {
        if self.test { Duration::ZERO } else { Duration::from_millis(3) }
    }

    /// How many of `turns` calls a pass has.
    fn calls(&self, turns: usize) -> usize {
        if self.test { 1 } else { turns }
    }
}
