//! One life's part of a spool: the segments and accounts of its writing threads, its lanes and its
//! journal, in a folder of its own or in memory.
//!
//! The process that made the folder holds a lock on it; a folder without one is left over, and is
//! taken over by whoever finds it. Both are the same to the sink: rows that are read, planned and
//! put, under the name of the life that wrote them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use super::cells::{Cells, Ink, Of};
use super::journal::{Journal, Piece};
use super::lanes::Lanes;
use super::segment::Tail;
use super::shelf::{self, Shelf, cells_file};
use super::tally::Tally;
use crate::error::Error;

pub(super) const LOCK: &str = "lock";
const LANES: &str = "lanes.jsonl";
const JOURNAL: &str = "journal.jsonl";

/// Extension of a folder that nothing is needed of any more.
pub(super) const GONE: &str = ".gone";

/// The version of all files of a house.
const FORMAT: u32 = 1;

/// Most bytes of a lock file.
const MAX_LOCK: u64 = 4096;

/// A life's part of the spool.
#[derive(Debug)]
pub(crate) struct House {
    folder: Option<PathBuf>,
    /// Whose files: the replica's name, and its life's.
    pub(crate) replica: String,
    pub(crate) boot: String,
    life: u64,
    pub(crate) lanes: Lanes,
    pub(crate) journal: Mutex<Journal>,
    pub(crate) shelves: Vec<Shelf>,
    /// Lanes and hours whose cells another process was giving back when it ended: they count no
    /// more.
    settling: BTreeSet<Of>,
    /// Whether another process wrote it, so that nothing is added any more.
    pub(crate) is_left: bool,
    _lock: Option<File>,
}

/// What the lock file says: whose house it is, whatever its folder is called.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Deed {
    format: u32,
    replica: String,
    boot: String,
    /// Where its rows go: they are put nowhere else.
    store: String,
}

/// What a folder in a spool is to who finds it.
#[derive(Debug)]
pub(crate) enum Found {
    /// Left over, and now the finder's.
    House(Box<House>),
    /// Of a life that still lives, or had nothing to leave.
    Nothing,
    /// Of a life that ended before it said whose it was, or is about to say so.
    Unsaid,
    /// Left over, with rows that belong to this store.
    OfStore(String),
}

// === impl House ===

impl House {
    /// A new part, in the folder `replica-boot` of `spool` or in memory, for rows that go to
    /// `store`, and the accounts of its `writers`.
    ///
    /// # Errors
    /// [`Error::Spool`] when the folder cannot be made or written; nothing of it stays then.
    pub(crate) fn new(
        spool: Option<&Path>,
        life: (&str, &str),
        store: &str,
        writers: usize,
    ) -> Result<(Self, Vec<Ink>), Error> {
        let folder = spool.map(|spool| spool.join(format!("{}-{}", life.0, life.1)));
        let failed = |source| Error::Spool { path: folder.clone().unwrap_or_default(), source };
        folder.as_deref().map_or(Ok(()), std::fs::create_dir).map_err(failed)?;
        Self::fill(folder.as_deref(), life, store, writers).map_err(|source| {
            if let Some(folder) = &folder {
                drop(std::fs::remove_dir_all(folder));
            }
            failed(source)
        })
    }

    fn fill(
        folder: Option<&Path>,
        (replica, boot): (&str, &str),
        store: &str,
        writers: usize,
    ) -> io::Result<(Self, Vec<Ink>)> {
        let lock = folder.map(|folder| {
            let mut lock =
                OpenOptions::new().write(true).create_new(true).open(folder.join(LOCK))?;
            // Another process may look whether it is left.
            lock.lock()?;
            // Whoever finds the lock without a word leaves it alone: it is just being made.
            let [replica, boot, store] = [replica, boot, store].map(str::to_owned);
            let deed = serde_json::to_vec(&Deed { format: FORMAT, replica, boot, store })?;
            lock.write_all(&deed)?;
            Ok::<_, io::Error>(lock)
        });
        let lock = lock.transpose()?;
        let file = |name: &str| folder.map(|folder| folder.join(name));
        let ink = (0..writers).map(|writer| match file(&cells_file(writer)) {
            Some(path) => Cells::create(&path),
            None => Cells::anonymous(),
        });
        let ink = ink.collect::<io::Result<Vec<_>>>()?;
        let shelf =
            |(writer, ink): (usize, &Ink)| Shelf::new(Arc::clone(ink.cells()), writer, folder);
        let house = Self {
            replica: replica.to_owned(),
            boot: boot.to_owned(),
            life: XxHash64::oneshot(0, format!("{replica}-{boot}").as_bytes()),
            lanes: Lanes::create(file(LANES))?,
            // The last: a folder that has a journal has all of it.
            journal: Mutex::new(Journal::create(file(JOURNAL))?),
            shelves: ink.iter().enumerate().map(shelf).collect(),
            settling: BTreeSet::new(),
            is_left: false,
            _lock: lock,
            folder: folder.map(Path::to_owned),
        };
        Ok((house, ink))
    }

