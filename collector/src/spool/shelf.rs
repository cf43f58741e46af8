//! The segments and the accounts of one writing thread, in memory or in the files of its house.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cells::Cells;
use super::journal::Piece;
use super::segment::{Found, HEADER, Segment, Tail};
use crate::error::Error;

/// Most bytes of a segment that is read; none is made larger.
const MAX_SEGMENT: usize = 1 << 28;

const CELLS: &str = ".accounts";
const SEGMENT: &str = ".segment";

/// Where segments that are none are moved to, beside the houses.
pub(crate) const DAMAGED: &str = "damaged";

/// The segments of one writing thread.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) cells: Arc<Cells>,
    /// Which thread's.
    writer: usize,
    folder: Option<PathBuf>,
    /// By number.
    segments: Mutex<BTreeMap<u64, Stored>>,
    /// Bytes of all segments.
    bytes: AtomicUsize,
}

#[derive(Clone, Debug)]
struct Stored {
    /// One that is only in its file is read when it is asked for.
    segment: Option<Arc<Segment>>,
    bytes: usize,
}

/// A place in a writing thread's segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) segment: u64,
    pub(crate) at: usize,
}

/// The file of a thread's accounts.
pub(crate) fn cells_file(writer: usize) -> String {
    format!("{writer:04}{CELLS}")
}

/// The file of a thread's segment.
pub(crate) fn segment_file(writer: usize, number: u64) -> String {
    format!("{writer:04}-{number:08}{SEGMENT}")
}

/// The shelves of a folder that was left.
///
/// # Errors
/// [`Error::Spool`] for what cannot be read, and for segments of a thread without accounts.
pub(crate) fn left(folder: &Path) -> Result<Vec<Shelf>, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Spool { path, source }
    };
    let (mut cells, mut segments) = (BTreeMap::new(), BTreeMap::<usize, BTreeMap<_, _>>::new());
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if let Some(writer) = name.strip_suffix(CELLS).and_then(|name| name.parse::<usize>().ok()) {
            cells.insert(writer, Cells::read(&path).map_err(failed(&path))?);
        } else if let Some(parts) = name.strip_suffix(SEGMENT).and_then(|name| name.split_once('-'))
            && let (Ok(writer), Ok(number)) = (parts.0.parse::<usize>(), parts.1.parse::<u64>())
        {
            let size = std::fs::metadata(&path).map_err(failed(&path))?.len();
            let bytes = usize::try_from(size).unwrap_or(usize::MAX);
            let stored = Stored { segment: None, bytes };
            segments.entry(writer).or_default().insert(number, stored);
        }
    }
    let missing = |writer: usize| {
        let path = folder.join(cells_file(writer));
        Error::Spool { path, source: io::ErrorKind::NotFound.into() }
    };
    let shelf = |(place, (writer, cells)): (usize, (usize, Cells))| {
        if writer != place {
            return Err(missing(place));
        }
        let shelf = Shelf::new(Arc::new(cells), writer, Some(folder));
        for (number, stored) in segments.remove(&writer).unwrap_or_default() {
            shelf.insert(number, stored);
        }
        Ok(shelf)
    };
    let shelves = cells.into_iter().enumerate().map(shelf).collect::<Result<Vec<_>, _>>()?;
    match segments.keys().next() {
        Some(writer) => Err(missing(*writer)),
        None => Ok(shelves),
    }
}

// === impl Shelf ===

