//! Some rows of one request as an entry of a segment, and back.
//!
//! A head of [`HEAD`] bytes, the request's names, then the values of each block, which begin at
//! multiples of 8. All numbers are in the order of this machine's bytes: a spool is never moved to
//! another. What is read was hashed when it was written; it is checked all the same, since a file
//! may be anything.

use std::ops::Range;

use crate::privacy::Cover;
use crate::row::{Kind, Record, Route, TEXT_HEAD, TraceContext};
use crate::schema::RowSchema;

#[cfg(test)]
mod tests;

/// Bytes before the names.
const HEAD: usize = 80;

/// A block begins at a multiple of so many bytes.
pub(crate) const PAD: usize = 8;

/// Bits of the flags.
const NAMED: u32 = 1;
const STICKY: u32 = 2;
const CORRELATED: u32 = 4;

/// Rows of one request, as they are in the spool.
#[derive(Debug)]
pub(crate) struct Entry<'s> {
    /// Whose rows, by the number that the spool has given it.
    pub(crate) lane: u32,
    /// How many.
    pub(crate) rows: u32,
    /// The place of the first of them in its request.
    pub(crate) first_row: u32,
    pub(crate) request_id: &'s str,
    pub(crate) correlation_id: Option<&'s str>,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) time_us: i64,
    pub(crate) latency_us: u32,
    pub(crate) revision: u64,
    pub(crate) route: Route,
    /// The blocks' values.
    values: &'s [u8],
}

/// Cuts pieces off the front.
struct Front<'s>(&'s [u8]);

/// Bytes of an entry with the rows of `record` in `range`, as `cover` leaves them; `None` for more
/// than any segment holds.
pub(crate) fn size(
    record: &Record<'_>,
    range: &Range<usize>,
    cover: Option<&Cover>,
) -> Option<usize> {
    let names = record.request_id.len() + record.correlation_id.map_or(0, str::len);
    let mut size = HEAD.checked_add(names)?;
    if let Some(cover) = cover {
        return cover.size(record, range, size);
    }
    for values in record.values {
        let width = values.len() / record.rows.max(1);
        let bytes = values.spooled(range.start * width..range.end * width)?;
        size = size.checked_next_multiple_of(PAD)?.checked_add(bytes)?;
    }
    Some(size)
}

/// Writes that entry to `out`, which has its size.
pub(crate) fn write(
    lane: u32,
    record: &Record<'_>,
    range: &Range<usize>,
    cover: Option<&Cover>,
    out: &mut [u8],
) {
    let mut end = head(lane, record, range, out);
    if let Some(cover) = cover {
        return cover.write(record, range, end, out);
    }
    for values in record.values {
        let start = end.next_multiple_of(PAD);
        let width = values.len() / record.rows.max(1);
        let rest = values.spool(range.start * width..range.end * width, &mut out[start..]).len();
        end = out.len() - rest;
    }
}

/// Writes its head and names; gives where they end.
fn head(lane: u32, record: &Record<'_>, range: &Range<usize>, out: &mut [u8]) -> usize {
    let (correlation, trace) = (record.correlation_id.unwrap_or_default(), record.trace);
    let Route { weight, sticky_hash, is_named } = record.route;
    let flag = |set: bool, flag| if set { flag } else { 0 };
    let flags = flag(is_named, NAMED)
        | flag(sticky_hash.is_some(), STICKY)
        | flag(record.correlation_id.is_some(), CORRELATED);
    let mut head = [0; HEAD];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        head[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&lane.to_ne_bytes());
    // `RowSchema::fits` holds rows to u32, and names to u16.
    put(&(range.len() as u32).to_ne_bytes());
    put(&(range.start as u32).to_ne_bytes());
    put(&record.latency_us.to_ne_bytes());
    put(&record.time_us.to_ne_bytes());
    put(&record.revision.to_ne_bytes());
    put(&trace.map_or(0, |trace| trace.trace_id).to_ne_bytes());
    put(&trace.map_or(0, |trace| trace.span_id).to_ne_bytes());
    put(&sticky_hash.unwrap_or_default().to_ne_bytes());
    put(&weight.to_ne_bytes());
    put(&flags.to_ne_bytes());
    put(&(record.request_id.len() as u16).to_ne_bytes());
    put(&(correlation.len() as u16).to_ne_bytes());
    out[..HEAD].copy_from_slice(&head);
    let names = [record.request_id, correlation];
    let mut end = HEAD;
    for name in names {
        out[end..end + name.len()].copy_from_slice(name.as_bytes());
        end += name.len();
    }
    end
}

