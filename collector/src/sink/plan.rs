//! Which rows go into which files: pieces of segments, grouped by schema and hour.
//!
//! Called by `sink`, for a new batch and for one that another process has left. What comes out
//! depends on the pieces alone, so that a batch that is made again has the same files.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::columns::Rows;
use crate::config::SEGMENTS;
use crate::error::Error;
use crate::path::hour_of;
use crate::schema::{RowSchema, SchemaId};
use crate::spool::cells::Of;
use crate::spool::entry::Entry;
use crate::spool::house::House;
use crate::spool::journal::Piece;
use crate::spool::segment::{Found, HEADER, Segment};
use crate::spool::shelf::{Place, walk};

/// How much more a batch takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// What lies behind a place: pieces, and the place after them.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) end: Place,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// The rows of one file.
#[derive(Debug)]
pub(crate) struct Group<'s> {
    pub(crate) schema: Arc<RowSchema>,
    /// Hours since 1970 UTC.
    pub(crate) hour: i64,
    pub(crate) rows: Vec<Rows<'s>>,
    /// How many, by lane and hour: lanes of one schema share a file.
    pub(crate) counts: BTreeMap<Of, u64>,
}

/// What a writing thread has stored from `from` on, up to `until` and for as long as there is
/// `room`.
///
/// # Errors
/// [`Error::Spool`] when a segment cannot be read.
pub(crate) fn run(
    house: &House,
    writer: usize,
    from: Place,
    until: Option<Place>,
    room: Room,
) -> Result<Run, Error> {
    let shelf = &house.shelves[writer];
    let mut run = Run { end: from, ..Run::default() };
    // One that is missing has nothing: its rows are found missing when their hour is settled.
    if let Some(segment) = shelf.from(from.segment).filter(|first| *first > from.segment) {
        run.end = Place { segment, at: HEADER };
    }
    while let Some(segment) = shelf.segment(run.end.segment)? {
        let start = run.end.at.max(HEADER);
        let (mut at, mut is_over) = (start, false);
        let is_end =
            |at| until.is_some_and(|until| Place { segment: run.end.segment, at } >= until);
        while run.rows < room.rows && run.bytes < room.bytes && !is_end(at) {
            match segment.entry(at) {
                Found::Entry(body, next) => {
                    run.rows = run.rows.saturating_add(Entry::count(body));
                    run.bytes += next - at;
                    at = next;
                    continue;
                }
                // Nobody writes to what was left.
                Found::Nothing => is_over = house.is_left,
                Found::End => is_over = true,
                Found::Torn => {
                    let (segment, boot) = (run.end.segment, &house.boot);
                    tracing::error!(
                        boot,
                        writer,
                        segment,
                        at,
                        "an entry of the spool is damaged; those behind it in its segment are lost"
                    );
                    is_over = true;
                }
            }
            break;
        }
        run.end.at = at;
        if at > start {
            run.pieces.push(Piece { writer, segment: run.end.segment, from: start, to: at });
        }
        match shelf.from(run.end.segment + 1) {
            Some(segment) if is_over => run.end = Place { segment, at: HEADER },
            _ => break,
        }
    }
    Ok(run)
}

/// The segments of pieces, to read rows from; one that is gone has none.
///
/// # Errors
/// [`Error::Spool`] when one cannot be read.
pub(crate) fn segments(
    house: &House,
    pieces: &[Piece],
) -> Result<Vec<(Piece, Arc<Segment>)>, Error> {
    let mut last: Option<(usize, u64, Arc<Segment>)> = None;
    let mut found = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let segment = match &last {
            Some((writer, number, segment))
                if (*writer, *number) == (piece.writer, piece.segment) =>
            {
                Arc::clone(segment)
            }
            _ => {
                let shelf = house.shelves.get(piece.writer);
                let segment = shelf.map(|shelf| shelf.segment(piece.segment)).transpose()?;
                segment.flatten().unwrap_or_else(Segment::empty)
            }
        };
        last = Some((piece.writer, piece.segment, Arc::clone(&segment)));
        found.push((*piece, segment));
    }
    Ok(found)
}

/// The rows of pieces, a group a file, in the order in which the files are numbered. Rows of a lane
/// that nobody knows are in none: they are found missing when their hour is settled.
pub(crate) fn groups<'s>(house: &House, segments: &'s [(Piece, Arc<Segment>)]) -> Vec<Group<'s>> {
    let mut places: BTreeMap<(SchemaId, i64), usize> = BTreeMap::new();
    let mut groups = Vec::<Group<'s>>::new();
    for (piece, segment) in segments {
        walk(segment, piece, |body, at| {
            let Some(entry) = Entry::read(body) else { return };
            let hour = hour_of(entry.time_us).unwrap_or_default();
            let of = Of { lane: entry.lane, hour: u32::try_from(hour).unwrap_or_default() };
            let rows = u64::from(entry.rows);
            let Some(lane) = house.lanes.get(entry.lane) else {
                tracing::error!(
                    boot = house.boot,
                    lane = entry.lane,
                    rows,
                    "rows of nobody's lane"
                );
                return;
            };
            let place = *places.entry((lane.schema.id(), hour)).or_insert_with(|| {
                let (schema, rows, counts) =
                    (Arc::clone(&lane.schema), Vec::new(), BTreeMap::new());
                groups.push(Group { schema, hour, rows, counts });
                groups.len() - 1
            });
            let group = &mut groups[place];
            *group.counts.entry(of).or_default() += rows;
            let place = name(house, piece, at);
            group.rows.push(Rows { entry, place, sampled_weight: lane.sampled_weight });
        });
    }
    groups
}

/// The place of an entry in all spools, 74 bits: its thread's number, its life, its byte. The rows
/// of an entry count on from it; each takes a byte at least.
fn name(house: &House, piece: &Piece, at: usize) -> u128 {
    let byte = u128::from(piece.segment) * *SEGMENTS.end() as u128 + at as u128;
    let [writer, life] = [piece.writer as u128, u128::from(house.life())];
    (writer & 0x3ff) << 64 | (life & 0x3f_ffff) << 42 | byte & ((1 << 42) - 1)
}
