//! The command line: what may be typed, and which command does it.
//!
//! Every flag has an environment variable `SKEG_*`. Values are read as text here and checked in
//! `config`, so that all mistakes are reported at once. Exit codes: 0 done, 1 failed, 2 refused by
//! a rule, 64 usage, 78 bad configuration.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub mod demo;
pub mod drift;
pub mod serve;

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
    /// Compare live rows with the training data
    #[command(subcommand)]
    Drift(drift::DriftCommand),
}

/// How to serve; the same flags for `serve` and `demo`.
#[derive(Debug, Args)]
pub struct ServingArgs {
    /// Address of the scoring routes; port 0 takes a free one
    #[arg(long, env = "SKEG_HTTP", value_name = "ADDRESS")]
    pub http: Option<String>,
    /// Address of /metrics and health, for Prometheus and operators
    #[arg(long, env = "SKEG_ADMIN", value_name = "ADDRESS")]
    pub admin: Option<String>,
    /// Scoring threads [default: one per core]
    #[arg(long, env = "SKEG_WORKERS", value_name = "N")]
    pub workers: Option<String>,
    /// Folder of endpoint specs (*.yaml), read instead of the store's endpoints/
    #[arg(long, env = "SKEG_ENDPOINTS", value_name = "FOLDER")]
    pub endpoints: Option<String>,
    /// Largest request body in bytes
    #[arg(long, env = "SKEG_BODY_LIMIT", value_name = "BYTES", default_value = "67108864")]
    pub body_limit: String,
    /// Longest time for a request's head to arrive, and for a connection to be idle
    #[arg(long, env = "SKEG_HEADER_TIMEOUT", value_name = "TIME", default_value = "60s")]
    pub header_timeout: String,
    /// Longest time for a request's body to arrive
    #[arg(long, env = "SKEG_BODY_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub body_timeout: String,
    /// Most open connections; more wait in the kernel's queue
    #[arg(long, env = "SKEG_CONNECTIONS", value_name = "N", default_value = "16384")]
    pub connections: String,
    /// On SIGTERM, how long to keep answering, unready, while load balancers look away
    #[arg(long, env = "SKEG_DRAIN_DELAY", value_name = "TIME", default_value = "5s")]
    pub drain_delay: String,
    /// After that, how long requests in hand and unwritten rows may take
    #[arg(long, env = "SKEG_SHUTDOWN_BUDGET", value_name = "TIME", default_value = "30s")]
    pub shutdown_budget: String,
    /// Close a row file at this many rows
    #[arg(long, env = "SKEG_ROLL_ROWS", value_name = "N", default_value = "500000")]
    pub roll_rows: String,
    /// Close a row file at about this many bytes in memory
    #[arg(long, env = "SKEG_ROLL_BYTES", value_name = "BYTES", default_value = "67108864")]
    pub roll_bytes: String,
    /// Close a row file at this age [default: 60s, in a demo 5s]
    #[arg(long, env = "SKEG_ROLL_AGE", value_name = "TIME")]
    pub roll_age: Option<String>,
    /// This replica's name in row files [default: the host's name]
    #[arg(long, env = "SKEG_REPLICA", value_name = "NAME")]
    pub replica: Option<String>,
    /// What to log: a level, or tracing directives
    #[arg(long, env = "SKEG_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

/// A command that did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code.
    pub code: u8,
    /// What to tell the person, a line each.
    pub messages: Vec<String>,
}

// === impl Cli ===

impl Cli {
    /// Reads the process's arguments and environment.
    ///
    /// # Errors
    /// The exit code, after clap has printed what is wrong (64) or the help that was asked for (0).
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(Failure::USAGE) } else { ExitCode::SUCCESS }
        })
    }

    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Demo(args) => demo::run(&args),
            Command::Serve(args) => serve::run(&args),
            Command::Drift(command) => drift::run(&command),
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

// === impl Failure ===

impl Failure {
    /// The work failed.
    pub const FAILED: u8 = 1;
    /// A rule said no.
    pub const REFUSED: u8 = 2;
    /// The command line makes no sense.
    pub const USAGE: u8 = 64;
    /// A value or a file of the configuration is wrong.
    pub const CONFIG: u8 = 78;

    /// A failure with one line to say.
    pub fn new(code: u8, message: impl std::fmt::Display) -> Self {
        Self { code, messages: vec![message.to_string()] }
    }

    /// A configuration with these mistakes.
    pub fn config(mistakes: Vec<String>) -> Self {
        Self { code: Self::CONFIG, messages: mistakes }
    }
}

/// Prints `text` and a line end where a person or a script reads it.
pub fn say(text: impl std::fmt::Display) {
    // A closed pipe is the reader's choice, not a failure of the command.
    let _ = writeln!(std::io::stdout(), "{text}");
}
