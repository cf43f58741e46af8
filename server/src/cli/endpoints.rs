//! `skeg endpoints`: what the store says should be served, and changing it.

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use model_loader::Name;
use serde_json::json;

use super::say;
use super::store::StoreArgs;
use super::table::table;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;
use crate::spec::{self, EndpointSpec};
use crate::specs::{self, Found, Known, SpecFiles, SpecSource, WriteError, Writer};

/// What `skeg endpoints` does.
#[derive(Debug, Subcommand)]
pub enum EndpointsCommand {
    /// Put an endpoint's spec into the store; servers follow within seconds
    Apply(ApplyArgs),
    /// List the store's endpoints
    List(ListArgs),
    /// Print an endpoint's spec
    Show(OneArgs),
    /// Take an endpoint away; its models and rows stay
    Delete(OneArgs),
}

/// What `skeg endpoints apply` takes.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The spec, YAML; - for the standard input
    #[arg(short, long, env = "SKEG_FILE", value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

/// What `skeg endpoints list` takes.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// A command about one endpoint.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// The endpoint
    endpoint: Name,
    #[command(flatten)]
    store: StoreArgs,
}

/// Does it.
///
/// # Errors
/// Code 2 when a rule refuses the change, 78 for a spec with mistakes or a store that makes no
/// sense, 1 when the store failed or the endpoint is not there.
pub fn run(command: &EndpointsCommand) -> Result<(), Failure> {
    match command {
        EndpointsCommand::Apply(args) => apply(args),
        EndpointsCommand::List(args) => list(args),
        EndpointsCommand::Show(args) => {
            let (writer, runtime) = writer(&args.store)?;
            let stored = runtime.block_on(writer.stored(&args.endpoint)).map_err(failure)?;
            let stored =
                stored.ok_or_else(|| failure(WriteError::Unknown(args.endpoint.clone())))?;
            say(stored.text.trim_end());
            Ok(())
        }
        EndpointsCommand::Delete(args) => {
            let (writer, runtime) = writer(&args.store)?;
            runtime.block_on(writer.delete(&args.endpoint)).map_err(failure)?;
            say(format_args!("deleted {}", args.endpoint));
            Ok(())
        }
    }
}

fn apply(args: &ApplyArgs) -> Result<(), Failure> {
    let file = args.file.display();
    let failed =
        |error: &dyn std::fmt::Display| Failure::new(Failure::FAILED, format!("{file}: {error}"));
    let mut text = String::new();
    let limit = spec::MAX_BYTES as u64 + 1;
    let read = if args.file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        let opened = std::fs::File::open(&args.file);
        opened.and_then(|opened| opened.take(limit).read_to_string(&mut text))
    };
    read.map_err(|error| failed(&error))?;
    if text.len() > spec::MAX_BYTES {
        return Err(failed(&format!("larger than {} bytes", spec::MAX_BYTES)));
    }
    let (writer, runtime) = writer(&args.store)?;
    let (spec, changed) = runtime.block_on(writer.apply(&text)).map_err(failure)?;
    let done = if changed { "applied" } else { "unchanged" };
    say(format_args!("{done} {}: {}", spec.name, shares(&spec)));
    Ok(())
}

/// A spec's file, the digest of what is in it, and what that says.
type Entry<'a> = (&'a String, String, Result<EndpointSpec, Vec<String>>);

fn list(args: &ListArgs) -> Result<(), Failure> {
    let store = args.store.open(&Surroundings::read())?;
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let none = SpecFiles::new();
    let none = Known { files: &none, count: 0 };
    let found = runtime.block_on(specs::read(&SpecSource::Store, &*store, none));
    let Found { files, faults } = found.map_err(failed)?;
    let read = files
        .iter()
        .map(|(file, content)| (file, content.digest(), spec::parse(&content.text)))
        .chain(faults.iter().map(|(file, why)| (file, String::new(), Err(vec![why.clone()]))));
    let entries: Vec<Entry<'_>> = read.collect();
    if args.json {
        let entry = |(file, digest, parsed): &Entry<'_>| match parsed {
            Ok(spec) => shown(spec, digest),
            Err(mistakes) => json!({"file": file, "mistakes": mistakes}),
        };
        say(serde_json::Value::Array(entries.iter().map(entry).collect()));
        return Ok(());
    }
    let row = |(file, digest, parsed): &Entry<'_>| match parsed {
        Ok(spec) => vec![spec.name.to_string(), digest.clone(), shares(spec)],
        Err(mistakes) => vec![(*file).clone(), digest.clone(), mistakes.join("; ")],
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    say(table(&["ENDPOINT", "SPEC", "DEPLOYMENTS"], &rows));
    Ok(())
}

fn shown(spec: &EndpointSpec, digest: &str) -> serde_json::Value {
    let deployments = spec.deployments.iter().map(|deployment| {
        json!({
            "name": deployment.name,
            "model": deployment.model.to_string(),
            "traffic": deployment.weight.percent(),
            "mirror": deployment.mirror.percent(),
        })
    });
    json!({
        "name": spec.name,
        "spec": digest,
        "deployments": deployments.collect::<Vec<_>>(),
        "privacy": spec.collect.privacy.as_deref(),
    })
}

/// "green (fraud:1) 90 %, blue (fraud:2) 10 %".
pub(super) fn shares(spec: &EndpointSpec) -> String {
    let share = |deployment: &spec::DeploymentSpec| {
        let (name, model) = (&deployment.name, &deployment.model);
        format!("{name} ({model}) {} %", deployment.weight.percent())
    };
    spec.deployments.iter().map(share).collect::<Vec<_>>().join(", ")
}

/// The end that a spec that was not written makes.
pub(super) fn failure(error: WriteError) -> Failure {
    match error {
        WriteError::Refused(mistakes) => Failure::config(mistakes),
        WriteError::Changed(_) => Failure::new(Failure::REFUSED, error),
        WriteError::Unknown(_) | WriteError::Store { .. } => Failure::new(Failure::FAILED, error),
    }
}

/// What changes the store's specs, and what to run it on.
pub(super) fn writer(store: &StoreArgs) -> Result<(Writer, tokio::runtime::Runtime), Failure> {
    let around = Surroundings::read();
    let runtime = runtime::new().map_err(|error| Failure::new(Failure::FAILED, error))?;
    Ok((Writer::new(store.open(&around)?, around.actor, jiff::Timestamp::now), runtime))
}
