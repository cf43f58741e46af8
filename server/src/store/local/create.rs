//! A new file, whole and for good, or none: written aside, then moved to its name if that is free.
//!
//! Called by `local`. The library writes a new file beside its place, as `NAME#1`: a killed process
//! leaves that in the tree of rows, and a reader that takes all files of a folder, as pandas does,
//! reads it as well. Here it is at the store's root, under a name that no listing shows, and moved
//! by one call that fails when there is such a file.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use object_store::PutPayload;
use tempfile::Builder;

/// Before and after what is drawn; the end keeps it out of listings.
const STAGED: (&str, &str) = (".skeg-staged-", "#0");

/// A file that nobody has written to for so long was left by a process that was killed.
const LEFT: Duration = Duration::from_hours(1);

/// Makes `file`, which is below `root`, with the bytes of `payload`.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is such a file; that is left as it is.
pub(super) fn create(root: &Path, file: &Path, payload: &PutPayload) -> io::Result<()> {
    let mut staged = Builder::new()
        .prefix(STAGED.0)
        .suffix(STAGED.1)
        // As of any file that a process makes: less what its mask takes.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(root)?;
    // What stays is in nobody's way.
    let _ = sweep(root, staged.as_file());
    for piece in payload {
        staged.write_all(piece)?;
    }
    staged.as_file().sync_all()?;
    let Some(folder) = file.parent() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let is_new = !folder.is_dir();
    fs::create_dir_all(folder)?;
    staged.persist_noclobber(file).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    if is_new {
        // The folders' own names.
        for above in folder.ancestors().skip(1).take_while(|above| above.starts_with(root)) {
            File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}

/// Deletes what killed processes have left; `fresh`, made just now by the same disk, says what time
/// it is there.
fn sweep(root: &Path, fresh: &File) -> io::Result<()> {
    let now = fresh.metadata()?.modified()?;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let is_staged = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(STAGED.0) && name.ends_with(STAGED.1));
        let is_left = || {
            let written = entry.metadata()?.modified()?;
            Ok::<_, io::Error>(now.duration_since(written).is_ok_and(|age| age > LEFT))
        };
        if is_staged && is_left()? {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
