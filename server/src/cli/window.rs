//! The flags `--from` and `--to` of commands that read the rows of a window.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;

#[cfg(test)]
mod tests;

/// Which rows, by their event times.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct WindowArgs {
    /// Start of the window, RFC 3339 [default: 24 hours before its end]
    #[arg(long, env = "SKEG_FROM", value_name = "TIME")]
    pub(super) from: Option<Timestamp>,
    /// End of the window, exclusive [default: now]
    #[arg(long, env = "SKEG_TO", value_name = "TIME")]
    pub(super) to: Option<Timestamp>,
}

// === impl WindowArgs ===

impl WindowArgs {
    /// The window at `now`.
    ///
    /// # Errors
    /// Code 78 when it ends before it starts, or lies outside the years 1970 to 9998.
    pub(super) fn window(&self, now: Timestamp) -> Result<drift::Window, Failure> {
        let (start, end) = self.ends(now)?;
        drift::Window::new(start.as_microsecond(), end.as_microsecond())
            .map_err(|error| Failure::config(vec![error.to_string()]))
    }

    /// Its start and its end.
    ///
    /// # Errors
    /// Code 78 when the day before its end is no date.
    pub(super) fn ends(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Failure> {
        let end = self.to.unwrap_or(now);
        let day_before = end.checked_sub(SignedDuration::from_hours(24));
        let start = match self.from {
            Some(from) => from,
            None => day_before.map_err(|error| Failure::config(vec![error.to_string()]))?,
        };
        Ok((start, end))
    }
}
