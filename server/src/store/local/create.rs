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

use object_store::PutPayload;
use tempfile::Builder;

/// Before and after what is drawn; the end keeps it out of listings.
const STAGED: (&str, &str) = (".skeg-staged-", "#0");

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
