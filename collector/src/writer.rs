//! The thread's own end of the spool: a scored request's rows -> its segment and its accounts.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Receiver;

use crate::config::READY;
use crate::counts::Books;
use crate::handle::Appender;
use crate::path::hour_of;
use crate::row::Record;
use crate::spool::cells::{Ink, Of};
use crate::spool::entry;
use crate::spool::lanes::Lane;
use crate::spool::segment::Tail;
use crate::spool::tally::Count;

/// Hands over the rows that one thread has scored. There is one for each thread.
#[derive(Debug)]
pub struct Writer {
    tail: Option<Tail>,
    /// Segments to go on with.
    ready: Receiver<Tail>,
    ink: Ink,
    /// Bytes of the longest entry.
    most: usize,
    is_closed: Arc<AtomicBool>,
    books: Arc<Books>,
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(
        ink: Ink,
        ready: Receiver<Tail>,
        segment_bytes: usize,
        is_closed: Arc<AtomicBool>,
        books: Arc<Books>,
    ) -> Self {
        let most = Tail::room_of(segment_bytes);
        Self { tail: None, ready, ink, most, is_closed, books }
    }

    /// Hands over a scored request's rows, all of them or none. Never waits, never fails: rows that
    /// do not fit the spool or the schema, or come after `finish`, are dropped and counted.
    pub fn append(&mut self, to: &Appender, record: &Record<'_>) {
        let rows = record.rows as u64;
        if rows == 0 {
            return;
        }
        let hour = hour_of(record.time_us).and_then(|hour| u32::try_from(hour).ok());
        let of = Of { lane: to.lane.number, hour: hour.unwrap_or_default() };
        if !self.ink.add(of, Count::Offered, rows) {
            let endpoint = &to.lane.schema.source().endpoint;
            return self.books.unaccounted(endpoint, rows);
        }
        let what = match hour {
            Some(_) => self.take(to, record),
            None => Count::Shape,
        };
        self.ink.add(of, what, rows);
    }

    /// What becomes of the rows.
    fn take(&mut self, to: &Appender, record: &Record<'_>) -> Count {
        if self.is_closed.load(Ordering::Acquire) {
            return Count::Closed;
        }
        if !to.sampling.keeps(record.request_id) {
            return Count::SampledOut;
        }
        if !to.lane.schema.fits(record) {
            return Count::Shape;
        }
        let all = 0..record.rows;
        match entry::size(record, &all, to.lane.schema.cover()) {
            Some(size) if size <= self.most => {
                let is_stored = self.store(&to.lane, record, &all, size);
                if is_stored { Count::Spooled } else { Count::SpoolFull }
            }
            Some(_) => self.take_in_parts(&to.lane, record),
            None => Count::Shape,
        }
    }

    /// Stores rows as one entry; `false` when there is no room.
    fn store(
        &mut self,
        lane: &Lane,
        record: &Record<'_>,
        rows: &Range<usize>,
        size: usize,
    ) -> bool {
        if self.tail.as_ref().is_none_or(|tail| tail.room() < size) {
            let Ok(next) = self.ready.try_recv() else { return false };
            if let Some(full) = self.tail.replace(next) {
                full.seal();
            }
        }
        let (number, cover) = (lane.number, lane.schema.cover());
        let write = |out: &mut [u8]| entry::write(number, record, rows, cover, out);
        self.tail.as_mut().is_some_and(|tail| tail.append(size, write))
    }

    /// Stores rows that are too many for a segment, each part in one of its own.
    fn take_in_parts(&mut self, lane: &Lane, record: &Record<'_>) -> Count {
        let mut parts = 0;
        let all = || 0..record.rows;
        let is_divided = self.parts((lane, record), all(), &mut |_, _, _| {
            parts += 1;
            true
        });
        if !is_divided {
            return Count::Shape;
        }
        // Each part may need a segment, and there are never more.
        if parts > READY {
            return Count::Shape;
        }
        // Only this thread takes any.
        if self.ready.len() < parts {
            return Count::SpoolFull;
        }
        let mut store =
            |writer: &mut Self, rows: &Range<usize>, size| writer.store(lane, record, rows, size);
        let is_stored = self.parts((lane, record), all(), &mut store);
        debug_assert!(is_stored, "there was room for all parts");
        if is_stored { Count::Spooled } else { Count::SpoolFull }
    }

    /// Halves rows until each part fits; `false` when a row alone does not, or `each` says so.
    fn parts(
        &mut self,
        (lane, record): (&Lane, &Record<'_>),
        rows: Range<usize>,
        each: &mut dyn FnMut(&mut Self, &Range<usize>, usize) -> bool,
    ) -> bool {
        match entry::size(record, &rows, lane.schema.cover()) {
            Some(size) if size <= self.most => each(self, &rows, size),
            _ if rows.len() <= 1 => false,
            _ => {
                let middle = rows.start + rows.len() / 2;
                self.parts((lane, record), rows.start..middle, each)
                    && self.parts((lane, record), middle..rows.end, each)
            }
        }
    }
}
