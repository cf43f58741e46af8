//! A segment: a fixed run of memory that one thread appends entries to and another reads behind it.
//!
//! The memory is a file's, mapped: what was stored is there after the process is killed, without a
//! system call. After a header of [`HEADER`] bytes come entries, each a word of 8 bytes and a body
//! that is padded to 8. The word is zero until the body is whole and is stored last: the body's
//! length in its lower half, the lower half of the body's XXH3 (seed 0) in the upper. A reader that
//! finds a word finds the body, and the hash tells a torn one when the file is read after a power
//! failure.
//!
//! The only `unsafe` of this crate beside `cells`: the writing end has the bytes behind its mark to
//! itself, and everyone else sees only those before.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapMut, MmapOptions, MmapRaw};
use twox_hash::XxHash3_64;

#[cfg(test)]
mod tests;

/// Bytes before the first entry.
pub(crate) const HEADER: usize = 64;

/// Extension of a segment that is not whole yet.
const NEW: &str = "new";

/// Bytes of an entry's word.
const WORD: usize = 8;

/// The header's first bytes; the last is the format's version.
const MAGIC: [u8; 8] = *b"SKEGSEG1";

/// In the place of a word: there are no more entries, the next segment has them.
const SEALED: u64 = u64::MAX;

/// The memory of a segment; entries that are whole never change.
#[derive(Debug)]
pub(crate) struct Segment {
    memory: Memory,
    bytes: usize,
}

#[derive(Debug)]
enum Memory {
    /// Written by this process.
    Mapped(MmapRaw),
    /// Left by another, read from its file.
    Read(Vec<u8>),
}

/// The writing end of a segment: there is one.
#[derive(Debug)]
pub(crate) struct Tail {
    segment: Arc<Segment>,
    /// Where the next entry's word is.
    at: usize,
}

/// What is at a place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'s> {
    /// A whole entry: its body, and where the next one begins.
    Entry(&'s [u8], usize),
    /// Nothing yet.
    Nothing,
    /// Nothing any more: the segment has ended here.
    End,
    /// An entry that is not what was written.
    Torn,
}

// === impl Segment ===

impl Segment {
    /// Makes a segment of `bytes` bytes in a new file, with room for all of it on the disk, and
    /// gives its writing end.
    ///
    /// # Errors
    /// When there is such a file, or no room.
    pub(crate) fn create(path: &Path, bytes: usize) -> io::Result<Tail> {
        // Under another name until it is whole: a process that ends meanwhile leaves no segment.
        if path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let new = path.with_extension(NEW);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&new)?;
        let made = reserve(&file, bytes)
            .and_then(|()| MmapOptions::new().map_raw(&file))
            .and_then(|map| std::fs::rename(&new, path).map(|()| map));
        match made {
            Ok(map) => Ok(Self::fresh(map, bytes)),
            Err(error) => {
                // Half of a segment is of no use, and takes the room that is missing.
                drop(std::fs::remove_file(&new));
                Err(error)
            }
        }
    }

    /// The same without a file: it goes when the process goes.
    ///
    /// # Errors
    /// When there is no such memory.
    pub(crate) fn anonymous(bytes: usize) -> io::Result<Tail> {
        let mut map = MmapMut::map_anon(bytes)?;
        map[..MAGIC.len()].copy_from_slice(&MAGIC);
        Ok(Self::fresh(map.into(), bytes))
    }

    fn fresh(map: MmapRaw, bytes: usize) -> Tail {
        let segment = Arc::new(Self { memory: Memory::Mapped(map), bytes });
        segment.touch();
        Tail { segment, at: HEADER }
    }

    /// Reads a segment that another process has left. One whose header never reached the disk, as
    /// after a power failure, has no entries.
    ///
    /// # Errors
    /// When the file cannot be read; [`io::ErrorKind::InvalidData`] when it is larger than `most`
    /// bytes or no segment.
    pub(crate) fn read(path: &Path, most: usize) -> io::Result<Arc<Self>> {
        let size = std::fs::metadata(path)?.len();
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        if usize::try_from(size).map_or(true, |size| size > most) {
            return Err(invalid(format!("{size} bytes, more than the {most} of a segment")));
        }
        let bytes = std::fs::read(path)?;
        let header = &bytes[..bytes.len().min(HEADER)];
        if header.iter().all(|byte| *byte == 0) {
            return Ok(Self::empty());
        }
        if !header.starts_with(&MAGIC) {
            return Err(invalid("no segment of this version of the spool".to_owned()));
        }
        let size = bytes.len();
        Ok(Arc::new(Self { memory: Memory::Read(bytes), bytes: size }))
    }

    /// A segment without entries.
    pub(crate) fn empty() -> Arc<Self> {
        Arc::new(Self { memory: Memory::Read(Vec::new()), bytes: 0 })
    }

    /// What is at byte `at`, which is [`HEADER`] or where an entry was said to end.
    pub(crate) fn entry(&self, at: usize) -> Found<'_> {
        let Some(word) = self.word(at) else {
            return Found::End;
        };
        match word {
            0 => return Found::Nothing,
            SEALED => return Found::End,
            _ => {}
        }
        // Both halves are meant.
        let (length, hash) = (word as u32 as usize, (word >> 32) as u32);
        let Some(body) = self.body(at + WORD, length) else {
            return Found::Torn;
        };
        // What this process has mapped is what it wrote: a file may be torn, its memory is not.
        if matches!(self.memory, Memory::Read(_)) && hash_of(body) != hash {
            return Found::Torn;
        }
        Found::Entry(body, at + WORD + length.next_multiple_of(WORD))
    }

    /// The word at `at`; `None` where the segment has no room for one.
    fn word(&self, at: usize) -> Option<u64> {
        if !at.is_multiple_of(WORD) || at.checked_add(WORD)? > self.bytes {
            return None;
        }
        match &self.memory {
            Memory::Mapped(map) => Some(word(map, at).load(Ordering::Acquire)),
            Memory::Read(bytes) => bytes
                .get(at..at + WORD)
                .and_then(|word| word.try_into().ok())
                .map(u64::from_ne_bytes),
        }
    }

    /// A body that its word says is whole.
    fn body(&self, at: usize, length: usize) -> Option<&[u8]> {
        if at.checked_add(length)? > self.bytes {
            return None;
        }
        match &self.memory {
            Memory::Mapped(map) => {
                // SAFETY: the range is inside of the map, which lives as long as `self`. The word
                // before it was read with `Acquire` and is not zero, so that the writing end has
                // stored the body before and never touches it again; nobody else writes.
                let body = unsafe { std::slice::from_raw_parts(map.as_ptr().add(at), length) };
                Some(body)
            }
            Memory::Read(bytes) => bytes.get(at..at + length),
        }
    }

    /// Has every page ready to be written, so that the thread that appends seldom waits for one.
    fn touch(&self) {
        const PAGE: usize = 4096;
        if let Memory::Mapped(map) = &self.memory {
            for at in (HEADER..self.bytes.saturating_sub(WORD)).step_by(PAGE) {
                word(map, at).store(0, Ordering::Relaxed);
            }
        }
    }
}

