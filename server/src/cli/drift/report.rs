//! `skeg drift report`: the last report of an endpoint, as a page for people.

use std::path::PathBuf;

use clap::Args;
use drift::Report;
use model_loader::Name;
use object_store::ObjectStoreExt;

use crate::cli::say;
use crate::cli::store::StoreArgs;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::monitor::report_path;
use crate::runtime;

/// Largest report that is read.
const BYTES_MAX: u64 = 64 << 20;

/// What `skeg drift report` takes.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The endpoint
    #[arg(long, env = "SKEG_ENDPOINT", value_name = "NAME")]
    endpoint: Name,
    /// End of the window of an earlier report, as its file is called [default: the last one]
    #[arg(long, value_name = "TIME", default_value = "latest", hide_default_value = true)]
    window_end: String,
    /// Where the page goes [default: drift-NAME.html]
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,
    /// Print the report as JSON instead
    #[arg(long)]
    json: bool,
}

/// Writes the page and says the verdict.
///
/// # Errors
/// Code 1 when there is no report, or it cannot be read or written.
pub(super) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let store = args.store.open(&Surroundings::read())?;
    let path = report_path(args.endpoint.as_ref(), &args.window_end, "json");
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let read = async {
        let got = match store.get(&path).await {
            Err(object_store::Error::NotFound { .. }) => {
                return Err(format!("endpoint {}: no report, {path}", args.endpoint));
            }
            got => got.map_err(|error| error.to_string())?,
        };
        if got.meta.size > BYTES_MAX {
            return Err(format!("{path}: {} bytes, at most {BYTES_MAX}", got.meta.size));
        }
        got.bytes().await.map_err(|error| error.to_string())
    };
    let bytes = runtime.block_on(read).map_err(failed)?;
    let report: Report =
        serde_json::from_slice(&bytes).map_err(|error| failed(format!("{path}: {error}")))?;
    if report.format != drift::report::FORMAT {
        return Err(failed(format!("{path}: format {:?} is another's", report.format)));
    }
    if args.json {
        say(report.to_json());
        return Ok(());
    }
    let file = args.output.clone();
    let file = file.unwrap_or_else(|| PathBuf::from(format!("drift-{}.html", args.endpoint)));
    std::fs::write(&file, report.to_html())
        .map_err(|error| failed(format!("{}: {error}", file.display())))?;
    let (window, verdict) = (&report.window, report.verdict());
    say(format!("{}: {verdict}, {} to {}", file.display(), window.start, window.end));
    Ok(())
}
