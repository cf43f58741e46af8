//! The command line: what may be typed, and which command does it.
//!
//! Every flag has an environment variable `SKEG_*`. What serving takes stands in `config::flags`.
//! Exit codes: 0 done, 1 failed, 2 refused by a rule, 64 usage, 78 bad configuration.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::Failure;
use crate::trial;

pub mod baseline;
pub mod demo;
pub mod drift;
pub mod endpoints;
pub mod models;
mod progress;
pub mod rows;
pub mod serve;
pub mod traffic;
pub mod store;
mod table;
pub mod try_model;
mod window;

/// A low-latency ONNX scoring server that keeps models from drifting.
#[derive(Debug, Parser)]
#[command(name = "skeg", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the example fraud model from a local store, made where there is none
    Demo(demo::DemoArgs),
    /// Serve the endpoints of a store
    Serve(serve::ServeArgs),
    /// Register models in a store, list them, move their aliases
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Say what is served: endpoints, their deployments and shares of traffic
    #[command(subcommand)]
    Endpoints(endpoints::EndpointsCommand),
    /// Give an endpoint's deployments other shares of the traffic
    Traffic(traffic::TrafficArgs),
    /// Load and run the model on standard input once; for the server's own use
    #[command(name = trial::COMMAND, hide = true)]
    TryModel,
    /// Count training rows into a baseline
    #[command(subcommand)]
    Baseline(baseline::BaselineCommand),
    /// Compare live rows with the training data
    #[command(subcommand)]
    Drift(drift::DriftCommand),
    /// Check that every row is in the store that should be, or export rows
    #[command(subcommand)]
    Rows(rows::RowsCommand),
}

// === impl Cli ===

impl Cli {
    /// Reads the process's arguments and environment.
    ///
    /// # Errors
    /// The exit code, after clap has printed what is wrong (64) or the help that was asked for (0).
    pub fn read() -> Result<Self, ExitCode> {
        let read = Self::command().try_get_matches().and_then(|matches| {
            drift::files::check(&matches)?;
            Self::from_arg_matches(&matches)
        });
        read.map_err(|error| {
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(Failure::USAGE) } else { ExitCode::SUCCESS }
        })
    }

    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Demo(args) => demo::run(&args),
            Command::Serve(args) => serve::run(&args),
            Command::Models(command) => models::run(&command),
            Command::Endpoints(command) => endpoints::run(&command),
            Command::Traffic(args) => traffic::run(&args),
            Command::TryModel => try_model::run(),
            Command::Baseline(command) => baseline::run(&command),
            Command::Drift(command) => drift::run(&command),
            Command::Rows(command) => rows::run(&command),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                for message in &failure.messages {
                    let _ = writeln!(std::io::stderr(), "skeg: {message}");
                }
                ExitCode::from(failure.code)
            }
        }
    }
}

/// Prints `text` and a line end where a person or a script reads it.
pub fn say(text: impl std::fmt::Display) {
    // A closed pipe is the reader's choice, not a failure of the command.
    let _ = writeln!(std::io::stdout(), "{text}");
}
