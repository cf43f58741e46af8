//! New bytes over a file, at once and for good, with a later time than the file had.
//!
//! Called by `local` under its lock. An ETag of `LocalFileSystem` is made of inode, time and size.
//! A file system may use an inode again and counts time in steps of milliseconds, so that two
//! replacements in one step could lead back to an ETag that was seen before: the time always grows.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::PutPayload;

/// An ETag has microseconds.
const STEP: Duration = Duration::from_micros(1);

/// Replaces `file`, which is there. Afterwards it has the old bytes or the new ones.
pub(super) fn replace(file: &Path, payload: &PutPayload) -> io::Result<()> {
    let staged = staged(file);
    // What a killed process left under this name is written over.
    let mut fresh = File::create(&staged)?;
    for piece in payload {
        fresh.write_all(piece)?;
    }
    let later = fs::metadata(file)?.modified()? + STEP;
    if fresh.metadata()?.modified()? < later {
        fresh.set_modified(later)?;
    }
    fresh.sync_all()?;
    drop(fresh);
    fs::rename(&staged, file)?;
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// `LocalFileSystem` numbers its own from 1, and shows no such name in a listing.
fn staged(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("#0");
    name.into()
}
