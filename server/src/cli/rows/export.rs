//! `skeg rows export`: the rows of a window in one file, which is there whole or not at all.

use std::fs::Permissions;
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use collector::export::{Exported, Format, Wanted, export};
use jiff::Timestamp;
use model_loader::Name;
use tempfile::{Builder, NamedTempFile};

use super::window;
use crate::cli::say;
use crate::cli::store::StoreArgs;
use crate::cli::window::WindowArgs;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;
use crate::signals::Signals;

/// What `skeg rows export` takes.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The endpoint
    #[arg(long, env = "SKEG_ENDPOINT", value_name = "NAME")]
    endpoint: Name,
    #[command(flatten)]
    window: WindowArgs,
    /// Only rows of this deployment
    #[arg(long, env = "SKEG_DEPLOYMENT", value_name = "NAME")]
    deployment: Option<Name>,
    /// Only rows of this model, or of this version of it
    #[arg(long, env = "SKEG_MODEL", value_name = "MODEL[:VERSION]", value_parser = model)]
    model: Option<(Name, Option<Name>)>,
    /// Only these columns, in this order
    #[arg(long, env = "SKEG_COLUMNS", value_name = "NAME", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Add each row's label: label, label_value, label_time
    #[arg(long)]
    labels: bool,
    /// What FILE is [default: csv when its name ends so, else parquet]
    #[arg(long, env = "SKEG_FORMAT", value_name = "FORMAT")]
    format: Option<FormatArg>,
    /// The file to write
    #[arg(long, env = "SKEG_OUTPUT", value_name = "FILE")]
    output: PathBuf,
    /// Replace FILE, should it exist
    #[arg(long)]
    force: bool,
}

/// As [`Format`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Parquet,
    Csv,
}

/// Writes the file and says what is in it.
///
/// # Errors
/// Code 78 for a window that is none, a column that no file has or an output that may not be
/// written; 1 when no file has such rows, the store cannot be read, the file not be written, or a
/// signal stopped it.
pub(super) fn run(args: &ExportArgs, now: Timestamp) -> Result<(), Failure> {
    let output = args.output.as_path();
    let wanted = wanted(args, now)?;
    free(output, args.force)?;
    let store = args.store.open(&Surroundings::read())?;
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let named = |error: std::io::Error| failed(format!("{}: {error}", output.display()));
    let mut file = beside(output).map_err(named)?;
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let to = BufWriter::new(file.as_file_mut());
    let exported = runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| failed(error.to_string()))?;
        tokio::select! {
            exported = export(&*store, &wanted, to) => exported.map_err(|error| match error {
                collector::Error::UnknownColumn { .. } => Failure::config(vec![error.to_string()]),
                error => failed(error.to_string()),
            }),
            () = signals.stop() => Err(failed("stopped by a signal; no file was made".to_owned())),
        }
    })?;
    if exported.files == 0 {
        let why = "no file of such rows, so that no column is known; no file was made";
        return Err(failed(format!("endpoint {}: {why}", args.endpoint)));
    }
    file.as_file().sync_all().map_err(named)?;
    let kept = if args.force { file.persist(output) } else { file.persist_noclobber(output) };
    kept.map_err(|error| named(error.error))?;
    say(text(&exported, &wanted, output));
    Ok(())
}

fn wanted(args: &ExportArgs, now: Timestamp) -> Result<Wanted, Failure> {
    let columns = args.columns.clone();
    for (place, column) in columns.iter().flatten().enumerate() {
        if columns.iter().flatten().take(place).any(|before| before == column) {
            return Err(Failure::config(vec![format!("column `{column}` is named twice")]));
        }
    }
    let is_csv = args.output.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let (model, version) = args.model.clone().unzip();
    let text = |name: Name| name.to_string();
    Ok(Wanted {
        endpoint: args.endpoint.to_string(),
        window: window(args.window, now)?,
        deployment: args.deployment.clone().map(text),
        model: model.map(text),
        version: version.flatten().map(text),
        columns,
        labels: args.labels,
        format: match args.format {
            Some(FormatArg::Csv) => Format::Csv,
            Some(FormatArg::Parquet) => Format::Parquet,
            None if is_csv => Format::Csv,
            None => Format::Parquet,
        },
    })
}

/// Whether the file may be made: what is no file, such as a folder or a device, is never replaced.
fn free(output: &Path, force: bool) -> Result<(), Failure> {
    let refused =
        |why: &str| Err(Failure::config(vec![format!("--output {}: {why}", output.display())]));
    match output.symlink_metadata() {
        Ok(found) if !found.is_file() => refused("is there and no file"),
        Ok(_) if !force => refused("is there; --force replaces it"),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A file in the same folder, which is gone with the process's interest in it.
fn beside(output: &Path) -> std::io::Result<NamedTempFile> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    Builder::new()
        .prefix(".skeg-export-")
        // As of any file that a process makes: less what its mask takes.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn text(exported: &Exported, wanted: &Wanted, output: &Path) -> String {
    let Exported { files, rows, labelled } = exported;
    let labelled = if wanted.labels { format!(", {labelled} with a label") } else { String::new() };
    format!("{rows} rows{labelled}, of {files} files: {}", output.display())
}

fn model(text: &str) -> Result<(Name, Option<Name>), String> {
    let name = |text: &str| text.parse::<Name>().map_err(|error| error.to_string());
    match text.split_once(':') {
        None => Ok((name(text)?, None)),
        Some((model, version)) => Ok((name(model)?, Some(name(version)?))),
    }
}