impl Shelf {
    pub(crate) fn new(cells: Arc<Cells>, writer: usize, folder: Option<&Path>) -> Self {
        let (segments, bytes) = (Mutex::default(), AtomicUsize::new(0));
        Self { cells, writer, folder: folder.map(Path::to_owned), segments, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Stored>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, number: u64, stored: Stored) {
        self.bytes.fetch_add(stored.bytes, Ordering::Relaxed);
        self.lock().insert(number, stored);
    }

    fn path(&self, number: u64) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(segment_file(self.writer, number)))
    }

    /// Makes the next segment, not before number `least`. Only one thread does.
    ///
    /// # Errors
    /// [`Error::Spool`] when there is no room.
    pub(crate) fn add(&self, least: u64, bytes: usize) -> Result<Tail, Error> {
        let number = self.lock().last_key_value().map_or(least, |(last, _)| last + 1);
        // A disk may be slow: nobody waits for it here.
        let tail = match self.path(number) {
            None => Segment::anonymous(bytes)
                .map_err(|source| Error::Spool { path: PathBuf::new(), source })?,
            Some(path) => {
                Segment::create(&path, bytes).map_err(|source| Error::Spool { path, source })?
            }
        };
        self.insert(number, Stored { segment: Some(Arc::clone(tail.segment())), bytes });
        Ok(tail)
    }

    /// The segment of that number, read from its file if it must be. A file that is no segment is
    /// told of, moved aside, and has no entries.
    ///
    /// # Errors
    /// [`Error::Spool`] when it cannot be read.
    pub(crate) fn segment(&self, number: u64) -> Result<Option<Arc<Segment>>, Error> {
        let stored = self.lock().get(&number).cloned();
        let (stored, path) = match (stored, self.path(number)) {
            (None, _) => return Ok(None),
            (Some(Stored { segment: Some(segment), .. }), _) => return Ok(Some(segment)),
            (Some(_), None) => return Ok(Some(Segment::empty())),
            (Some(stored), Some(path)) => (stored, path),
        };
        match Segment::read(&path, MAX_SEGMENT) {
            Ok(segment) => Ok(Some(segment)),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) =>
            {
                let aside = set_aside(&path);
                tracing::error!(
                    path = %path.display(), %error, aside,
                    "a segment of the spool is damaged; its rows are lost"
                );
                let segment = Some(Segment::empty());
                self.lock().insert(number, Stored { segment, ..stored });
                Ok(Some(Segment::empty()))
            }
            Err(source) => Err(Error::Spool { path, source }),
        }
    }

    /// The number of the first segment from `number` on.
    pub(crate) fn from(&self, number: u64) -> Option<u64> {
        self.lock().range(number..).next().map(|(number, _)| *number)
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Deletes the segments before number `planned` that are not among the `open` ones.
    pub(crate) fn clear(&self, planned: u64, open: &BTreeSet<u64>) {
        let done: Vec<u64> = self.lock().range(..planned).map(|(number, _)| *number).collect();
        done.into_iter().filter(|number| !open.contains(number)).for_each(|n| self.remove(n));
    }

    /// Gives the room of segments back of which no entry is in `pieces`, and that behind the last
    /// entry of the others. Only for what was left: nobody writes to it.
    pub(crate) fn trim(&self, pieces: &[Piece]) {
        let mut ends = BTreeMap::<u64, usize>::new();
        for piece in pieces.iter().filter(|piece| piece.writer == self.writer) {
            let end = ends.entry(piece.segment).or_default();
            *end = (*end).max(piece.to);
        }
        let numbers: Vec<u64> = self.lock().keys().copied().collect();
        for number in numbers {
            let Some(end) = ends.get(&number) else {
                self.remove(number);
                continue;
            };
            let Some(path) = self.path(number) else { continue };
            let cut = std::fs::OpenOptions::new().write(true).open(&path);
            if cut.and_then(|file| file.set_len(*end as u64)).is_ok()
                && let Some(stored) = self.lock().get_mut(&number)
            {
                self.bytes.fetch_sub(stored.bytes.saturating_sub(*end), Ordering::Relaxed);
                stored.bytes = stored.bytes.min(*end);
            }
        }
    }

    fn remove(&self, number: u64) {
        let Some(stored) = self.lock().remove(&number) else { return };
        self.bytes.fetch_sub(stored.bytes, Ordering::Relaxed);
        let Some(path) = self.path(number) else { return };
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "a segment of the spool stays");
            }
            _ => {}
        }
    }
}

/// Moves a file of a house out of it, for a person to look at; `false` when it cannot be.
fn set_aside(path: &Path) -> bool {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let Some(house) = path.parent() else { return false };
    let (Some(spool), Some(of), Some(file)) = (house.parent(), name(house), name(path)) else {
        return false;
    };
    let aside = spool.join(DAMAGED);
    std::fs::create_dir_all(&aside).is_ok()
        && std::fs::rename(path, aside.join(format!("{of}-{file}"))).is_ok()
}

/// Calls `each` with the body of every entry of a piece.
pub(crate) fn walk<'s>(segment: &'s Segment, piece: &Piece, mut each: impl FnMut(&'s [u8], usize)) {
    let mut at = piece.from.max(HEADER);
    while at < piece.to {
        let Found::Entry(body, next) = segment.entry(at) else { break };
        each(body, at);
        at = next;
    }
}
