//! Rows under rules: which parts of each block are stored, and how they get there.
//!
//! A block with a rule is stored as up to two: what is kept of its columns, then the hashes of
//! those that are hashed, as texts. The columns of the files stay in the order of the blocks.

use std::ops::Range;

use super::bucket::Bucketed;
use super::key::HEX;
use super::{Buckets, HashKey, Rule, Rules};
use crate::row::{Block, Kind, Record, TEXT_HEAD, Values, each_number};
use crate::spool::entry::PAD;

/// The rules of a schema, and what they make of its blocks.
#[derive(Debug)]
pub(crate) struct Cover {
    rules: Rules,
    /// Without one nothing is hashed, and no row is stored that should be.
    key: Option<HashKey>,
    /// As the spool has them.
    stored: Vec<Block>,
    /// How each of them is made.
    parts: Vec<Part>,
    /// The stored column of each column; none for one that is dropped.
    order: Vec<Option<usize>>,
}

#[derive(Debug)]
struct Part {
    /// Which block it is of.
    block: usize,
    /// Columns of that block.
    width: usize,
    how: How,
}

#[derive(Debug)]
enum How {
    /// All of it as it is.
    Whole,
    /// These columns, some in buckets.
    Kept(Vec<(usize, Option<Buckets>)>),
    /// The hashes of these columns.
    Hashed(Vec<usize>),
}

// === impl Cover ===

impl Cover {
    /// What `rules` make of `blocks`, or a sentence that says why they cannot.
    pub(crate) fn new(
        blocks: &[Block],
        rules: Rules,
        key: Option<HashKey>,
    ) -> Result<Self, String> {
        let names = || blocks.iter().flat_map(|block| &block.columns);
        if let Some(unknown) = rules.keys().find(|name| !names().any(|known| known == *name)) {
            return Err(format!("a privacy rule for `{unknown}`, and there is no such column"));
        }
        let (mut stored, mut parts, mut order) = (Vec::new(), Vec::new(), Vec::new());
        let mut columns = 0;
        for (place, block) in blocks.iter().enumerate() {
            let mut places = vec![None; block.columns.len()];
            for (how, kind) in split(block, &rules)? {
                let of: Vec<usize> = match &how {
                    How::Whole => (0..block.columns.len()).collect(),
                    How::Kept(kept) => kept.iter().map(|(column, _)| *column).collect(),
                    How::Hashed(hashed) => hashed.clone(),
                };
                for (next, column) in of.iter().enumerate() {
                    places[*column] = Some(columns + next);
                }
                columns += of.len();
                let named = of.iter().map(|column| block.columns[*column].clone()).collect();
                stored.push(Block { kind, columns: named });
                parts.push(Part { block: place, width: block.columns.len(), how });
            }
            order.extend(places);
        }
        Ok(Self { rules, key, stored, parts, order })
    }

    /// The rules, none of them for a column that is not there.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The key of the hashes.
    pub(crate) fn key(&self) -> Option<&HashKey> {
        self.key.as_ref()
    }

    /// The blocks as they are in the spool.
    pub(crate) fn stored(&self) -> &[Block] {
        &self.stored
    }

    /// For each column the place of its values among those stored, if any are.
    pub(crate) fn order(&self) -> &[Option<usize>] {
        &self.order
    }

    /// Whether the least of the column's type stands for null.
    pub(crate) fn has_below(&self, column: &str, kind: Kind) -> bool {
        match self.rules.get(column) {
            Some(Rule::Bucket(buckets)) => buckets.has_below(kind),
            _ => false,
        }
    }

    /// Bytes of rows after `size` others; `None` when they cannot be stored.
    pub(crate) fn size(
        &self,
        record: &Record<'_>,
        rows: &Range<usize>,
        size: usize,
    ) -> Option<usize> {
        self.parts.iter().try_fold(size, |size, part| {
            let bytes = self.part_size(part, *record.values.get(part.block)?, rows)?;
            size.checked_next_multiple_of(PAD)?.checked_add(bytes)
        })
    }

    fn part_size(&self, part: &Part, values: Values<'_>, rows: &Range<usize>) -> Option<usize> {
        let whole = rows.start * part.width..rows.end * part.width;
        match &part.how {
            How::Whole => values.spooled(whole),
            How::Hashed(columns) => {
                self.key.as_ref()?;
                rows.len().checked_mul(columns.len())?.checked_mul(TEXT_HEAD + HEX)
            }
            How::Kept(columns) => match values.kind().size() {
                Some(size) => rows.len().checked_mul(columns.len())?.checked_mul(size),
                None => cells(rows, columns, part.width)
                    .try_fold(0_usize, |sum, (at, _)| sum.checked_add(values.spooled(at..at + 1)?)),
            },
        }
    }

