//! A spool's folder: what earlier lives, and other replicas, have left in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::house::{Found, GONE, House, LOCK, remove};
use super::shelf::DAMAGED;
use crate::error::Error;

#[cfg(test)]
mod tests;

/// The folder that the lives of several replicas share, as who looks after it sees it.
#[derive(Debug)]
pub(crate) struct Estate {
    spool: PathBuf,
    /// Rows are put there and nowhere else.
    store: String,
    /// What was told of, once each.
    told: BTreeSet<PathBuf>,
    /// What said nothing when it was last looked at.
    unsaid: BTreeSet<PathBuf>,
}

// === impl Estate ===

impl Estate {
    /// The folder `spool`, which is made if it is missing, as seen by who puts rows to `store`.
    ///
    /// # Errors
    /// [`Error::Spool`] when it cannot be made.
    pub(crate) fn open(spool: &Path, store: &str) -> Result<Self, Error> {
        let failed = |source| Error::Spool { path: spool.to_owned(), source };
        std::fs::create_dir_all(spool).map_err(failed)?;
        let (spool, store) = (spool.to_owned(), store.to_owned());
        Ok(Self { spool, store, told: BTreeSet::new(), unsaid: BTreeSet::new() })
    }

    /// What is left over now and not yet taken over. What cannot be read, and rows that belong to
    /// another store, are told of and left as they are.
    ///
    /// # Errors
    /// [`Error::Spool`] when the folder itself cannot be read.
    pub(crate) fn left(&mut self) -> Result<Vec<House>, Error> {
        let spool = self.spool.clone();
        let failed = |source| Error::Spool { path: spool.clone(), source };
        let (mut houses, mut unsaid) = (Vec::new(), BTreeSet::new());
        for entry in std::fs::read_dir(&spool).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if !path.is_dir() || path.ends_with(DAMAGED) {
                continue;
            }
            if path.to_str().is_some_and(|path| path.ends_with(GONE)) {
                // Its process ended while it was deleted.
                remove(&path);
                continue;
            }
            match House::take_over(&path, &self.store) {
                Ok(Found::House(house)) => houses.push(*house),
                Ok(Found::Nothing) => {}
                // A life says whose it is within moments: this one ended before it could.
                Ok(Found::Unsaid) if self.unsaid.contains(&path) => discard(&path),
                Ok(Found::Unsaid) => drop(unsaid.insert(path)),
                Ok(Found::OfStore(store)) => self.tell(path, || {
                    format!(
                        "its rows belong to the store `{store}`: a server of that one puts them"
                    )
                }),
                Err(error) => self.tell(path, || error.to_string()),
            }
        }
        self.unsaid = unsaid;
        Ok(houses)
    }

    fn tell(&mut self, path: PathBuf, why: impl FnOnce() -> String) {
        if !self.told.contains(&path) {
            let why = why();
            tracing::error!(path = %path.display(), why, "a folder of the spool is left as it is");
            self.told.insert(path);
        }
    }
}

/// Deletes a folder that has nothing in it, or an empty lock. Whatever else is in it stays.
fn discard(folder: &Path) {
    let lock = folder.join(LOCK);
    if lock.metadata().is_ok_and(|lock| lock.len() == 0) {
        drop(std::fs::remove_file(&lock));
    }
    drop(std::fs::remove_dir(folder));
}
