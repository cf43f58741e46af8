//! CSV (RFC 4180) -> records of as many cells as the header has, in no more memory than one takes.
//!
//! Over `csv-core`: the crate `csv` would note the place of every cell of a record before it says
//! how many there are, eight bytes for each comma of a line.

use csv_core::{ReadRecordResult, Reader};

#[cfg(test)]
mod tests;

/// The records of a body, one after the other; empty lines are passed over.
#[derive(Debug)]
pub struct Records<'b> {
    reader: Reader,
    rest: &'b [u8],
    /// Bytes of the cells of the record at hand, and where each cell ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// Cells of the header, once it has been read.
    width: Option<usize>,
    line: u64,
}

/// Cells of one record.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'r> {
    cells: &'r [u8],
    ends: &'r [usize],
}

/// What is wrong with a record, and the line that it begins in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ragged {
    /// The line.
    pub line: u64,
    /// What is wrong, as in "line 3 has 3 cells, the header 2".
    pub what: String,
}

// === impl Records ===

impl<'b> Records<'b> {
    /// The records of `body`, a header first, of at most `most` cells. A byte-order mark is passed
    /// over.
    ///
    /// # Errors
    /// [`Ragged`] for what is not UTF-8.
    pub fn new(body: &'b [u8], most: usize) -> Result<Self, Ragged> {
        if let Err(error) = std::str::from_utf8(body) {
            let before = body.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
            return Err(Ragged { line, what: "is not UTF-8".to_owned() });
        }
        let ends = vec![0; most + 1];
        let (reader, cells) = (Reader::new(), Vec::new());
        Ok(Self { reader, rest: body, cells, ends, width: None, line: 1 })
    }

    /// The next record; `None` after the last.
    ///
    /// # Errors
    /// [`Ragged`] for one that has not as many cells as the first, or for a first one with too
    /// many.
    pub fn read(&mut self) -> Result<Option<Cells<'_>>, Ragged> {
        // The record before ends at its carriage return: line ends may stand in between.
        let before = self.rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        self.line = self.reader.line() + before.filter(|byte| **byte == b'\n').count() as u64;
        let (mut filled, mut count) = (0, 0);
        loop {
            let (result, taken, bytes, ends) = self.reader.read_record(
                self.rest,
                &mut self.cells[filled..],
                &mut self.ends[count..],
            );
            self.rest = &self.rest[taken..];
            filled += bytes;
            count += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                // Never longer than the body: a cell is no longer than it is written.
                ReadRecordResult::OutputFull => self.cells.resize((filled * 2).max(1024), 0),
                ReadRecordResult::OutputEndsFull => return Err(self.too_wide()),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        match self.width {
            None if count == self.ends.len() => return Err(self.too_wide()),
            None => {
                self.width = Some(count);
                self.ends.truncate(count + 1);
            }
            Some(width) if count != width => return Err(self.ragged(count, "")),
            Some(_) => {}
        }
        Ok(Some(Cells { cells: &self.cells[..filled], ends: &self.ends[..count] }))
    }

    /// The line that the record at hand begins in.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn too_wide(&self) -> Ragged {
        // Of the header's cells one more is noted than may be.
        self.ragged(self.ends.len() - usize::from(self.width.is_none()), "more than ")
    }

    fn ragged(&self, count: usize, more: &str) -> Ragged {
        let header = self.width.map_or_else(String::new, |width| format!(", the header {width}"));
        Ragged { line: self.line, what: format!("has {more}{count} cells{header}") }
    }
}

// === impl Cells ===

impl<'r> Cells<'r> {
    /// The cells, in their order.
    pub fn iter(self) -> impl Iterator<Item = &'r str> {
        let starts = std::iter::once(&0).chain(self.ends);
        let cell = |(start, end): (&usize, &usize)| self.cells.get(*start..*end);
        // Parts of a text between ASCII characters are texts.
        starts.zip(self.ends).map(move |ends| {
            cell(ends).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default()
        })
    }
}