// === impl Entry ===

impl<'s> Entry<'s> {
    /// How many rows an entry has, without a look at the rest of it.
    pub(crate) fn count(bytes: &[u8]) -> usize {
        let mut head = Front(bytes);
        // The lane is before it.
        let rows = head.u32().and_then(|_lane| head.u32());
        rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or_default()
    }

    /// Reads an entry's head and names; `None` when it is none.
    pub(crate) fn read(bytes: &'s [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let mut head = Front(head);
        let (lane, rows, first_row) = (head.u32()?, head.u32()?, head.u32()?);
        let (latency_us, time_us) = (head.u32()?, i64::from_ne_bytes(head.array()?));
        let (revision, trace_id) = (head.u64()?, u128::from_ne_bytes(head.array()?));
        let (span_id, sticky_hash) = (head.u64()?, head.u64()?);
        let (weight, flags) = (f32::from_ne_bytes(head.array()?), head.u32()?);
        let lengths: [usize; 2] = [head.u16()?.into(), head.u16()?.into()];
        let mut rest = Front(rest);
        let request_id = rest.text(lengths[0])?;
        let correlation_id = rest.text(lengths[1])?;
        let names = HEAD + lengths[0] + lengths[1];
        rest.take((names.next_multiple_of(PAD) - names).min(rest.0.len()))?;
        first_row.checked_add(rows)?;
        let has = |flag| flags & flag != 0;
        let sticky_hash = has(STICKY).then_some(sticky_hash);
        Some(Self {
            lane,
            rows,
            first_row,
            request_id,
            correlation_id: has(CORRELATED).then_some(correlation_id),
            trace: (trace_id != 0).then_some(TraceContext { trace_id, span_id }),
            time_us,
            latency_us,
            revision,
            route: Route { weight, sticky_hash, is_named: has(NAMED) },
            values: rest.0,
        })
    }

    /// Adds the values of each stored block, as `write` put them, to `blocks`; `None` when they are
    /// not those of `schema`.
    pub(crate) fn blocks(&self, schema: &RowSchema, blocks: &mut Vec<&'s [u8]>) -> Option<()> {
        let mut rest = Front(self.values);
        for block in schema.stored() {
            let count = block.columns.len().checked_mul(usize::try_from(self.rows).ok()?)?;
            let whole = rest.0;
            match block.kind.size() {
                Some(size) => {
                    let values = rest.take(count.checked_mul(size)?)?;
                    let is_bools = values.iter().all(|byte| *byte <= 1);
                    if block.kind == Kind::Bool && !is_bools {
                        return None;
                    }
                }
                None => texts(&mut rest, count)?,
            }
            let length = whole.len() - rest.0.len();
            blocks.push(&whole[..length]);
            rest.take((length.next_multiple_of(PAD) - length).min(rest.0.len()))?;
        }
        rest.0.is_empty().then_some(())
    }
}

/// The texts of a block that `blocks` has found sound.
pub(crate) fn each_text(block: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = Front(block);
    std::iter::from_fn(move || {
        let length = rest.u32()?;
        rest.text(usize::try_from(length).ok()?)
    })
}

/// Passes over `count` texts.
fn texts(rest: &mut Front<'_>, count: usize) -> Option<()> {
    // A count that the bytes have no room for is not tried.
    if count.checked_mul(TEXT_HEAD)? > rest.0.len() {
        return None;
    }
    for _ in 0..count {
        let length = rest.u32()?;
        rest.text(usize::try_from(length).ok()?)?;
    }
    Some(())
}

// === impl Front ===

impl<'s> Front<'s> {
    fn take(&mut self, length: usize) -> Option<&'s [u8]> {
        let (here, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(here)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_ne_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_ne_bytes)
    }

    fn text(&mut self, length: usize) -> Option<&'s str> {
        std::str::from_utf8(self.take(length)?).ok()
    }
}
