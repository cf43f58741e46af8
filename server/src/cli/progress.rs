//! A progress bar for long work, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that is gone when dropped.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

// === impl Progress ===

impl Progress {
    /// Over `all` rows to read, on standard error; hidden where that is no terminal.
    pub(super) fn of_rows(what: &'static str, all: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
        let style = "{prefix} {wide_bar} {human_pos}/{human_len} rows, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("a sound template"));
        bar.set_prefix(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(super) fn add(&mut self, rows: u64) {
        self.0.inc(rows);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
