//! `skeg serve`: the endpoints of a store, until SIGTERM.

use clap::Args;

use super::say;
use super::store::StoreArgs;
use crate::app::{self, Addresses};
use crate::config::flags::ServingArgs;
use crate::config::{self, Config, Defaults, Surroundings};
use crate::failure::Failure;
use crate::logging::Logging;
use crate::store::AzureVariables;

/// What `skeg serve` takes.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    serving: ServingArgs,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// Code 78 for a bad configuration, 1 when serving failed.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let defaults = Defaults { host: [0, 0, 0, 0], roll_age: "300s", model_control: false };
    let config = checked(&args.store.store, &args.serving, defaults)?;
    app::serve(&config, |addresses: &Addresses| say(addresses))
}

/// Checks the flags and starts logging; `demo` does the same with defaults of its own.
pub(super) fn checked(
    store: &str,
    args: &ServingArgs,
    defaults: Defaults,
) -> Result<Config, Failure> {
    let config = config::check(store, args, defaults, &Surroundings::read());
    let logging = Logging::start(&args.log);
    let logging = logging.map_err(|error| format!("--log \"{}\": {error}", args.log));
    match (config, logging) {
        (Ok(config), Ok(logging)) => Ok(Config { logging, ..config }),
        (Ok(_), Err(mistake)) => Err(Failure::config(vec![mistake])),
        (Err(mut mistakes), logging) => {
            mistakes.extend(logging.err());
            Err(Failure::config(mistakes))
        }
    }
}

/// The most characters of who runs a command.
const ACTOR_CHARS_MAX: usize = 60;

// === impl Surroundings ===

impl Surroundings {
    /// Looks around, once per command.
    pub(super) fn read() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "skeg" } else { host.trim() };
        Self {
            folder: std::env::current_dir().unwrap_or_default(),
            temporary: std::env::temp_dir(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            host: host.to_owned(),
            binary: std::env::current_exe().unwrap_or_else(|_| "skeg".into()),
            azure: AzureVariables::read(variable),
            // What GitHub Actions and Azure Pipelines set.
            commit: variable("GITHUB_SHA").or_else(|| variable("BUILD_SOURCEVERSION")),
            actor: variable("GITHUB_ACTOR")
                .or_else(|| variable("BUILD_REQUESTEDFOREMAIL"))
                .or_else(|| variable("USER"))
                .map_or_else(|| host.to_owned(), |name| format!("{name}@{host}"))
                .chars()
                .filter(|c| !c.is_control())
                .take(ACTOR_CHARS_MAX)
                .collect(),
        }
    }
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "the command line's one place to read them")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
