//! The accounts of one writing thread: how many rows of each lane and hour it was offered, and what
//! became of them. Kept in a mapped file, so that they are there after the process is killed.
//!
//! A slot is 64 bytes: which lane and hour it is of, and six counters. Only the thread that writes
//! adds to them, by plain stores; others may read at any time. A slot that is
//! [`freed`](Cells::free) may be taken for another lane and hour.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapMut, MmapRaw};
use serde::{Deserialize, Serialize};

use super::tally::{Count, Tally};

#[cfg(test)]
mod tests;

/// Slots of one writing thread: lanes times hours that are not settled yet.
const SLOTS: usize = 2048;

/// Words of a slot: its key, then the counters; the last is spare.
const WORDS: usize = 8;

const SLOT: usize = WORDS * 8;

/// Which rows a slot counts: the lane's number, and the hour since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Of {
    pub(crate) lane: u32,
    pub(crate) hour: u32,
}

/// All slots of one thread.
#[derive(Debug)]
pub(crate) struct Cells(Memory);

#[derive(Debug)]
enum Memory {
    Mapped(MmapRaw),
    Read(Vec<u8>),
}

/// The writing end: there is one.
#[derive(Debug)]
pub(crate) struct Ink {
    cells: Arc<Cells>,
    /// Where the slot was found last.
    last: usize,
}

/// The word of a slot that a count is in: the first is the key.
fn word(count: Count) -> usize {
    count as usize + 1
}

// === impl Of ===

impl Of {
    /// 0 is no key: it is the key of a slot that is free.
    fn key(self) -> u64 {
        (u64::from(self.lane) << 32 | u64::from(self.hour)).wrapping_add(1)
    }

    fn of_key(key: u64) -> Option<Self> {
        let both = key.checked_sub(1)?;
        // Both halves are meant.
        Some(Self { lane: (both >> 32) as u32, hour: both as u32 })
    }
}

// === impl Cells ===

impl Cells {
    /// Makes the cells of a thread in a new file, and gives their writing end.
    ///
    /// # Errors
    /// When there is such a file, or no room.
    pub(crate) fn create(path: &Path) -> io::Result<Ink> {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        io::Write::write_all(&mut file, &vec![0; SLOTS * SLOT])?;
        Ok(Ink::new(MmapRaw::map_raw(&file)?))
    }

    /// The same without a file.
    ///
    /// # Errors
    /// When there is no such memory.
    pub(crate) fn anonymous() -> io::Result<Ink> {
        Ok(Ink::new(MmapMut::map_anon(SLOTS * SLOT)?.into()))
    }

    /// Reads the cells that another process has left.
    ///
    /// # Errors
    /// When the file cannot be read or has another size.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let size = std::fs::metadata(path)?.len();
        if size != (SLOTS * SLOT) as u64 {
            let why = format!("{size} bytes, not the {} of a thread's accounts", SLOTS * SLOT);
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Self(Memory::Read(std::fs::read(path)?)))
    }

    /// Every slot that counts something. What became of rows is read before how many were offered,
    /// so that no row shows as spooled that does not show as offered.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (Of, Tally)> {
        (0..SLOTS).filter_map(|slot| {
            let of = Of::of_key(self.load(slot, 0))?;
            let mut tally = Tally::default();
            for count in Count::FRONT.into_iter().rev() {
                tally[count] = i64::try_from(self.load(slot, word(count))).unwrap_or(i64::MAX);
            }
            Some((of, tally))
        })
    }

    /// Gives the slot of `of` back, which nobody counts in any more.
    pub(crate) fn free(&self, of: Of) {
        if let Some(slot) = (0..SLOTS).find(|slot| self.load(*slot, 0) == of.key())
            && let Some(key) = self.word(slot, 0)
        {
            (1..WORDS)
                .filter_map(|n| self.word(slot, n))
                .for_each(|n| n.store(0, Ordering::Relaxed));
            key.store(0, Ordering::Release);
        }
    }

    fn load(&self, slot: usize, word: usize) -> u64 {
        match (&self.0, self.word(slot, word)) {
            (_, Some(word)) => word.load(Ordering::Acquire),
            (Memory::Read(bytes), None) => {
                let at = slot * SLOT + word * 8;
                let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
                word.map_or(0, u64::from_ne_bytes)
            }
            (Memory::Mapped(_), None) => 0,
        }
    }

    fn word(&self, slot: usize, word: usize) -> Option<&AtomicU64> {
        let Memory::Mapped(map) = &self.0 else { return None };
        debug_assert!(slot < SLOTS && word < WORDS, "word {word} of slot {slot}");
        // SAFETY: the place is inside of the map, which has all slots, and aligned, as a map begins
        // at a page. Every access to it by this process is an atomic one.
        Some(unsafe { AtomicU64::from_ptr(map.as_mut_ptr().add(slot * SLOT + word * 8).cast()) })
    }
}

// === impl Ink ===

impl Ink {
    fn new(map: MmapRaw) -> Self {
        Self { cells: Arc::new(Cells(Memory::Mapped(map))), last: 0 }
    }

    /// What is counted.
    pub(crate) fn cells(&self) -> &Arc<Cells> {
        &self.cells
    }

    /// Adds rows; `false` when all slots are taken by others.
    pub(crate) fn add(&mut self, of: Of, what: Count, rows: u64) -> bool {
        debug_assert!(Count::FRONT.contains(&what), "{what:?} is not counted here");
        let Some(slot) = self.slot(of) else { return false };
        self.last = slot;
        if let Some(count) = self.cells.word(slot, word(what)) {
            // The only thread that adds: a load and a store are enough.
            count.store(count.load(Ordering::Relaxed) + rows, Ordering::Release);
        }
        true
    }

    fn slot(&self, of: Of) -> Option<usize> {
        let key = |slot: usize| self.cells.word(slot, 0);
        let is = |slot: usize, wanted: u64| {
            key(slot).is_some_and(|key| key.load(Ordering::Relaxed) == wanted)
        };
        if is(self.last, of.key()) {
            return Some(self.last);
        }
        let found = (0..SLOTS).find(|slot| is(*slot, of.key()));
        if found.is_some() {
            return found;
        }
        let slot = (0..SLOTS).find(|slot| is(*slot, 0))?;
        let counts = (1..WORDS).filter_map(|n| self.cells.word(slot, n));
        counts.for_each(|count| count.store(0, Ordering::Relaxed));
        key(slot)?.store(of.key(), Ordering::Release);
        Some(slot)
    }
}
