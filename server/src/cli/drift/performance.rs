//! `skeg drift performance`: how well the models of an endpoint do, from the labels of its rows.
//!
//! The rows of the window are exported with their labels (`collector::export`) into a file of its
//! own, which is gone before it is read to its end, and folded seat by seat (`seat`): metrics over
//! the rows with a label, detectors over their errors in the order of time (`errors`), and, with
//! reference rows (`reference`), estimates over all rows. `report` says it. Memory grows with the
//! rows that have a label, not with the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use collector::export::{Format, Wanted, export};
use drift::performance::Cbpe;
use drift::{Table, Window};
use jiff::Timestamp;
use model_loader::Name;
use object_store::ObjectStore;

use super::known;
use crate::cli::say;
use crate::cli::store::StoreArgs;
use crate::cli::window::WindowArgs;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;
use crate::signals::Signals;

use self::reference::Reference;
use self::report::Report;
use self::seat::Seats;
use self::task::{Task, TaskArgs};

mod cells;
mod errors;
mod reference;
mod report;
mod seat;
mod task;

/// What `skeg drift performance` takes.
#[derive(Debug, Args)]
pub struct PerformanceArgs {
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
    #[command(flatten)]
    task: TaskArgs,
    /// Parquet or CSV file of rows with scores and labels that the model was not trained on:
    /// estimates, by CBPE, what the metrics of all rows are, labelled or not
    #[arg(long, env = "SKEG_REFERENCE", value_name = "FILE", requires = "reference_label")]
    reference: Option<PathBuf>,
    /// The file's column of labels; its scores are in the first column that is called as --score
    /// is, or so without `out.`
    #[arg(long, env = "SKEG_REFERENCE_LABEL", value_name = "COLUMN", requires = "reference")]
    reference_label: Option<String>,
    /// Print JSON, format skeg-performance/1
    #[arg(long)]
    json: bool,
}

/// What is asked of the rows of an endpoint.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    endpoint: &'a str,
    window: Window,
    deployment: Option<&'a Name>,
    task: &'a Task,
    cbpe: Option<&'a Arc<Cbpe>>,
}

/// Prints how well the models do.
///
/// # Errors
/// Code 1 when rows, labels or the reference cannot be read, or a signal stopped it; 64 for flags
/// that do not go together; 78 for a window that is none, a threshold out of range or a column that
/// no rows file has.
pub(super) fn run(args: &PerformanceArgs, now: Timestamp) -> Result<(), Failure> {
    let task = args.task.task()?;
    let window = args.window.window(now)?;
    let reference = match (&args.reference, &args.reference_label) {
        (Some(file), Some(label)) => Some(Reference::read(file, label, &task)?),
        _ => None,
    };
    let store = args.store.open(&Surroundings::read())?;
    let cbpe = reference.as_ref().map(Reference::cbpe);
    let endpoint = args.endpoint.as_ref();
    let deployment = args.deployment.as_ref();
    let asked = Asked { endpoint, window, deployment, task: &task, cbpe };
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let seats = runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| failed(error.to_string()))?;
        tokio::select! {
            seats = seats(&*store, asked) => seats,
            () = signals.stop() => Err(failed("stopped by a signal".to_owned())),
        }
    })?;
    let report = Report::new(endpoint, window, &task, reference.as_ref(), seats);
    say(if args.json { report.to_json() } else { report.to_text() });
    Ok(())
}

/// The rows of the window, folded.
async fn seats(store: &dyn ObjectStore, asked: Asked<'_>) -> Result<Seats, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Failure::FAILED, error);
    let Asked { endpoint, window, task, .. } = asked;
    let mut seats = Seats::new(asked.cbpe);
    // Readable by this user only, and gone with the value.
    let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
    let file = folder.path().join("rows.parquet");
    let mut wanted = Wanted {
        endpoint: endpoint.to_owned(),
        window: window.start()..window.end(),
        deployment: asked.deployment.map(Name::to_string),
        model: None,
        version: None,
        columns: Some(task.columns()),
        labels: true,
        format: Format::Parquet,
    };
    if !exported(store, &mut wanted, &file, task).await? {
        let known = known(store, endpoint).await.map_err(|error| failed(&error))?;
        let nothing = format!("endpoint {endpoint}: neither a spec nor rows in the store");
        return if known { Ok(seats) } else { Err(failed(&nothing)) };
    }
    let table = Table::open(&file).map_err(|error| failed(&error))?;
    let columns = wanted.columns.iter().flatten().map(String::as_str);
    let columns = columns.chain(["label", "label_value"]);
    let batches = table.batches(&columns.collect::<Vec<_>>()).map_err(|error| failed(&error))?;
    // The open file is all that is needed: should the process be killed now, nothing stays.
    drop(folder);
    for batch in batches {
        let batch = batch.map_err(|error| failed(&error))?;
        let wrong = |why: String| failed(&format_args!("endpoint {endpoint}: {why}"));
        seats.fold(&batch, task).map_err(wrong)?;
        // For a signal to be heard.
        tokio::task::yield_now().await;
    }
    Ok(seats)
}

/// Whether there are files of rows, which are in `file` then. Of several columns that models are
/// judged by, those that no file has are no longer wanted: the model that has them did not answer.
async fn exported(
    store: &dyn ObjectStore,
    wanted: &mut Wanted,
    file: &Path,
    task: &Task,
) -> Result<bool, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Failure::FAILED, error);
    let named = |error: &dyn std::fmt::Display| failed(&format!("{}: {error}", file.display()));
    let is_judged = |column: &String| task.judged().contains(column);
    loop {
        let to = std::fs::File::create(file).map_err(|error| named(&error))?;
        let unknown = match export(store, wanted, std::io::BufWriter::new(to)).await {
            Ok(exported) => return Ok(exported.files > 0),
            Err(collector::Error::UnknownColumn { column, .. }) => column,
            Err(error) => return Err(failed(&error)),
        };
        let columns = wanted.columns.get_or_insert_default();
        columns.retain(|column| *column != unknown);
        if !is_judged(&unknown) || !columns.iter().any(is_judged) {
            let names = task.judged().join("` or `");
            let (of, column) =
                (&wanted.endpoint, if is_judged(&unknown) { names } else { unknown });
            return Err(Failure::config(vec![format!(
                "no rows file of endpoint `{of}` in the window has a column `{column}`"
            )]));
        }
    }
}
