//! `skeg models list`: the models of a store, or the versions of one.

use std::collections::BTreeMap;

use clap::Args;
use futures_util::{StreamExt as _, stream};
use model_loader::{Listed, Manifest, ModelRef, Name, Registry};
use serde_json::{Value, json};

use crate::cli::say;
use crate::cli::store::StoreArgs;
use crate::cli::table::table;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;

/// Records that are read at once.
const AT_ONCE: usize = 16;

/// What `skeg models list` takes.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The model; all of them when it is not given
    #[arg(value_name = "NAME")]
    name: Option<Name>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A version with its record, or why that cannot be read.
type Version = (Name, Result<Manifest, String>);

/// Prints the list.
///
/// # Errors
/// Code 1 when the store cannot be read or there is no such model, 78 for a store that makes no
/// sense.
pub fn run(args: &ListArgs) -> Result<(), Failure> {
    let store = args.store.open(&Surroundings::read())?;
    let failed = |error: &dyn std::fmt::Display| Failure::new(Failure::FAILED, error);
    let runtime = runtime::new().map_err(|error| failed(&error))?;
    let registry = Registry::new(store);
    let listing = async {
        let mut found = registry.catalog(args.name.as_ref()).await.map_err(|e| failed(&e))?;
        let Some(name) = &args.name else {
            return Ok(if args.json { models_json(&found).to_string() } else { models(&found) });
        };
        let Some(listed) = found.remove(name) else {
            return Err(failed(&format_args!("model `{name}` is not registered")));
        };
        let versions = read(&registry, name, &listed).await;
        Ok(if args.json {
            versions_json(name, &listed, &versions).to_string()
        } else {
            self::versions(&listed, &versions)
        })
    };
    say(runtime.block_on(listing)?);
    Ok(())
}

async fn read(registry: &Registry, name: &Name, listed: &Listed) -> Vec<Version> {
    let read = |version: &Name| {
        let model = ModelRef { model: name.clone(), version: version.clone() };
        async move {
            let manifest = registry.manifest(&model).await.map_err(|error| error.to_string());
            (model.version, manifest)
        }
    };
    stream::iter(listed.versions.iter().map(read)).buffered(AT_ONCE).collect().await
}

/// The aliases that stand for a version.
pub(super) fn aliases_of<'a>(listed: &'a Listed, version: &Name) -> Vec<&'a str> {
    let aliases = listed.aliases.iter();
    let here = aliases.filter(|(_, record)| record.as_ref().is_ok_and(|r| r.version == *version));
    here.map(|(alias, _)| alias.as_ref()).collect()
}

fn models(found: &BTreeMap<Name, Listed>) -> String {
    let row = |(name, listed): (&Name, &Listed)| {
        let last = listed.versions.last().map(ToString::to_string).unwrap_or_default();
        let aliases = listed.aliases.iter().map(|(alias, record)| match record {
            Ok(record) => format!("{alias}={}", record.version),
            Err(_) => format!("{alias}=?"),
        });
        let aliases = aliases.collect::<Vec<_>>().join(" ");
        vec![name.to_string(), listed.versions.len().to_string(), last, aliases]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    table(&["NAME", "VERSIONS", "LAST", "ALIASES"], &rows)
}

fn models_json(found: &BTreeMap<Name, Listed>) -> Value {
    let model = |(name, listed): (&Name, &Listed)| {
        let (versions, aliases) = (&listed.versions, aliases_json(listed));
        json!({"name": name, "versions": versions, "aliases": aliases})
    };
    json!({"models": found.iter().map(model).collect::<Vec<_>>()})
}

fn versions(listed: &Listed, versions: &[Version]) -> String {
    let row = |(version, manifest): &Version| {
        let aliases = aliases_of(listed, version).join(" ");
        let (at, digest) = match manifest {
            Ok(manifest) => (manifest.created_at.clone(), manifest.model_digest.clone()),
            Err(error) => ("?".to_owned(), error.clone()),
        };
        vec![version.to_string(), at, aliases, digest]
    };
    let rows: Vec<_> = versions.iter().map(row).collect();
    let mut text = table(&["VERSION", "REGISTERED", "ALIASES", "DIGEST"], &rows);
    for (alias, record) in &listed.aliases {
        if let Err(reason) = record {
            text.push_str(&format!("\nalias {alias} cannot be read: {reason}"));
        }
    }
    text
}

fn versions_json(name: &Name, listed: &Listed, versions: &[Version]) -> Value {
    let version = |(version, manifest): &Version| {
        let aliases = aliases_of(listed, version);
        match manifest {
            Ok(manifest) => json!({
                "version": version,
                "created_at": manifest.created_at,
                "model_digest": manifest.model_digest,
                "aliases": aliases,
                "lineage": manifest.lineage,
            }),
            Err(error) => json!({"version": version, "aliases": aliases, "error": error}),
        }
    };
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "versions": versions, "aliases": aliases_json(listed)})
}

fn aliases_json(listed: &Listed) -> Value {
    let alias = |(alias, record): (&model_loader::Alias, &Result<_, String>)| {
        let record = match record {
            Ok(record) => json!(record),
            Err(reason) => json!({"error": reason}),
        };
        (alias.to_string(), record)
    };
    listed.aliases.iter().map(alias).collect()
}
