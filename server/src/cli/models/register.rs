//! `skeg models register`: checks a model and puts it into the store as a new version.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use drift::Baseline;
use model_loader::{Error, Manifest, Name, NewVersion, Options, Registry};

use super::lineage::LineageArgs;
use super::source::SourceArgs;
use super::{audited, failure};
use crate::audit::Kind;
use crate::cli::store::StoreArgs;
use crate::cli::{baseline, say};
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::record;
use crate::runtime;
use crate::trial;

/// How often somebody else may be faster.
const ATTEMPTS: u32 = 16;

/// What `skeg models register` takes.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Name and version to register it as [default: what the source says]; without a version, the
    /// source's, or else the next integer
    #[arg(long, env = "SKEG_MODEL", value_name = "NAME[:VERSION]", value_parser = new_model)]
    model: Option<(Name, Option<Name>)>,
    /// Names of an input's columns; may be given once for each input
    #[arg(long, value_name = "INPUT=NAME,NAME,...", value_parser = feature_names)]
    features: Vec<(String, Vec<String>)>,
    /// Training rows as Parquet or CSV, columns by the names of features, or what `skeg baseline
    /// build` made of them: live data is compared with them, and the model is warmed with their
    /// medians
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    lineage: LineageArgs,
}

/// Registers the file and says what it takes and gives.
///
/// # Errors
/// Code 1 when the file cannot be read or served, 2 when the version is taken, 64 for a tag with
/// two values, 78 for a store that makes no sense.
pub fn run(args: &RegisterArgs) -> Result<(), Failure> {
    let around = Surroundings::read();
    let lineage = args.lineage.lineage(&around);
    let mut lineage = lineage.map_err(|error| Failure::new(Failure::USAGE, error))?;
    let features: BTreeMap<_, _> = args.features.iter().cloned().collect();
    let mut import = args.source.read(features.keys().cloned().collect())?;
    let (name, version) = args.source.model(args.model.as_ref(), &import)?;
    import.feature_names.extend(features);
    import.complete(&mut lineage);
    let options = Options {
        feature_names: import.feature_names.clone(),
        class_labels: import.class_labels.clone(),
        trial: Some(trial::by(&around.binary)),
        ..Options::default()
    };
    let onnx = Bytes::from(import.onnx);
    let baseline = args.baseline.as_deref().map(|file| baseline::of_model(file, &onnx, &options));
    let baseline = baseline.transpose()?.map(|baseline| baseline.to_json());
    // A version is never changed: what could not be read back would keep it from serving for good.
    let read = baseline.as_ref().map(|json| Baseline::from_json(json.as_bytes())).transpose();
    read.map_err(|error| Failure::new(Failure::FAILED, error))?;
    let baseline = baseline.map(Bytes::from);
    let store = args.store.make(&around)?;
    let at = jiff::Timestamp::now();
    let new = |version| NewVersion {
        name: name.clone(),
        version,
        created_at: at.to_string(),
        onnx: onnx.clone(),
        feature_names: import.feature_names.clone(),
        class_labels: import.class_labels.clone(),
        baseline_json: baseline.clone(),
        lineage: lineage.clone(),
    };
    let runtime = runtime::new().map_err(|error| Failure::new(Failure::FAILED, error))?;
    let registry = Registry::new(Arc::clone(&store)).with_trial(trial::by(&around.binary));
    let registry = registry.with_check(record::check);
    let manifest = match version {
        Some(version) => runtime.block_on(registry.register(new(version))),
        None => runtime.block_on(register_next(&registry, &name, new)),
    };
    let manifest = manifest.map_err(|error| {
        let Failure { code, messages } = failure(&error);
        Failure::new(code, args.source.says(&messages.concat()))
    })?;
    let names = |entries: &[model_loader::TensorEntry]| {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        names.join(", ")
    };
    let model = manifest.model_ref();
    let done = format!("registered {model}, digest {}", manifest.model_digest);
    let details = serde_json::json!({"model_digest": manifest.model_digest});
    let event = (Kind::Registered, model.to_string(), details);
    runtime.block_on(audited(&store, &around, at, event, &done))?;
    say(format!(
        "{done}\n  from {}\n  takes {}\n  gives {}",
        import.layout,
        names(&manifest.inputs),
        names(&manifest.outputs)
    ));
    Ok(())
}

/// Registers under the next version, or the one after it when somebody else was faster.
async fn register_next(
    registry: &Registry,
    name: &Name,
    new: impl Fn(Name) -> NewVersion,
) -> Result<Manifest, Error> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let version = registry.next_version(name).await?;
        match registry.register(new(version)).await {
            Err(Error::Exists { .. }) if attempts < ATTEMPTS => {}
            settled => return settled,
        }
    }
}

fn new_model(text: &str) -> Result<(Name, Option<Name>), String> {
    let name = |text: &str| text.parse::<Name>().map_err(|error| error.to_string());
    match text.split_once(':') {
        Some((model, version)) => Ok((name(model)?, Some(name(version)?))),
        None => Ok((name(text)?, None)),
    }
}

/// `INPUT=NAME,NAME,...`
pub(in crate::cli) fn feature_names(text: &str) -> Result<(String, Vec<String>), String> {
    let (input, names) = text.split_once('=').ok_or("it has no `=` after the input's name")?;
    Ok((input.to_owned(), names.split(',').map(str::to_owned).collect()))
}
