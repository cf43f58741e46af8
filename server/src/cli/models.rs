//! `skeg models`: what the registry holds.

use std::sync::Arc;

use clap::Subcommand;
use object_store::ObjectStore;

use crate::audit::{self, Event, Kind};
use crate::config::Surroundings;
use crate::failure::Failure;

pub mod alias;
pub mod lineage;
pub mod list;
pub mod register;
pub mod show;
mod source;

/// What `skeg models` does.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Check a model and put it into the store as a new version
    Register(Box<register::RegisterArgs>),
    /// List the models, or the versions of one
    List(list::ListArgs),
    /// Show the record of a version
    Show(show::ShowArgs),
    /// Let aliases stand for versions, or take them away
    Alias(alias::AliasArgs),
}

/// Does what was asked.
///
/// # Errors
/// Those of the command.
pub fn run(command: &ModelsCommand) -> Result<(), Failure> {
    match command {
        ModelsCommand::Register(args) => register::run(args),
        ModelsCommand::List(args) => list::run(args),
        ModelsCommand::Show(args) => show::run(args),
        ModelsCommand::Alias(args) => alias::run(args),
    }
}

/// The registry's refusals are rules, the rest is failure.
fn failure(error: &model_loader::Error) -> Failure {
    use model_loader::Error::{Exists, Name, NotRegistered};
    let refused = matches!(error, Exists { .. } | Name { .. } | NotRegistered { .. });
    Failure::new(if refused { Failure::REFUSED } else { Failure::FAILED }, error)
}

/// Writes an event about something that is done; `done` says so when the event cannot be written.
async fn audited(
    store: &Arc<dyn ObjectStore>,
    around: &Surroundings,
    at: jiff::Timestamp,
    (event, subject, details): (Kind, String, serde_json::Value),
    done: &str,
) -> Result<(), Failure> {
    let event = Event { event, at, by: around.actor.clone(), subject, details };
    match audit::record(&**store, &event).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(Failure::FAILED, format!("{done}, but not {error}"))),
    }
}
