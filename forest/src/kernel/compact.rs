//! The portable kernel: eight bytes a node, eight walks at a time, no branch that depends on data.
//!
//! A row is first copied to columns (`columns`) and one more that is always -inf. Then
//! `next = left + !(column <= threshold)` is right for NaN too, and a leaf is a record that reads
//! the last column and leads to itself, so that all walks of a group take the same number of steps.
//!
//! ```text
//! record  | threshold f32 | column u16 | left u16 |      a branch; its children: left, left + 1
//!         | value f32     | last       | itself   |      a leaf; the value, or the leaf's number
//! tree    | root | pair of branch 0 | pair of branch 1 | ...
//! ```

use super::columns::Columns;
use crate::trees::{Branch, Edge, Tree, Trees};

/// Walks that are advanced together: their loads overlap.
const LANES: usize = 8;
/// Columns of `LANES` rows that fit on the stack.
const COLUMNS_INLINE: usize = 96;
/// A record's place in its tree is a `u16`.
const RECORDS_MAX: usize = 1 << 16;
/// Numbers of leaves are held as floats, which are exact up to here.
const LEAVES_MAX: usize = 1 << 24;

#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
struct Record {
    threshold: f32,
    column: u16,
    left: u16,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Root {
    /// Place of the tree's first record.
    start: u32,
    /// Steps after which every walk has come to a leaf.
    depth: u32,
    target: u32,
}

/// An ensemble as records. Every column of a record is below `columns.len() + 1`, every `left` and
/// `left + 1` of a branch within its tree, by construction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compact {
    records: Vec<Record>,
    roots: Vec<Root>,
    columns: Columns,
    /// Values of leaves by number when leaves have several, otherwise empty.
    vectors: Vec<f32>,
    width: usize,
    targets: usize,
}

// === impl Compact ===

impl Compact {
    /// Refuses trees of over 32,767 branches.
    pub(crate) fn compile(trees: &Trees) -> Option<Compact> {
        let columns = Columns::compile(trees, usize::from(u16::MAX) - 1)?;
        if trees.leaves() > LEAVES_MAX {
            return None;
        }
        let mut out = Compact {
            records: Vec::new(),
            roots: Vec::with_capacity(trees.trees.len()),
            vectors: if trees.width == 1 { Vec::new() } else { trees.values.clone() },
            columns,
            width: trees.width,
            targets: trees.constants.len(),
        };
        // Neighbours of like depth waste the fewest steps.
        let mut order: Vec<&Tree> = trees.trees.iter().collect();
        order.sort_by_key(|tree| tree.depth);
        for tree in order {
            out.tree(tree, trees)?;
        }
        Some(out)
    }