/// The word at `at`, which is a multiple of 8 and inside of the map.
fn word(map: &MmapRaw, at: usize) -> &AtomicU64 {
    debug_assert!(at.is_multiple_of(WORD) && at + WORD <= map.len(), "a word at {at}");
    // SAFETY: the place is inside of the map and aligned, as a map begins at a page. Every access
    // to these bytes by this process is an atomic one while they are a word: bodies are elsewhere.
    unsafe { AtomicU64::from_ptr(map.as_mut_ptr().add(at).cast()) }
}

/// The header, and zeros to the end: a disk that is full says so here, not by a signal later.
fn reserve(mut file: &File, bytes: usize) -> io::Result<()> {
    const CHUNK: usize = 1 << 16;
    let mut chunk = vec![0; CHUNK];
    chunk[..MAGIC.len()].copy_from_slice(&MAGIC);
    let mut left = bytes;
    while left > 0 {
        let some = left.min(CHUNK);
        file.write_all(&chunk[..some])?;
        chunk[..MAGIC.len()].fill(0);
        left -= some;
    }
    Ok(())
}

fn hash_of(body: &[u8]) -> u32 {
    // The lower half is meant.
    XxHash3_64::oneshot(body) as u32
}

// === impl Tail ===

impl Tail {
    /// What the entries are read from.
    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Longest body that there is room for.
    pub(crate) fn room(&self) -> usize {
        self.segment.bytes.saturating_sub(self.at + WORD) / WORD * WORD
    }

    /// Longest body that an empty segment of `bytes` bytes has room for.
    pub(crate) fn room_of(bytes: usize) -> usize {
        bytes.saturating_sub(HEADER + WORD) / WORD * WORD
    }

    /// Appends a body of `length` bytes that `fill` writes; `false`, and nothing written, when
    /// there is no room. The bytes that `fill` is given are zero, unless an earlier `fill`
    /// panicked.
    pub(crate) fn append(&mut self, length: usize, fill: impl FnOnce(&mut [u8])) -> bool {
        let Memory::Mapped(map) = &self.segment.memory else {
            return false;
        };
        if length == 0 || length > self.room() || u32::try_from(length).is_err() {
            return false;
        }
        // SAFETY: the range is inside of the map, as `room` has said. It is behind the last word
        // that is not zero, so that no reader looks at it, and this is the only writing end.
        let body =
            unsafe { std::slice::from_raw_parts_mut(map.as_mut_ptr().add(self.at + WORD), length) };
        fill(body);
        // A word of all ones says something else, and needs a length that no segment has.
        let mark = u64::from(hash_of(body)) << 32 | length as u64;
        word(map, self.at).store(mark, Ordering::Release);
        self.at += WORD + length.next_multiple_of(WORD);
        true
    }

    /// Says that no more entries come.
    pub(crate) fn seal(self) {
        if let Memory::Mapped(map) = &self.segment.memory
            && self.at + WORD <= self.segment.bytes
        {
            word(map, self.at).store(SEALED, Ordering::Release);
        }
    }
}
