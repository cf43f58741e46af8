//! `skeg drift analyze --baseline A --current B`: two files of rows, by another tool's numbers.
//!
//! No store, no endpoint and no registered baseline is needed: they may not be given beside, though
//! the environment may have them.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, ValueEnum};
use drift::{Table, Tool, Wanted};

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
const OF_AN_ENDPOINT: [&str; 5] = ["store", "endpoint", "from", "to", "psi"];

/// Refuses flags of an endpoint's rows beside --baseline. Not a rule of clap's, which would hold it
/// against the environment's values too.
pub(in crate::cli) fn check(matches: &ArgMatches) -> Result<(), clap::Error> {
    let analyze = matches.subcommand_matches("drift");
    let analyze = analyze.and_then(|drift| drift.subcommand_matches("analyze"));
    let Some(given) = analyze.filter(|analyze| analyze.contains_id("baseline")) else {
        return Ok(());
    };
    let typed = |flag: &&&str| given.value_source(flag) == Some(ValueSource::CommandLine);
    match OF_AN_ENDPOINT.iter().find(typed) {
        None => Ok(()),
        Some(flag) => {
            let why = format!("--baseline compares files and cannot be used with --{flag}");
            Err(Cli::command().error(ErrorKind::ArgumentConflict, why))
        }
    }
}

/// Prints the comparison.
///
/// # Errors
/// Code 64 when nothing was asked for, 1 when a file cannot be read, 2 on drift when that was asked
/// for.
pub(super) fn run(
    args: &FilesArgs,
    baseline: &Path,
    json: bool,
    fail_on_drift: bool,
) -> Result<(), Failure> {
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
        return usage("two files need --compat azure|evidently|nannyml, --exact or both");
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