    fn tree(&mut self, tree: &Tree, trees: &Trees) -> Option<()> {
        let start = u32::try_from(self.records.len()).ok()?;
        if 1 + 2 * tree.branches.len() > RECORDS_MAX {
            return None;
        }
        let pairs = breadth_first(&tree.branches);
        let place = |branch: u32| (1 + 2 * pairs.places[branch as usize]) as u16;
        let last = self.columns.len() as u16;
        let record = |edge: Edge, own: usize| match edge {
            Edge::Branch(at) => {
                let branch = &tree.branches[at as usize];
                let column = self.columns.of(branch);
                Record { threshold: branch.threshold, column, left: place(at) }
            }
            Edge::Leaf(leaf) => {
                let value = match trees.width {
                    1 => trees.values[leaf as usize],
                    _ => leaf as f32,
                };
                Record { threshold: value, column: last, left: own as u16 }
            }
        };
        let mut records = vec![record(Edge::Branch(0), 0)];
        for &branch in &pairs.order {
            let branch = &tree.branches[branch as usize];
            for edge in [branch.yes, branch.no] {
                records.push(record(edge, records.len()));
            }
        }
        self.records.append(&mut records);
        self.roots.push(Root { start, depth: tree.depth, target: tree.target });
        Some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.records[..])
            + size_of_val(&self.roots[..])
            + size_of_val(&self.vectors[..])
    }

    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(crate) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let len = self.columns.len() + 1;
        let mut inline = [0.0; LANES * COLUMNS_INLINE];
        let mut spilled = Vec::new();
        let scratch = if len <= COLUMNS_INLINE {
            &mut inline[..LANES * len]
        } else {
            spilled.resize(LANES * len, 0.0);
            &mut spilled[..]
        };
        let blocks = rows.chunks(LANES * stride).zip(out.chunks_mut(LANES * self.targets));
        for (rows, out) in blocks {
            for (row, columns) in rows.chunks_exact(stride).zip(scratch.chunks_exact_mut(len)) {
                self.fill(row, columns);
            }
            if rows.len() == LANES * stride {
                self.add_block(scratch, out);
            } else {
                let rows = scratch.chunks_exact(len).zip(out.chunks_exact_mut(self.targets));
                rows.for_each(|(columns, out)| self.add_row(columns, out));
            }
        }
    }

    fn fill(&self, row: &[f32], columns: &mut [f32]) {
        self.columns.fill(row, &mut *columns);
        columns[self.columns.len()] = f32::NEG_INFINITY;
    }

    /// `LANES` trees at a time.
    fn add_row(&self, columns: &[f32], out: &mut [f64]) {
        for roots in self.roots.chunks(LANES) {
            // Lanes without a tree walk the first one once more.
            let starts: [u32; LANES] =
                std::array::from_fn(|lane| roots.get(lane).unwrap_or(&roots[0]).start);
            let depth = roots[roots.len() - 1].depth;
            let mut places = [0_u32; LANES];
            for _ in 0..depth {
                for (place, start) in places.iter_mut().zip(&starts) {
                    *place = self.step(*start, *place, columns);
                }
            }
            for (root, place) in roots.iter().zip(places) {
                self.leaf(root, place, out);
            }
        }
    }

    /// `LANES` rows at a time.
    fn add_block(&self, columns: &[f32], out: &mut [f64]) {
        let len = self.columns.len() + 1;
        for root in &self.roots {
            let mut places = [0_u32; LANES];
            for _ in 0..root.depth {
                for (place, columns) in places.iter_mut().zip(columns.chunks_exact(len)) {
                    *place = self.step(root.start, *place, columns);
                }
            }
            for (place, out) in places.iter().zip(out.chunks_exact_mut(self.targets)) {
                self.leaf(root, *place, out);
            }
        }
    }

    #[inline(always)]
    fn step(&self, start: u32, place: u32, columns: &[f32]) -> u32 {
        debug_assert!(columns.len() > self.columns.len());
        // SAFETY: a walk starts at its tree's root and `left`, `left + 1` stay within its tree;
        // columns of records are at most `self.columns.len()`, which callers' slices are longer
        // than: `tree` builds both so, and nothing changes them afterwards.
        let (record, x) = unsafe {
            let record = self.records.get_unchecked((start + place) as usize);
            (record, *columns.get_unchecked(usize::from(record.column)))
        };
        let yes = x <= record.threshold;
        u32::from(record.left) + u32::from(!yes)
    }

    #[inline]
    fn leaf(&self, root: &Root, place: u32, out: &mut [f64]) {
        let value = self.records[(root.start + place) as usize].threshold;
        if self.width == 1 {
            out[root.target as usize] += f64::from(value);
            return;
        }
        let values = &self.vectors[value as usize * self.width..][..self.width];
        out.iter_mut().zip(values).for_each(|(total, value)| *total += f64::from(*value));
    }
}

/// Branches by levels: their order, and each one's place in it.
struct Levels {
    order: Vec<u32>,
    places: Vec<usize>,
}

fn breadth_first(branches: &[Branch]) -> Levels {
    let mut levels = Levels { order: vec![0], places: vec![usize::MAX; branches.len()] };
    levels.places[0] = 0;
    let mut done = 0;
    while let Some(&at) = levels.order.get(done) {
        done += 1;
        let branch = &branches[at as usize];
        for edge in [branch.yes, branch.no] {
            if let Edge::Branch(child) = edge
                && levels.places[child as usize] == usize::MAX
            {
                levels.places[child as usize] = levels.order.len();
                levels.order.push(child);
            }
        }
    }
    levels
}

#[cfg(test)]
mod tests;
