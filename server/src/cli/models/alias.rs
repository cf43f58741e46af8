//! `skeg models alias`: lets aliases stand for versions, or takes them away.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use model_loader::{Alias, ModelRef, Name, NewAlias, Registry};
use object_store::ObjectStore;
use serde_json::json;

use super::{audited, failure};
use crate::audit::Kind;
use crate::cli::say;
use crate::cli::store::StoreArgs;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;

/// What `skeg models alias` takes.
#[derive(Debug, Args)]
pub struct AliasArgs {
    /// The model
    #[arg(value_name = "NAME")]
    name: Name,
    /// What shall stand for what: champion=2
    #[arg(
        value_name = "ALIAS=VERSION",
        value_parser = assignment,
        required_unless_present = "remove"
    )]
    set: Vec<(Alias, Name)>,
    /// Take an alias away; may be given many times
    #[arg(long, value_name = "ALIAS")]
    remove: Vec<Alias>,
    #[command(flatten)]
    store: StoreArgs,
}

/// Moves the aliases, one after the other.
///
/// # Errors
/// Code 2 when a version is not registered, before anything is moved, or an alias that is to go is
/// not set; 1 when the store failed; 64 for an alias that is named twice; 78 for a store that makes
/// no sense.
pub fn run(args: &AliasArgs) -> Result<(), Failure> {
    let mut named = BTreeSet::new();
    let twice = |alias: &&Alias| !named.insert((*alias).clone());
    let all = args.set.iter().map(|(alias, _)| alias).chain(&args.remove);
    if let Some(alias) = all.into_iter().find(twice) {
        return Err(Failure::new(Failure::USAGE, format!("alias {alias} is named twice")));
    }
    let around = Surroundings::read();
    let store = args.store.open(&around)?;
    let runtime = runtime::new().map_err(|error| Failure::new(Failure::FAILED, error))?;
    runtime.block_on(change(args, &around, &store))
}

async fn change(
    args: &AliasArgs,
    around: &Surroundings,
    store: &Arc<dyn ObjectStore>,
) -> Result<(), Failure> {
    let registry = Registry::new(Arc::clone(store));
    for (_, version) in &args.set {
        let model = ModelRef { model: args.name.clone(), version: version.clone() };
        registry.manifest(&model).await.map_err(|error| failure(&error))?;
    }
    for (alias, version) in &args.set {
        set(args, around, store, (alias, version)).await?;
    }
    for alias in &args.remove {
        let removed = registry.remove_alias(&args.name, alias).await;
        let version = removed.map_err(|error| failure(&error))?;
        let subject = format!("{}@{alias}", args.name);
        let done = format!("removed {subject}");
        let event = (Kind::AliasRemoved, subject, json!({"version": version}));
        audited(store, around, jiff::Timestamp::now(), event, &done).await?;
        say(done);
    }
    Ok(())
}

async fn set(
    args: &AliasArgs,
    around: &Surroundings,
    store: &Arc<dyn ObjectStore>,
    (alias, version): (&Alias, &Name),
) -> Result<(), Failure> {
    let at = jiff::Timestamp::now();
    let new = NewAlias {
        model: args.name.clone(),
        alias: alias.clone(),
        version: version.clone(),
        set_by: around.actor.clone(),
        at: at.to_string(),
    };
    let written = Registry::new(Arc::clone(store)).set_alias(new).await;
    let subject = format!("{}@{alias}", args.name);
    let Some(record) = written.map_err(|error| failure(&error))? else {
        say(format_args!("{subject} stands for version {version} already"));
        return Ok(());
    };
    let before = match &record.previous {
        Some(previous) => format!(", before it was {previous}"),
        None => String::new(),
    };
    let done = format!("{subject} stands for version {version}{before}");
    let details = json!({"version": record.version, "previous": record.previous});
    audited(store, around, at, (Kind::AliasSet, subject, details), &done).await?;
    say(done);
    Ok(())
}

fn assignment(text: &str) -> Result<(Alias, Name), String> {
    let (alias, version) = text.split_once('=').ok_or("it has no `=` after the alias")?;
    let said = |error: model_loader::Error| error.to_string();
    Ok((alias.parse().map_err(said)?, version.parse().map_err(said)?))
}
