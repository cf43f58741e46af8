//! `skeg baseline`: what the training data looks like, for live data to be held against.

use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use drift::baseline::Rows;
use drift::{Baseline, Table};
use model_loader::{Model, Options};

use super::models::register::feature_names;
use super::progress::Progress;
use super::say;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::{training, trial};

/// Largest baseline that is read back.
const JSON_MAX: u64 = 256 << 20;
/// Passes over the rows.
const PASSES: u64 = 2;

/// What `skeg baseline` does.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Count training rows into a baseline file, to register with a model
    Build(BuildArgs),
}

/// What `skeg baseline build` takes.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Training rows: Parquet, or CSV with a header
    #[arg(long, env = "SKEG_DATA", value_name = "FILE")]
    data: PathBuf,
    /// ONNX file that scores the rows, so that predictions are in the baseline, too; its inputs are
    /// found by the names of columns
    #[arg(long, env = "SKEG_ONNX", value_name = "FILE")]
    onnx: Option<PathBuf>,
    /// Names of an input's columns, where the ONNX file does not say them; may be given once for
    /// each input
    #[arg(
        long, value_name = "INPUT=NAME,NAME,...", value_parser = feature_names, requires = "onnx",
    )]
    features: Vec<(String, Vec<String>)>,
    /// Columns to count, when there is no model [default: all]
    #[arg(long, value_name = "NAME,NAME,...", value_delimiter = ',', conflicts_with = "onnx")]
    columns: Option<Vec<String>>,
    /// Where the baseline goes
    #[arg(long, value_name = "FILE", default_value = "baseline.json")]
    output: PathBuf,
}

/// Builds a baseline and says what is in it.
///
/// # Errors
/// Code 1 when the rows or the model cannot be read, or the file cannot be written.
pub fn run(command: &BaselineCommand) -> Result<(), Failure> {
    let BaselineCommand::Build(args) = command;
    let failed = |file: &Path, error: &dyn Display| {
        Failure::new(Failure::FAILED, format!("{}: {error}", file.display()))
    };
    let baseline = match &args.onnx {
        Some(onnx) => {
            let bytes = std::fs::read(onnx).map_err(|error| failed(onnx, &error))?;
            let trial = Some(trial::by(&Surroundings::read().binary));
            let feature_names = args.features.iter().cloned().collect();
            of_model(&args.data, &bytes, &Options { feature_names, trial, ..Options::default() })?
        }
        None => {
            let table = Table::open(&args.data);
            let table = table.map_err(|error| Failure::new(Failure::FAILED, error))?;
            let mut progress = Progress::of_rows("baseline", PASSES * table.rows());
            let columns = args.columns.as_deref();
            Baseline::build(&Rows::of_table(&table), columns, &mut |rows| progress.add(rows))
                .map_err(|error| failed(&args.data, &error))?
        }
    };
    let mut file = File::create(&args.output).map_err(|error| failed(&args.output, &error))?;
    let written = file.write_all(baseline.to_json().as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| failed(&args.output, &error))?;
    say(summary(&baseline, &args.output));
    Ok(())
}

/// The baseline of a model over a file of training rows, or in a file of `skeg baseline build`.
///
/// # Errors
/// Code 1 that names the file, for a file or a model that cannot be read.
pub(super) fn of_model(file: &Path, onnx: &[u8], options: &Options) -> Result<Baseline, Failure> {
    let failed = |error: &dyn Display| {
        Failure::new(Failure::FAILED, format!("--baseline {}: {error}", file.display()))
    };
    if let Some(stored) = stored(file)? {
        let model = Model::load(onnx, options);
        let model = model.map_err(|error| Failure::new(Failure::FAILED, error))?;
        return training::fitting(stored, &model).map_err(|error| failed(&error));
    }
    let table = Table::open(file).map_err(|error| failed(&error))?;
    let model = Model::load(onnx, options).map_err(|error| Failure::new(Failure::FAILED, error))?;
    let mut progress = Progress::of_rows("baseline", PASSES * table.rows());
    training::baseline(&table, &model, &mut |rows| progress.add(rows))
        .map_err(|error| failed(&error))
}

/// The baseline in a file of `skeg baseline build`; none for a file that is no JSON object.
///
/// # Errors
/// Code 1 that names the file, for one that cannot be read.
pub(super) fn stored(file: &Path) -> Result<Option<Baseline>, Failure> {
    let failed =
        |error: &dyn Display| Failure::new(Failure::FAILED, format!("{}: {error}", file.display()));
    let mut first = [0];
    let mut opened = File::open(file).map_err(|error| failed(&error))?;
    let has_any = opened.read(&mut first).map_err(|error| failed(&error))? > 0;
    if !has_any || first != *b"{" {
        return Ok(None);
    }
    let size = opened.metadata().map_err(|error| failed(&error))?.len();
    if size > JSON_MAX {
        return Err(failed(&format_args!("{size} bytes, at most {JSON_MAX}")));
    }
    let json = std::fs::read(file).map_err(|error| failed(&error))?;
    Baseline::from_json(&json).map(Some).map_err(|error| failed(&error))
}

fn summary(baseline: &Baseline, file: &Path) -> String {
    let outputs = baseline.columns().iter().filter(|column| column.is_output()).count();
    let inputs = baseline.columns().len() - outputs;
    let mut text =
        format!("{}: {} rows, {inputs} inputs, {outputs} outputs", file.display(), baseline.rows());
    for skipped in baseline.skipped() {
        text += &format!("\n  not compared: {} ({})", skipped.name, skipped.why);
    }
    text
}