    /// Takes over what another process has left in `folder`, unless its rows go elsewhere than to
    /// `store`.
    ///
    /// # Errors
    /// [`Error::Spool`] for what cannot be read, naming it.
    pub(crate) fn take_over(folder: &Path, store: &str) -> Result<Found, Error> {
        let failed = |name: &str| {
            let path = folder.join(name);
            move |source| Error::Spool { path, source }
        };
        let lock = match OpenOptions::new().read(true).write(true).open(folder.join(LOCK)) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Unsaid),
            Err(error) => return Err(failed(LOCK)(error)),
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Found::Nothing),
            Err(TryLockError::Error(error)) => return Err(failed(LOCK)(error)),
        }
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(deed) = deed(&lock, name).map_err(failed(LOCK))? else {
            return Ok(Found::Unsaid);
        };
        if deed.store != store {
            return Ok(Found::OfStore(deed.store));
        }
        let Deed { replica, boot, .. } = deed;
        if !folder.join(JOURNAL).exists() {
            // It ended while it was made.
            remove(folder);
            return Ok(Found::Nothing);
        }
        let lanes = Lanes::read(&folder.join(LANES)).map_err(failed(LANES))?;
        let journal = Journal::resume(&folder.join(JOURNAL)).map_err(failed(JOURNAL))?;
        Ok(Found::House(Box::new(Self {
            life: XxHash64::oneshot(0, format!("{replica}-{boot}").as_bytes()),
            replica,
            boot,
            lanes,
            settling: journal.state().settling.clone(),
            journal: Mutex::new(journal),
            shelves: shelf::left(folder)?,
            is_left: true,
            folder: Some(folder.to_owned()),
            _lock: Some(lock),
        })))
    }

    /// Makes the next segment of a writing thread.
    ///
    /// # Errors
    /// [`Error::Spool`] when there is no room.
    pub(crate) fn segment(&self, writer: usize, bytes: usize) -> Result<Tail, Error> {
        let planned = self.journal().state().planned.get(&writer).copied();
        // Not a number that there was.
        let least = planned.map_or(0, |(segment, _)| segment + 1);
        self.shelves[writer].add(least, bytes)
    }

    /// A number for the life that wrote it: a hash of its name.
    pub(crate) fn life(&self) -> u64 {
        self.life
    }

    /// The counts of all writing threads.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (Of, Tally)> {
        let all = self.shelves.iter().flat_map(|shelf| shelf.cells.tallies());
        all.filter(|(of, _)| !self.settling.contains(of))
    }

    /// Gives cells back.
    pub(crate) fn free(&self, of: &BTreeSet<Of>) -> BTreeMap<Of, Tally> {
        let mut freed = BTreeMap::<Of, Tally>::new();
        for shelf in &self.shelves {
            for (of, tally) in shelf.cells.tallies().filter(|(found, _)| of.contains(found)) {
                freed.entry(of).or_default().add(tally);
                shelf.cells.free(of);
            }
        }
        freed
    }

    /// The endpoint that a lane's rows are of.
    pub(crate) fn endpoint(&self, of: Of) -> Option<String> {
        self.lanes.get(of.lane).map(|lane| lane.schema.source().endpoint.clone())
    }

    /// The journal.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of all its segments.
    pub(crate) fn bytes(&self) -> usize {
        self.shelves.iter().map(Shelf::bytes).sum()
    }

    /// Deletes the segments that neither a plan nor a reader needs any more.
    pub(crate) fn clear(&self) {
        for (writer, shelf) in self.shelves.iter().enumerate() {
            let (planned, open) = self.journal().state().needed(writer);
            shelf.clear(planned, &open);
        }
    }

    /// Gives the room back that none of `pieces`, all that is still needed, is in. Only for what
    /// was left.
    pub(crate) fn trim(&self, pieces: &[Piece]) {
        self.shelves.iter().for_each(|shelf| shelf.trim(pieces));
    }

    /// Whether the rows go with the process.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.folder.is_none()
    }

    /// Its folder, for messages.
    pub(crate) fn name(&self) -> String {
        self.folder.as_deref().map_or_else(String::new, |folder| folder.display().to_string())
    }

    /// An error of its journal.
    pub(crate) fn failed(&self, source: io::Error) -> Error {
        let path = self.folder.clone().unwrap_or_default().join(JOURNAL);
        Error::Spool { path, source }
    }

    /// Deletes the folder, of which nothing is needed any more.
    pub(crate) fn demolish(&self) {
        if let Some(folder) = &self.folder {
            remove(folder);
        }
    }
}

/// Whose a house is, by its lock; `None` when that says nothing yet.
fn deed(lock: &File, folder: &str) -> io::Result<Option<Deed>> {
    let mut text = Vec::new();
    lock.take(MAX_LOCK).read_to_end(&mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let deed: Deed = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
    let Deed { format, replica, boot, .. } = &deed;
    if *format != FORMAT {
        let why = format!("format {format}, and this program reads {FORMAT}");
        return Err(invalid(why));
    }
    // Rows of a copy would be put a second time, under the names of the first.
    if folder != format!("{replica}-{boot}") {
        return Err(invalid(format!("it is of `{replica}-{boot}`: a copy, or renamed")));
    }
    Ok(Some(deed))
}

/// Deletes a folder; should the process end meanwhile, the next one sees what was meant.
pub(super) fn remove(folder: &Path) {
    let gone = match folder.to_str() {
        Some(name) if !name.ends_with(GONE) => PathBuf::from(format!("{name}{GONE}")),
        _ => folder.to_owned(),
    };
    let removed = if gone == folder { Ok(()) } else { std::fs::rename(folder, &gone) };
    if let Err(error) = removed.and_then(|()| std::fs::remove_dir_all(&gone)) {
        tracing::warn!(path = %folder.display(), %error, "a folder of the spool stays");
    }
}
