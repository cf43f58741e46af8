//! A folder that others filled: listings and reads that are bounded and never leave it.
//!
//! Called by the readers of `import`. A link is followed where it stays inside, since mounted
//! volumes are made of such; one that leads out is seen and never read. Whoever may change the
//! folder while it is read is not held off.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

/// Entries of all folders together that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// The folder, and how much more of it may be listed.
#[derive(Debug)]
pub(super) struct Folder {
    /// Without a link on the way to it.
    root: PathBuf,
    entries: usize,
}

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link that leads out, or nowhere.
    Away,
    /// A socket, a pipe, a device.
    Other,
}

/// A name in a folder.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Without a link on the way to it, but for one that leads away.
    pub(super) path: PathBuf,
}

// === impl Folder ===

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let root = path.canonicalize().map_err(|error| error.to_string())?;
        Ok(Self { root, entries: ENTRIES_MAX })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A place in the folder as a person would name it; the folder itself is ".".
    pub(super) fn shown(&self, path: &Path) -> String {
        let inner = path.strip_prefix(&self.root).unwrap_or(path);
        if inner.as_os_str().is_empty() { ".".to_owned() } else { inner.display().to_string() }
    }

    /// What is in a folder, sorted by name. Hidden names and those that are not text are left out.
    pub(super) fn list(&mut self, at: &Path) -> Result<Vec<Entry>, String> {
        let unread = |error| format!("`{}` cannot be read: {error}", at.display());
        let mut found = Vec::new();
        for entry in fs::read_dir(at).map_err(unread)? {
            let left = self.entries.checked_sub(1);
            let over = || format!("more than {ENTRIES_MAX} files are in it");
            self.entries = left.ok_or_else(over)?;
            let Ok(name) = entry.map_err(unread)?.file_name().into_string() else { continue };
            if !name.starts_with('.') {
                found.push(self.entry(at, name));
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The regular file at a plain relative path below `at`, without a link on the way to it.
    pub(super) fn file(&self, at: &Path, relative: &str) -> Result<PathBuf, String> {
        let inner = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        let shown: String = relative.chars().take(200).collect();
        let refused = |what: &str| Err(format!("`{shown}` {what}"));
        if relative.is_empty() || !Path::new(relative).components().all(inner) {
            return refused("is no plain relative path");
        }
        let path = match at.join(relative).canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => return refused("is not there"),
            Err(error) => return refused(&format!("cannot be read: {error}")),
        };
        if !path.starts_with(&self.root) {
            return refused("leads out of the folder");
        }
        // Asked before it is opened: a pipe would wait for a writer.
        if !path.is_file() {
            return refused("is no regular file");
        }
        Ok(path)
    }

    /// The text of such a file, of at most `max` bytes.
    pub(super) fn text(&self, at: &Path, relative: &str, max: usize) -> Result<String, String> {
        let path = self.file(at, relative)?;
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| {
            let mut file = file.take(max as u64 + 1);
            file.read_to_end(&mut bytes)
        });
        read.map_err(|error| format!("`{relative}` cannot be read: {error}"))?;
        if bytes.len() > max {
            return Err(format!("`{relative}` has more than the {max} bytes allowed"));
        }
        String::from_utf8(bytes).map_err(|_| format!("`{relative}` is not UTF-8 text"))
    }

    fn entry(&self, at: &Path, name: String) -> Entry {
        let given = at.join(&name);
        let Some(path) = given.canonicalize().ok().filter(|path| path.starts_with(&self.root))
        else {
            return Entry { name, kind: Kind::Away, path: given };
        };
        let kind = match fs::metadata(&path) {
            Ok(about) if about.is_file() => Kind::File,
            Ok(about) if about.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        Entry { name, kind, path }
    }
}

#[cfg(test)]
mod tests;
