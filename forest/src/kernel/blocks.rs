//! Four levels at once: a block holds the fifteen nodes at the top of a tree or of one of its
//! subtrees, and one comparison decides them all.
//!
//! For trees with more thresholds or leaves than `doubling` takes. The mask of the comparison leads
//! through a table to the way out of the block: another block, or a leaf.
//!
//! ```text
//! node     0; its true child 1, its false child 2; theirs 3 4, 5 6; theirs 7 .. 14
//! way out  0 .. 15, those behind true children before those behind false ones
//! block    threshold[16] f32 | column[16] u8 | next[16] u16, one way out each      128 bytes
//! next     a block of the tree, in the last step a leaf of the tree
//! ```
//! A subtree that ends early has its leaf at all ways out below, and a block of nothing but ways to
//! that leaf for each further step, so that all paths of a tree have the same number of blocks.

mod top;

use std::arch::x86_64::*;

use top::Turned;

use super::columns::Columns;
use super::lanes::{self, LANES, Lanes};
use super::{Kernel, Kernels};
use crate::trees::{Edge, Tree, Trees};

/// Levels of a block, and its nodes and ways out.
const LEVELS: u32 = 4;
const NODES: usize = (1 << LEVELS) - 1;
const WAYS: usize = 1 << LEVELS;
/// Columns that four vectors hold.
const COLUMNS_MAX: usize = 4 * LANES;
/// Steps of a walk: deeper trees are so uneven that most of their blocks are empty.
const STEPS_MAX: u32 = 6;
/// Blocks of an ensemble, for each branch: beyond, its paths are too uneven.
const SPARSITY_MAX: usize = 2;
/// Blocks of a tree, and leaves.
const PLACES_MAX: usize = 1 << 15;
/// Rows that go through a tree before the next tree comes.
const ROWS: usize = 64;

#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(128))]
struct Block {
    threshold: Lanes,
    column: [u8; WAYS],
    next: [u16; WAYS],
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Root {
    /// Places of the tree's first block and leaf.
    block: u32,
    leaf: u32,
}

/// Trees that are walked alike.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    roots: std::ops::Range<usize>,
    /// Blocks of a path.
    steps: u32,
    target: usize,
}

/// An ensemble in blocks. Every `next` is a block or a leaf of its tree, by construction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Blocks {
    columns: Columns,
    roots: Vec<Root>,
    runs: Vec<Run>,
    blocks: Vec<Block>,
    /// Values of leaves, `width` each.
    values: Vec<f32>,
    width: usize,
    targets: usize,
}

/// For the comparisons of the first seven nodes: which of the last eight is met, counted from 7.
static LAST: [u8; 128] = {
    let mut last = [0; 128];
    let mut mask = 0;
    while mask < 128 {
        let first = mask & 1;
        let second = (mask >> (1 + first)) & 1;
        let third = (mask >> (3 + 2 * first + second)) & 1;
        last[mask] = (4 * first + 2 * second + third) as u8;
        mask += 1;
    }
    last
};

// === impl Blocks ===