    /// Writes rows to `out` from `start` on, as many bytes as `size` has said.
    pub(crate) fn write(
        &self,
        record: &Record<'_>,
        rows: &Range<usize>,
        start: usize,
        out: &mut [u8],
    ) {
        let mut end = start;
        for part in &self.parts {
            let start = end.next_multiple_of(PAD);
            let rest = self.write_part(part, record.values[part.block], rows, &mut out[start..]);
            let rest = rest.len();
            end = out.len() - rest;
        }
    }

    /// Gives what is left of `out`.
    fn write_part<'o>(
        &self,
        part: &Part,
        values: Values<'_>,
        rows: &Range<usize>,
        out: &'o mut [u8],
    ) -> &'o mut [u8] {
        match (&part.how, &self.key) {
            (How::Whole, _) => values.spool(rows.start * part.width..rows.end * part.width, out),
            (How::Kept(columns), _) => kept(values, cells(rows, columns, part.width), out),
            (How::Hashed(columns), Some(key)) => {
                let rows = rows.clone().flat_map(|row| columns.iter().map(move |at| (row, at)));
                rows.fold(out, |out, (row, column)| {
                    let hex = key.hex(values, row * part.width + column);
                    put(&hex, put(&(HEX as u32).to_ne_bytes(), out))
                })
            }
            // Such rows have no size, so they are not written.
            (How::Hashed(_), None) => out,
        }
    }
}

/// The parts of a block, and the kind of each.
fn split(block: &Block, rules: &Rules) -> Result<Vec<(How, Kind)>, String> {
    let rule = |name: &String| rules.get(name);
    if block.columns.iter().all(|name| rule(name).is_none()) {
        return Ok(vec![(How::Whole, block.kind)]);
    }
    let (mut kept, mut hashed) = (Vec::new(), Vec::new());
    for (column, name) in block.columns.iter().enumerate() {
        match rule(name) {
            None => kept.push((column, None)),
            Some(Rule::Bucket(buckets)) => {
                let wrong = |why| format!("a privacy rule puts `{name}` into buckets: {why}");
                buckets.check(block.kind).map_err(wrong)?;
                kept.push((column, Some(buckets.clone())));
            }
            Some(Rule::Hash) => hashed.push(column),
            Some(Rule::Drop) => {}
        }
    }
    let kept = (!kept.is_empty()).then_some((How::Kept(kept), block.kind));
    let hashed = (!hashed.is_empty()).then_some((How::Hashed(hashed), Kind::Text));
    Ok(kept.into_iter().chain(hashed).collect())
}

/// The places of the kept values of rows `width` wide, and their buckets.
fn cells<'c>(
    rows: &Range<usize>,
    columns: &'c [(usize, Option<Buckets>)],
    width: usize,
) -> impl Iterator<Item = (usize, Option<&'c Buckets>)> {
    let row = move |row: usize| {
        columns.iter().map(move |(column, buckets)| (row * width + column, buckets.as_ref()))
    };
    rows.clone().flat_map(row)
}

/// Writes those values to the front of `out`; gives what is left of it.
fn kept<'o, 'c>(
    values: Values<'_>,
    cells: impl Iterator<Item = (usize, Option<&'c Buckets>)>,
    out: &'o mut [u8],
) -> &'o mut [u8] {
    each_number!(
        values,
        v => cells.fold(out, |out, (at, buckets)| number(v[at], buckets, out)),
        _texts => cells.fold(out, |out, (at, _)| values.spool(at..at + 1, out)),
        _bools => cells.fold(out, |out, (at, _)| values.spool(at..at + 1, out))
    )
}

fn number<'o, T: Bucketed>(value: T, buckets: Option<&Buckets>, out: &'o mut [u8]) -> &'o mut [u8] {
    put(buckets.map_or(value, |buckets| value.bucket(buckets)).bytes().as_ref(), out)
}

fn put<'o>(bytes: &[u8], out: &'o mut [u8]) -> &'o mut [u8] {
    let (here, rest) = out.split_at_mut(bytes.len());
    here.copy_from_slice(bytes);
    rest
}
