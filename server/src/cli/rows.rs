//! `skeg rows`: is every row in the store that should be, and rows as one file.

use std::ops::Range;

use clap::Subcommand;
use jiff::Timestamp;

use super::window::WindowArgs;
use crate::failure::Failure;

mod export;
mod verify;

/// What `skeg rows` does.
#[derive(Debug, Subcommand)]
pub enum RowsCommand {
    /// Hold the rows files of an endpoint against its accounts, hour by hour
    ///
    /// In each UTC hour, in rows: offered = sampled out + dropped + spooled; spooled = in files +
    /// lost + pending. Rows in files are counted from the files' footers. Pending rows are in a
    /// spool; while the hour ended less than 2 h ago they may still come, later they are missing.
    /// Rows of files and accounts that are on their way to the store are waited for, 5 s.
    ///
    /// Exit code 0 when the law holds in all hours, rows that may still come not counted; 2 when it
    /// does not.
    Verify(verify::VerifyArgs),
    /// Put the rows of a window into one Parquet or CSV file, with their labels if wanted
    ///
    /// Exactly the rows in the store whose event_time is in the window and that pass the filters,
    /// in the order of their files. Rows of several model versions get the columns of all; what a
    /// row does not have is null. A column whose types differ becomes int64 (of integers) or uint64
    /// (of unsigned ones), float64 (of any numbers; exact up to 2^53), else text.
    ///
    /// --labels adds label, label_value and label_time: the label of the row with the latest
    /// label_time, of those the one received last; null where there is none.
    ///
    /// The file appears whole or not at all. Exit code 1 when no file may have such rows (their
    /// columns are not known then), or one cannot be read. Rows that are still in a spool are in no
    /// file yet: `skeg rows verify` counts them.
    Export(export::ExportArgs),
}

/// Does what was asked.
///
/// # Errors
/// Those of the command.
pub fn run(command: &RowsCommand) -> Result<(), Failure> {
    let now = Timestamp::now();
    match command {
        RowsCommand::Verify(args) => verify::run(args, now),
        RowsCommand::Export(args) => export::run(args, now),
    }
}

/// The window in unix microseconds.
fn window(args: WindowArgs, now: Timestamp) -> Result<Range<i64>, Failure> {
    let (start, end) = args.ends(now)?;
    if start >= end {
        let mistake = format!("the window ends at {end}, not after its start {start}");
        return Err(Failure::config(vec![mistake]));
    }
    Ok(start.as_microsecond()..end.as_microsecond())
}
