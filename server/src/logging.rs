//! What is logged, and changing that while the server runs.
//!
//! JSON lines on the standard error, written by a thread of their own: nobody waits for a reader of
//! the log, and lines that find no room are lost. The filter is the command line's; Triton's
//! logging extension turns levels off and debugging on.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::Error;

#[cfg(test)]
mod tests;

/// The settings of Triton's logging extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Always the standard error, which has no name.
    pub log_file: String,
    /// Whether what happens is said.
    pub log_info: bool,
    /// Whether warnings are.
    pub log_warning: bool,
    /// Whether errors are.
    pub log_error: bool,
    /// Above 0, debugging is said too; above 1, everything.
    pub log_verbose_level: u64,
    /// Always JSON lines with the time of RFC 3339.
    pub log_format: String,
}

/// Settings that a client changes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where to; cannot be changed.
    pub log_file: Option<String>,
    /// Whether what happens is said.
    pub log_info: Option<bool>,
    /// Whether warnings are.
    pub log_warning: Option<bool>,
    /// Whether errors are.
    pub log_error: Option<bool>,
    /// How much more is said.
    pub log_verbose_level: Option<u64>,
    /// How; cannot be changed.
    pub log_format: Option<String>,
}

/// What is logged now.
#[derive(Clone, Debug)]
pub struct Logging {
    /// What was asked for on the command line.
    filter: String,
    settings: Arc<Mutex<Settings>>,
    /// Of the process's first start; none in a later one, as tests have.
    handle: Option<Handle<EnvFilter, Registry>>,
}

/// The thread that writes the log, until the process ends.
static WRITER: Mutex<Option<WorkerGuard>> = Mutex::new(None);

/// Writes what is not written yet, for as long as somebody reads it; called by `main` at the end.
pub fn finish() {
    drop(WRITER.lock().unwrap_or_else(PoisonError::into_inner).take());
}

// === impl Logging ===

impl Logging {
    /// Starts logging what `filter` lets through.
    ///
    /// # Errors
    /// What is wrong with the filter.
    pub fn start(filter: &str) -> Result<Self, String> {
        let parsed = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
        let (layer, handle) = reload::Layer::new(parsed);
        let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
        let lines = tracing_subscriber::fmt::layer().json().with_writer(writer);
        let started = tracing_subscriber::registry().with(layer).with(lines).try_init();
        if started.is_ok() {
            *WRITER.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
        }
        Ok(Self { handle: started.is_ok().then_some(handle), ..Self::silent(filter) })
    }

    /// Settings without a log.
    pub fn silent(filter: &str) -> Self {
        let settings = Arc::new(Mutex::new(Settings::default()));
        Self { filter: filter.to_owned(), settings, handle: None }
    }

    /// The settings now.
    pub fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes settings, and gives them all.
    ///
    /// # Errors
    /// [`Error::Request`] for a file or a format, which cannot be chosen.
    pub fn change(&self, change: Change) -> Result<Settings, Error> {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let next = settings.clone().changed(change)?;
        if let Some(handle) = &self.handle {
            let filter = EnvFilter::try_new(next.filter(&self.filter));
            let filter = filter.map_err(|error| Error::Request(error.to_string()))?;
            handle.reload(filter).map_err(|_| Error::Broken)?;
        }
        *settings = next.clone();
        Ok(next)
    }
}

// === impl Settings ===

impl Settings {
    fn changed(self, change: Change) -> Result<Self, Error> {
        let Change { log_file, log_format, .. } = &change;
        let fixed =
            [("log_file", log_file, &self.log_file), ("log_format", log_format, &self.log_format)];
        for (key, wanted, is) in fixed {
            if wanted.as_ref().is_some_and(|wanted| wanted != is) {
                return Err(Error::Request(format!("\"{key}\" cannot be changed")));
            }
        }
        Ok(Self {
            log_info: change.log_info.unwrap_or(self.log_info),
            log_warning: change.log_warning.unwrap_or(self.log_warning),
            log_error: change.log_error.unwrap_or(self.log_error),
            log_verbose_level: change.log_verbose_level.unwrap_or(self.log_verbose_level),
            ..self
        })
    }

    /// What lets through what these say; `usual` is what the command line said.
    fn filter<'a>(&self, usual: &'a str) -> &'a str {
        match self {
            Self { log_verbose_level: 2.., .. } => "trace",
            Self { log_verbose_level: 1, .. } => "debug",
            Self { log_info: true, .. } => usual,
            Self { log_warning: true, .. } => "warn",
            Self { log_error: true, .. } => "error",
            _ => "off",
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_file: String::new(),
            log_info: true,
            log_warning: true,
            log_error: true,
            log_verbose_level: 0,
            log_format: "default".to_owned(),
        }
    }
}
