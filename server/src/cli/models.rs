//! `skeg models`: what the registry holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use model_loader::{Lineage, ModelRef, NewVersion, Registry};

use super::say;
use crate::app;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::record;
use crate::store::StoreUrl;
use crate::trial;

/// What `skeg models` does.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Check an ONNX file and put it into the store as a new version
    Register(RegisterArgs),
}

/// What `skeg models register` takes.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// The ONNX file; weights in other files are taken from its folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The store, made where there is none: file:///folder, or a folder's path
    #[arg(long, env = "SKEG_STORE", value_name = "URL")]
    store: String,
    /// Name and version to register it as
    #[arg(long, env = "SKEG_MODEL", value_name = "NAME:VERSION")]
    model: ModelRef,
    /// Names of an input's columns; may be given once for each input
    #[arg(long, value_name = "INPUT=NAME,NAME,...", value_parser = feature_names)]
    features: Vec<(String, Vec<String>)>,
}

/// Registers the file and says what it takes and gives.
///
/// # Errors
/// Code 1 when the file cannot be read or served or the version is taken, 78 for a store that makes
/// no sense.
pub fn run(command: &ModelsCommand) -> Result<(), Failure> {
    let ModelsCommand::Register(args) = command;
    let around = Surroundings::read();
    let store = StoreUrl::parse(&args.store, &around.folder);
    let store = store.map_err(|error| Failure::config(vec![error.to_string()]))?;
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let file = args.file.display();
    let onnx = model_loader::read_onnx(&args.file);
    let onnx = onnx.map_err(|error| failed(format!("{file}: {error}")))?;
    let store = store.create().and_then(|()| store.open()).map_err(failed)?;
    let features: BTreeMap<_, _> = args.features.iter().cloned().collect();
    let new = NewVersion {
        name: args.model.model.clone(),
        version: args.model.version.clone(),
        created_at: jiff::Timestamp::now().to_string(),
        onnx: onnx.into(),
        feature_names: features,
        baseline_json: None,
        lineage: Lineage::default(),
    };
    let runtime = app::runtime().map_err(|error| failed(error.to_string()))?;
    let registry = Registry::new(store).with_trial(trial::by(&around.binary));
    let registry = registry.with_check(record::check);
    let manifest = runtime.block_on(registry.register(new));
    let manifest = manifest.map_err(|error| failed(format!("{file}: {error}")))?;
    let names = |entries: &[model_loader::TensorEntry]| {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        names.join(", ")
    };
    say(format!(
        "registered {}, digest {}\n  takes {}\n  gives {}",
        args.model,
        manifest.model_digest,
        names(&manifest.inputs),
        names(&manifest.outputs)
    ));
    Ok(())
}

fn feature_names(text: &str) -> Result<(String, Vec<String>), String> {
    let (input, names) = text.split_once('=').ok_or("it has no `=` after the input's name")?;
    Ok((input.to_owned(), names.split(',').map(str::to_owned).collect()))
}
