//! `skeg drift analyze --baseline A --current B`: two files of rows, by our own measures and
//! verdicts or by another tool's numbers.
//!
//! No store, no endpoint and no registered baseline is needed: they may not be given beside, though
//! the environment may have them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, ValueEnum};
use drift::baseline::Rows;
use drift::report::Findings;
use drift::{
    Baseline, DeploymentProfile, Profile, Report, Table, Thresholds, Tool, Wanted, Window,
};

use super::ShownArgs;
use crate::cli::progress::Progress;
use crate::cli::{Cli, say};
use crate::failure::Failure;

/// What `skeg drift analyze` takes for two files.
#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    /// A Parquet or CSV file to compare --current with, in place of an endpoint's baseline
    #[arg(long, value_name = "FILE", requires = "current")]
    pub(super) baseline: Option<PathBuf>,
    /// A Parquet or CSV file of the rows to judge
    #[arg(long, value_name = "FILE", requires = "baseline")]
    current: Option<PathBuf>,
    /// Compare the files by the numbers that this tool would give
    #[arg(long, value_name = "TOOL", requires = "baseline")]
    compat: Option<CompatArg>,
    /// The exact KS and Wasserstein distances of the files' numeric columns
    #[arg(long, requires = "baseline")]
    exact: bool,
    /// Only these columns of the files
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "baseline")]
    columns: Option<Vec<String>>,
}

/// As [`Tool`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CompatArg {
    Azure,
    Evidently,
    #[value(name = "nannyml")]
    NannyMl,
}

/// What belongs to an endpoint's rows.
const OF_AN_ENDPOINT: [&str; 4] = ["store", "endpoint", "from", "to"];
/// What belongs to our own verdict.
const OF_OURS: [&str; 2] = ["psi", "ks"];

/// Refuses flags of an endpoint's rows beside --baseline. Not a rule of clap's, which would hold it
/// against the environment's values too.
pub(in crate::cli) fn check(matches: &ArgMatches) -> Result<(), clap::Error> {
    let analyze = matches.subcommand_matches("drift");
    let analyze = analyze.and_then(|drift| drift.subcommand_matches("analyze"));
    let Some(given) = analyze.filter(|analyze| analyze.contains_id("baseline")) else {
        return Ok(());
    };
    let typed = |flag: &str| given.value_source(flag) == Some(ValueSource::CommandLine);
    let refused = |why| Err(Cli::command().error(ErrorKind::ArgumentConflict, why));
    if let Some(flag) = OF_AN_ENDPOINT.iter().find(|flag| typed(flag)) {
        return refused(format!("--baseline compares files and cannot be used with --{flag}"));
    }
    let is_ours = !typed("compat") && !typed("exact");
    match OF_OURS.iter().find(|flag| !is_ours && typed(flag)) {
        None => Ok(()),
        Some(flag) => refused(format!("--compat and --exact have no use for --{flag}")),
    }
}

/// Prints the comparison.
///
/// # Errors
/// Code 1 when a file cannot be read, 2 on drift when that was asked for, 64 when no drift can be
/// found.
pub(super) fn run(
    args: &FilesArgs,
    baseline: &Path,
    thresholds: Thresholds,
    shown: &ShownArgs<'_>,
) -> Result<(), Failure> {
    let &ShownArgs { json, fail_on_drift, .. } = shown;
    let usage = |why: &str| Err(Failure::new(Failure::USAGE, why));
    let Some(current) = &args.current else {
        return usage("--baseline needs --current");
    };
    let tool = args.compat.map(|compat| match compat {
        CompatArg::Azure => Tool::Azure,
        CompatArg::Evidently => Tool::Evidently,
        CompatArg::NannyMl => Tool::NannyMl,
    });
    if tool.is_none() && !args.exact {
        return own(args, (baseline, current), thresholds, shown);
    }
    if tool.is_none() && fail_on_drift {
        return usage("--fail-on-drift needs --compat: exact distances have no threshold");
    }
    let failed = |error: drift::Error| Failure::new(Failure::FAILED, error);
    let baseline = Table::open(baseline).map_err(failed)?;
    let current = Table::open(current).map_err(failed)?;
    let wanted = Wanted { tool, exact: args.exact, columns: args.columns.clone() };
    let comparison = drift::compare(&baseline, &current, &wanted).map_err(failed)?;
    say(if json { comparison.to_json() } else { comparison.table().trim_end().to_owned() });
    if fail_on_drift && comparison.drift() == Some(true) {
        return Err(Failure { code: Failure::REFUSED, messages: Vec::new() });
    }
    Ok(())
}

/// The report that an endpoint would have whose model came with the rows of `baseline` (or with a
/// file of `skeg baseline build`) and that was asked for those of `current`.
fn own(
    args: &FilesArgs,
    (baseline, current): (&Path, &Path),
    thresholds: Thresholds,
    shown: &ShownArgs<'_>,
) -> Result<(), Failure> {
    let failed = |error: drift::Error| Failure::new(Failure::FAILED, error);
    let built = match crate::cli::baseline::stored(baseline)? {
        Some(stored) => stored,
        None => {
            let table = Table::open(baseline).map_err(failed)?;
            let mut progress = Progress::of_rows("baseline", 2 * table.rows());
            let (rows, columns) = (Rows::of_table(&table), args.columns.as_deref());
            Baseline::build(&rows, columns, &mut |rows| progress.add(rows)).map_err(failed)?
        }
    };
    let built = Arc::new(built);
    let table = Table::open(current).map_err(failed)?;
    let there = table.schema().fields().iter().map(|field| field.name().clone());
    let is_counted = |name: &String| {
        let name = drift::baseline::complete(name);
        built.columns().iter().any(|column| column.name() == name)
    };
    let names: Vec<String> = there.filter(is_counted).collect();
    let mut profile = Profile::new(&built);
    let mut progress = Progress::of_rows("current", table.rows());
    for batch in table.batches(&names).map_err(failed)? {
        let batch = batch.map_err(failed)?;
        profile.fold(&batch).map_err(failed)?;
        progress.add(batch.num_rows() as u64);
    }
    drop(progress);
    let file = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let of = DeploymentProfile {
        deployment: "current".to_owned(),
        model: file(current),
        version: "file".to_owned(),
        rows: profile.rows(),
        files: 1,
        is_mirrored: false,
        profile: Some(profile),
        traffic: None,
    };
    shown.show(&Report::new(&Findings {
        endpoint: &file(baseline),
        window: Window::ALL,
        thresholds,
        deployments: &[of],
        comparisons: Vec::new(),
    }))
}
