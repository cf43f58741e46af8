//! A value read from files, and read again when what is in them changes.
//!
//! Looked at by content: Kubernetes swaps a mounted secret by a symbolic link, whose own time of
//! change says nothing. Read by anyone at the price of one atomic load; `refresh` is called by
//! `renewal` on the main thread alone.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use sha2::{Digest, Sha256};

#[cfg(test)]
mod tests;

/// Largest file taken; keys, certificates and key sets are far smaller.
const LARGEST: u64 = 1 << 20;

type Parse<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync>;

/// A value and the files it comes from.
pub struct Reloaded<T> {
    files: Vec<PathBuf>,
    parse: Parse<T>,
    value: ArcSwap<T>,
    /// SHA-256 of what was last looked at, good or bad; the content itself is not kept.
    seen: Mutex<[u8; 32]>,
}

// === impl Reloaded ===

impl<T> Reloaded<T> {
    /// Reads `files`, whose contents `parse` makes into a value.
    ///
    /// # Errors
    /// A sentence that names the file that cannot be read, or what `parse` says.
    pub fn open(
        files: Vec<PathBuf>,
        parse: impl Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let contents = read(&files)?;
        let (value, seen) = (ArcSwap::from_pointee(parse(&contents)?), Mutex::new(sum(&contents)));
        Ok(Self { files, parse: Box::new(parse), value, seen })
    }

    /// The value as it is now.
    #[inline]
    pub fn load(&self) -> Guard<Arc<T>> {
        self.value.load()
    }

    /// Reads the files again; whether there is a new value, `None` when nothing has changed.
    ///
    /// # Errors
    /// Why what the files now hold cannot be taken; the old value stays, and the same content is
    /// not reported twice.
    pub fn refresh(&self) -> Option<Result<(), String>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = read(&self.files);
        let now = match &contents {
            Ok(contents) => sum(contents),
            Err(sentence) => Sha256::digest(sentence).into(),
        };
        if *seen == now {
            return None;
        }
        *seen = now;
        let value = contents.and_then(|contents| (self.parse)(&contents));
        Some(value.map(|value| self.value.store(Arc::new(value))))
    }

    /// [`Self::refresh`], and says in the log what came of it; `what` is the flag that names them.
    pub fn renew(&self, what: &'static str) {
        match self.refresh() {
            None => {}
            Some(Ok(())) => tracing::info!(what, files = ?self.files, "read anew"),
            Some(Err(error)) => {
                tracing::warn!(what, error, "not taken over: what was there before stays in use");
            }
        }
    }
}

impl<T> fmt::Debug for Reloaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloaded").field("files", &self.files).finish_non_exhaustive()
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    files.iter().map(|file| read_one(file)).collect()
}

/// A file's content.
///
/// # Errors
/// A sentence that names the file, when it cannot be read or is too large.
pub fn read_one(path: &Path) -> Result<Vec<u8>, String> {
    let says = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| says(&error))?;
    let mut content = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut content).map_err(|error| says(&error))?;
    if content.len() as u64 > LARGEST {
        return Err(says(&format_args!("is larger than {LARGEST} bytes")));
    }
    Ok(content)
}

fn sum(contents: &[Vec<u8>]) -> [u8; 32] {
    let mut sum = Sha256::new();
    for content in contents {
        sum.update((content.len() as u64).to_le_bytes());
        sum.update(content);
    }
    sum.finalize().into()
}
