//! `skeg drift`: do live rows still look like the training data?

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand};
use drift::report::Findings;
use drift::window::Baselines;
use drift::{Baseline, Report, Thresholds, Verdict, Window};
use model_loader::{ModelRef, Name, Registry};
use object_store::{ObjectStore, ObjectStoreExt};

use super::say;
use super::store::StoreArgs;
use super::window::WindowArgs;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;
use crate::specs;

pub(super) mod files;
mod performance;
mod report;

/// What `skeg drift` does.
#[derive(Debug, Subcommand)]
pub enum DriftCommand {
    /// Compare an endpoint's logged rows with the baseline of the model that scored them, or two
    /// files with each other
    Analyze(Box<AnalyzeArgs>),
    /// Say how well an endpoint's models do: metrics of rows with labels, changes of their errors
    /// over time, and estimates for rows without
    Performance(Box<performance::PerformanceArgs>),
    /// Write the last report that the server made of an endpoint, as a page
    Report(report::ReportArgs),
}

/// What `skeg drift analyze` takes.
#[derive(Debug, Args)]
#[command(mut_arg("store", |store| store.required(false).required_unless_present("baseline")))]
pub struct AnalyzeArgs {
    #[command(flatten)]
    store: Option<StoreArgs>,
    /// The endpoint
    #[arg(long, env = "SKEG_ENDPOINT", value_name = "NAME", required_unless_present = "baseline")]
    endpoint: Option<Name>,
    #[command(flatten)]
    window: WindowArgs,
    /// Least population stability index that counts as drift
    #[arg(long, env = "SKEG_PSI", value_name = "PSI", default_value = "0.2")]
    psi: f64,
    /// Least Kolmogorov-Smirnov distance that counts as drift
    #[arg(long, env = "SKEG_KS", value_name = "DISTANCE", default_value = "0.1")]
    ks: f64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report as a page, too
    #[arg(long, value_name = "FILE", conflicts_with_all = ["compat", "exact"])]
    html: Option<std::path::PathBuf>,
    /// Exit with code 2 when the verdict is drift
    #[arg(long)]
    fail_on_drift: bool,
    #[command(flatten)]
    files: files::FilesArgs,
}

/// Prints the verdict.
///
/// # Errors
/// Code 1 when rows, baselines or files cannot be read, 2 on drift when that was asked for, 64 for
/// flags that do not go together, 78 for values that make no analysis.
pub fn run(command: &DriftCommand) -> Result<(), Failure> {
    let now = jiff::Timestamp::now();
    let args = match command {
        DriftCommand::Analyze(args) => args,
        DriftCommand::Performance(args) => return performance::run(args, now),
        DriftCommand::Report(args) => return report::run(args),
    };
    let config = |error: &dyn std::fmt::Display| Failure::config(vec![error.to_string()]);
    let confidence = Thresholds::default().confidence();
    let thresholds =
        Thresholds::new(args.psi, args.ks, confidence).map_err(|error| config(&error))?;
    if let Some(baseline) = &args.files.baseline {
        return files::run(&args.files, baseline, thresholds, &args.shown());
    }
    let (Some(store), Some(endpoint)) = (&args.store, &args.endpoint) else {
        return Err(Failure::new(Failure::USAGE, "--endpoint needs --store"));
    };
    let store = store.open(&Surroundings::read())?;
    let window = args.window.window(now)?;
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let report = report(store, endpoint.as_ref(), window, &thresholds);
    let report = runtime.block_on(report).map_err(failed)?;
    args.shown().show(&report)
}

/// How a report is shown, and whether drift is a failure.
#[derive(Clone, Copy, Debug)]
struct ShownArgs<'a> {
    json: bool,
    html: Option<&'a Path>,
    fail_on_drift: bool,
}

// === impl AnalyzeArgs ===

impl AnalyzeArgs {
    fn shown(&self) -> ShownArgs<'_> {
        let (json, html) = (self.json, self.html.as_deref());
        ShownArgs { json, html, fail_on_drift: self.fail_on_drift }
    }
}

// === impl ShownArgs ===

impl ShownArgs<'_> {
    /// Prints the report, and writes it as a page where that was asked for.
    fn show(&self, report: &Report) -> Result<(), Failure> {
        if let Some(file) = self.html {
            let wrong = |error| format!("{}: {error}", file.display());
            std::fs::write(file, report.to_html())
                .map_err(|error| Failure::new(Failure::FAILED, wrong(error)))?;
        }
        say(if self.json { report.to_json() } else { report.table().trim_end().to_owned() });
        if self.fail_on_drift && report.verdict() == Verdict::Drift {
            return Err(Failure { code: Failure::REFUSED, messages: Vec::new() });
        }
        Ok(())
    }
}

async fn report(
    store: Arc<dyn ObjectStore>,
    endpoint: &str,
    window: Window,
    thresholds: &Thresholds,
) -> Result<Report, String> {
    let range = window.start()..window.end();
    let files = collector::read::files(&*store, endpoint, range).await;
    let files = files.map_err(|error| error.to_string())?;
    if files.is_empty() && !known(&*store, endpoint).await? {
        return Err(format!("endpoint {endpoint}: neither a spec nor rows in the store"));
    }
    let versions: BTreeSet<(String, String)> = files
        .iter()
        .map(|file| (file.path.model().to_owned(), file.path.version().to_owned()))
        .collect();
    let baselines = baselines(&store, versions).await?;
    let profiles = drift::window::profiles(store, endpoint, window, &baselines).await;
    let profiles = profiles.map_err(|error| error.to_string())?;
    let (thresholds, deployments, comparisons) = (*thresholds, &profiles[..], Vec::new());
    Ok(Report::new(&Findings { endpoint, window, thresholds, deployments, comparisons }))
}

/// Whether the store has a spec of that endpoint.
pub(super) async fn known(store: &dyn ObjectStore, endpoint: &str) -> Result<bool, String> {
    match store.head(&specs::spec_path(endpoint)).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// The baselines of these model versions; a version without one, or that is no longer registered,
/// is left out and named in the report.
async fn baselines(
    store: &Arc<dyn ObjectStore>,
    versions: BTreeSet<(String, String)>,
) -> Result<Baselines, String> {
    let registry = Registry::new(Arc::clone(store));
    let mut found = HashMap::new();
    for (model, version) in versions {
        let wanted: ModelRef = format!("{model}:{version}")
            .parse()
            .map_err(|error: model_loader::Error| error.to_string())?;
        let json = match registry.baseline(&wanted).await {
            Ok(Some(json)) => json,
            Ok(None) | Err(model_loader::Error::NotRegistered { .. }) => continue,
            Err(error) => return Err(error.to_string()),
        };
        let baseline = Baseline::from_json(&json).map_err(|e| format!("{wanted}: {e}"))?;
        found.insert((model, version), Arc::new(baseline));
    }
    Ok(found)
}