impl Blocks {
    /// Refuses over 64 columns, trees that are very deep, and trees of over 2^15 leaves or blocks.
    pub(super) fn compile(trees: &Trees) -> Option<Blocks> {
        let columns = Columns::compile(trees, COLUMNS_MAX)?;
        let mut out = Blocks {
            columns,
            roots: Vec::with_capacity(trees.trees.len()),
            runs: Vec::new(),
            blocks: Vec::new(),
            values: trees.values.clone(),
            width: trees.width,
            targets: trees.constants.len(),
        };
        let kind = |tree: &Tree| (tree.target, tree.depth.div_ceil(LEVELS));
        let mut sorted: Vec<&Tree> = trees.trees.iter().collect();
        sorted.sort_by_key(|tree| kind(tree));
        for alike in sorted.chunk_by(|a, b| kind(a) == kind(b)) {
            let (first, (target, steps)) = (out.roots.len(), kind(alike[0]));
            for tree in alike {
                out.tree(tree, steps)?;
            }
            let roots = first..out.roots.len();
            out.runs.push(Run { roots, steps, target: target as usize });
        }
        let branches: usize = trees.trees.iter().map(|tree| tree.branches.len()).sum();
        (out.blocks.len() <= SPARSITY_MAX * branches).then_some(out)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.blocks[..]) + size_of_val(&self.values[..])
    }

    fn tree(&mut self, tree: &Tree, steps: u32) -> Option<()> {
        if steps > STEPS_MAX || tree.leaves.len() > PLACES_MAX {
            return None;
        }
        let start = self.blocks.len();
        // What each block begins with, in the order of the blocks, and the steps left there.
        let mut tops = vec![(Edge::Branch(0), steps)];
        let mut done = 0;
        while let Some(&(top, steps)) = tops.get(done) {
            done += 1;
            let block = self.block(tree, top, steps, &mut tops);
            self.blocks.push(block);
            if tops.len() > PLACES_MAX {
                return None;
            }
        }
        let block = u32::try_from(start).ok()?;
        self.roots.push(Root { block, leaf: tree.leaves.start });
        Some(())
    }

    fn block(&self, tree: &Tree, top: Edge, steps: u32, tops: &mut Vec<(Edge, u32)>) -> Block {
        let mut block =
            Block { threshold: Lanes([f32::INFINITY; LANES]), column: [0; WAYS], next: [0; WAYS] };
        // The node, the first way out below it, and how many there are.
        let mut open = vec![(top, 0, 0, WAYS)];
        while let Some((edge, node, way, below)) = open.pop() {
            match edge {
                Edge::Branch(at) if node < NODES => {
                    let branch = &tree.branches[at as usize];
                    block.threshold.0[node] = branch.threshold;
                    block.column[node] = self.columns.of(branch) as u8;
                    open.push((branch.no, 2 * node + 2, way + below / 2, below / 2));
                    open.push((branch.yes, 2 * node + 1, way, below / 2));
                }
                Edge::Leaf(leaf) if steps == 1 => {
                    block.next[way..way + below].fill((leaf - tree.leaves.start) as u16);
                }
                edge => {
                    block.next[way..way + below].fill(tops.len() as u16);
                    tops.push((edge, steps - 1));
                }
            }
        }
        block
    }

    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(super) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Blocks));
        // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found the
        // processor to have AVX-512.
        unsafe {
            match self.columns.len() {
                ..=16 => self.add_to::<1>(rows, stride, out),
                17..=32 => self.add_to::<2>(rows, stride, out),
                _ => self.add_to::<4>(rows, stride, out),
            }
        }
    }

    /// Adds what the trees say of one row.
    pub(super) fn add_one(&self, row: &[f32], out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Blocks));
        // SAFETY: as for `add`.
        unsafe {
            match self.columns.len() {
                ..=16 => self.add_row::<1>(row, out),
                17..=32 => self.add_row::<2>(row, out),
                _ => self.add_row::<4>(row, out),
            }
        }
    }

    #[target_feature(enable = "avx512f,bmi2")]
    fn add_row<const K: usize>(&self, row: &[f32], out: &mut [f64]) {
        self.add_columns(&[lanes::columns_of::<K>(&self.columns, row)], &[], out);
    }

    /// `K` vectors hold a row's columns; of many rows they are also turned around.
    #[target_feature(enable = "avx512f,bmi2")]
    fn add_to<const K: usize>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let mut columns = [[_mm512_setzero_ps(); K]; ROWS];
        let mut turned = [[[Lanes([0.0; LANES]); LANES]; K]; ROWS / LANES];
        let blocks = rows.chunks(ROWS * stride).zip(out.chunks_mut(ROWS * self.targets));
        for (rows, out) in blocks {
            for (row, columns) in rows.chunks_exact(stride).zip(&mut columns) {
                *columns = lanes::columns_of(&self.columns, row);
            }
            let columns = &columns[..rows.len() / stride];
            // Fewer rows are quicker one by one.
            if columns.len() < LANES {
                self.add_columns(columns, &[], out);
                continue;
            }
            for (columns, turned) in columns.chunks(LANES).zip(&mut turned) {
                top::turn(columns, turned);
            }
            self.add_columns(columns, &turned, out);
        }
    }

    #[target_feature(enable = "avx512f,bmi2")]
    fn add_columns<const K: usize>(
        &self,
        columns: &[[__m512; K]],
        turned: &[Turned<K>],
        out: &mut [f64],
    ) {
        for run in &self.runs {
            match run.steps {
                1 => self.run::<K, 1>(run, columns, turned, out),
                2 => self.run::<K, 2>(run, columns, turned, out),
                3 => self.run::<K, 3>(run, columns, turned, out),
                4 => self.run::<K, 4>(run, columns, turned, out),
                5 => self.run::<K, 5>(run, columns, turned, out),
                _ => self.run::<K, 6>(run, columns, turned, out),
            }
        }
    }

    #[target_feature(enable = "avx512f,bmi2")]
    fn run<const K: usize, const STEPS: usize>(
        &self,
        run: &Run,
        rows: &[[__m512; K]],
        turned: &[Turned<K>],
        out: &mut [f64],
    ) {
        let roots = &self.roots[run.roots.clone()];
        if self.width > 1 {
            for root in roots {
                for (columns, out) in rows.iter().zip(out.chunks_exact_mut(self.targets)) {
                    let leaf = self.leaf::<K, STEPS, 0>(*root, 0, columns);
                    let values = &self.values[leaf * self.width..][..self.width];
                    out.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
                }
            }
            return;
        }
        let mut sums = out[run.target..].iter_mut().step_by(self.targets);
        if let [columns] = rows {
            let mut sum = 0.0;
            for root in roots {
                sum += self.value(self.leaf::<K, STEPS, 0>(*root, 0, columns));
            }
            sums.next().into_iter().for_each(|of_row| *of_row += sum);
            return;
        }
        let mut of_rows = [0.0; ROWS];
        for root in roots {
            if turned.is_empty() {
                for (columns, sum) in rows.iter().zip(&mut of_rows) {
                    let leaf = self.leaf::<K, STEPS, 0>(*root, 0, columns);
                    *sum += self.value(leaf);
                }
            }
            let top = &self.blocks[root.block as usize];
            let groups = rows.chunks(LANES).zip(of_rows.chunks_mut(LANES)).zip(turned);
            for ((rows, sums), turned) in groups {
                let next = top.next_of_rows(turned);
                for ((columns, sum), next) in rows.iter().zip(sums).zip(next) {
                    let leaf = self.leaf::<K, STEPS, 1>(*root, next as u16, columns);
                    *sum += self.value(leaf);
                }
            }
        }
        sums.zip(of_rows).for_each(|(of_row, sum)| *of_row += sum);
    }

    /// The value of a leaf, when each has one.
    #[inline]
    fn value(&self, leaf: usize) -> f64 {
        // SAFETY: leaves are counted through the ensemble, and each of them has a value.
        f64::from(unsafe { *self.values.get_unchecked(leaf) })
    }

    /// The leaf that a row comes to, counted through the ensemble, from the block `at` of a tree,
    /// which is met after `DONE` others.
    #[target_feature(enable = "avx512f,bmi2")]
    #[inline]
    fn leaf<const K: usize, const STEPS: usize, const DONE: usize>(
        &self,
        root: Root,
        mut at: u16,
        columns: &[__m512; K],
    ) -> usize {
        for _ in DONE..STEPS {
            // SAFETY: `at` is a block of this tree: the first one, or one that a `next` names,
            // since all paths have `STEPS` blocks.
            let block = unsafe { self.blocks.get_unchecked(root.block as usize + at as usize) };
            let x = pick(columns, &block.column);
            let no = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, lanes::load(&block.threshold));
            let last = usize::from(LAST[usize::from(no & 127)]);
            at = block.next[2 * last + (usize::from(no) >> (last + 7) & 1)];
        }
        root.leaf as usize + usize::from(at)
    }
}

/// The value of each node's column.
#[target_feature(enable = "avx512f")]
#[inline]
fn pick<const K: usize>(columns: &[__m512; K], column: &[u8; WAYS]) -> __m512 {
    // SAFETY: 16 readable bytes.
    let column = unsafe { _mm_loadu_si128(column.as_ptr().cast()) };
    lanes::pick(columns, _mm512_cvtepu8_epi32(column))
}

#[cfg(test)]
mod tests;
