//! Trees of at most three levels, as perfect trees: seven comparisons, seven blends.
//!
//! One row goes through sixteen trees at once; sixteen rows or more go through one tree at once. A
//! leaf above the third level stands in the place of all that would be below it.
//!
//! ```text
//! node       0; its true child 1, its false child 2; theirs 3 4, 5 6
//! leaf       0 .. 7, true children before false ones
//! group      columns[2][16]  threshold[7][16]  leaf[8][16]     sixteen trees, lane by lane
//! columns    five bits a node: nodes 0 to 5, node 6
//! ```

use std::arch::x86_64::*;

use super::columns::Columns;
use super::lanes::{self, LANES, Lanes, Turned};
use super::{Kernel, Kernels};
use crate::trees::{Edge, Tree, Trees};

/// Levels of branches.
const LEVELS: u32 = 3;
const NODES: usize = (1 << LEVELS) - 1;
const LEAVES: usize = 1 << LEVELS;
/// Columns that two vectors hold: five bits name one.
const COLUMNS_MAX: usize = 2 * LANES;
const COLUMN_BITS: usize = 5;
/// Nodes whose columns share a word.
const NODES_OF_WORD: usize = 6;
/// Vectors of rows that pass a tree before the next one comes.
const VECTORS: usize = 4;

/// Sixteen trees; lanes without a tree add nothing.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
struct Group {
    columns: [[u32; LANES]; 2],
    threshold: [Lanes; NODES],
    leaf: [Lanes; LEAVES],
}

/// The groups of one target.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    groups: std::ops::Range<usize>,
    /// The number of trees.
    trees: usize,
    target: usize,
}

/// An ensemble in groups.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shallow {
    columns: Columns,
    groups: Vec<Group>,
    runs: Vec<Run>,
    targets: usize,
}

// === impl Shallow ===

impl Shallow {
    /// Refuses deeper trees, leaves of several values and over 32 columns.
    pub(super) fn compile(trees: &Trees) -> Option<Shallow> {
        let columns = Columns::compile(trees, COLUMNS_MAX)?;
        if trees.width > 1 || trees.trees.iter().any(|tree| tree.depth > LEVELS) {
            return None;
        }
        let mut sorted: Vec<&Tree> = trees.trees.iter().collect();
        sorted.sort_by_key(|tree| tree.target);
        let (mut groups, mut runs) = (Vec::new(), Vec::new());
        for of_target in sorted.chunk_by(|a, b| a.target == b.target) {
            let first = groups.len();
            for of_group in of_target.chunks(LANES) {
                let mut group = Group {
                    columns: [[0; LANES]; 2],
                    threshold: [Lanes([0.0; LANES]); NODES],
                    leaf: [Lanes([0.0; LANES]); LEAVES],
                };
                for (lane, tree) in of_group.iter().enumerate() {
                    group.tree(lane, tree, trees, &columns);
                }
                groups.push(group);
            }
            let target = of_target[0].target as usize;
            runs.push(Run { groups: first..groups.len(), trees: of_target.len(), target });
        }
        Some(Shallow { columns, groups, runs, targets: trees.constants.len() })
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.groups[..])
    }

    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(super) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Shallow));
        let rows_of = VECTORS * LANES;
        let blocks = rows.chunks(rows_of * stride).zip(out.chunks_mut(rows_of * self.targets));
        for (rows, out) in blocks {
            // Four rows one by one cost about as much as sixteen at once.
            // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found the
            // processor to have AVX-512.
            unsafe {
                if rows.len() > LANES * stride {
                    self.add_lanes::<VECTORS>(rows, stride, out);
                } else if rows.len() > 4 * stride {
                    self.add_lanes::<1>(rows, stride, out);
                } else {
                    let rows = rows.chunks_exact(stride).zip(out.chunks_exact_mut(self.targets));
                    rows.for_each(|(row, out)| self.add_row(row, out));
                }
            }
        }
    }

    /// Adds what the trees say of one row.
    pub(super) fn add_one(&self, row: &[f32], out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Shallow));
        // SAFETY: as for `add`.
        unsafe { self.add_row(row, out) }
    }

    /// One row, sixteen trees at a time.
    #[target_feature(enable = "avx512f,bmi2")]
    fn add_row(&self, row: &[f32], out: &mut [f64]) {
        let columns: [_; COLUMNS_MAX / LANES] = lanes::columns_of(&self.columns, row);
        for run in &self.runs {
            let mut sums = [_mm512_setzero_pd(); 2];
            for group in &self.groups[run.groups.clone()] {
                // A shuffle looks at the lowest five bits of a place.
                let [first, last] = [word(&group.columns[0]), word(&group.columns[1])];
                let places = [
                    first,
                    _mm512_srli_epi32::<5>(first),
                    _mm512_srli_epi32::<10>(first),
                    _mm512_srli_epi32::<15>(first),
                    _mm512_srli_epi32::<20>(first),
                    _mm512_srli_epi32::<25>(first),
                    last,
                ];
                let mut no = [0; NODES];
                for ((no, place), threshold) in no.iter_mut().zip(places).zip(&group.threshold) {
                    let x = _mm512_permutex2var_ps(columns[0], place, columns[1]);
                    *no = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, lanes::load(threshold));
                }
                let mut leaves = [_mm512_setzero_ps(); LEAVES];
                for (leaf, values) in leaves.iter_mut().zip(&group.leaf) {
                    *leaf = lanes::load(values);
                }
                lanes::add(&mut sums, exits(leaves, no));
            }
            out[run.target] += _mm512_reduce_add_pd(_mm512_add_pd(sums[0], sums[1]));
        }
    }

    /// Up to `V` times sixteen rows, one tree at a time.
    #[target_feature(enable = "avx512f")]
    fn add_lanes<const V: usize>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let mut columns = [[Lanes([0.0; LANES]); COLUMNS_MAX]; V];
        let vectors = rows.len().div_ceil(LANES * stride);
        let mut turned = Turned::<1>::new();
        for (rows, columns) in rows.chunks(LANES * stride).zip(&mut columns) {
            let filled = &mut columns[..self.columns.len()];
            turned.set(rows, stride);
            for (feature, out) in self.columns.features().zip(&mut *filled) {
                let [column] = turned.column(feature);
                lanes::store(out, column);
            }
            for (lanes, _) in filled.iter_mut().zip(self.columns.nan_low()).filter(|(_, low)| *low)
            {
                for x in lanes.0.iter_mut().filter(|x| x.is_nan()) {
                    *x = f32::NEG_INFINITY;
                }
            }
        }
        for run in &self.runs {
            let mut sums = [[_mm512_setzero_pd(); 2]; V];
            for tree in 0..run.trees {
                let group = &self.groups[run.groups.start + tree / LANES];
                group.add_lane(tree % LANES, &columns[..vectors], &mut sums);
            }
            for (sums, out) in sums.iter().zip(out.chunks_mut(LANES * self.targets)) {
                let mut of_rows = [0.0; LANES];
                // SAFETY: 16 doubles that can be written.
                unsafe {
                    _mm512_storeu_pd(of_rows.as_mut_ptr(), sums[0]);
                    _mm512_storeu_pd(of_rows[8..].as_mut_ptr(), sums[1]);
                }
                let rows = out.chunks_exact_mut(self.targets).zip(of_rows);
                rows.for_each(|(out, sum)| out[run.target] += sum);
            }
        }
    }
}

/// The columns of a word's nodes, a tree a lane.
#[target_feature(enable = "avx512f")]
#[inline]
fn word(columns: &[u32; LANES]) -> __m512i {
    // SAFETY: 16 readable numbers.
    unsafe { _mm512_loadu_si512(columns.as_ptr().cast()) }
}

/// The leaf that each lane comes to, when `no` says which of its nodes take the false child.
#[target_feature(enable = "avx512f")]
#[inline]
fn exits(leaves: [__m512; LEAVES], no: [__mmask16; NODES]) -> __m512 {
    let yes_yes = _mm512_mask_blend_ps(no[3], leaves[0], leaves[1]);
    let yes_no = _mm512_mask_blend_ps(no[4], leaves[2], leaves[3]);
    let no_yes = _mm512_mask_blend_ps(no[5], leaves[4], leaves[5]);
    let no_no = _mm512_mask_blend_ps(no[6], leaves[6], leaves[7]);
    let yes = _mm512_mask_blend_ps(no[1], yes_yes, yes_no);
    let no_ = _mm512_mask_blend_ps(no[2], no_yes, no_no);
    _mm512_mask_blend_ps(no[0], yes, no_)
}

// === impl Group ===

impl Group {
    /// Adds what one tree says of vectors of rows.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn add_lane<const V: usize>(
        &self,
        lane: usize,
        columns: &[[Lanes; COLUMNS_MAX]],
        sums: &mut [[__m512d; 2]; V],
    ) {
        let mut places = [0; NODES];
        let mut thresholds = [_mm512_setzero_ps(); NODES];
        let mut leaves = [_mm512_setzero_ps(); LEAVES];
        for (node, place) in places.iter_mut().enumerate() {
            let shift = COLUMN_BITS * (node % NODES_OF_WORD);
            let word = self.columns[node / NODES_OF_WORD][lane];
            *place = (word >> shift) as usize % COLUMNS_MAX;
        }
        for (threshold, values) in thresholds.iter_mut().zip(&self.threshold) {
            *threshold = _mm512_set1_ps(values.0[lane]);
        }
        for (leaf, values) in leaves.iter_mut().zip(&self.leaf) {
            *leaf = _mm512_set1_ps(values.0[lane]);
        }
        for (columns, sums) in columns.iter().zip(sums) {
            let mut no = [0; NODES];
            for ((no, place), threshold) in no.iter_mut().zip(places).zip(thresholds) {
                *no = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(lanes::load(&columns[place]), threshold);
            }
            lanes::add(sums, exits(leaves, no));
        }
    }

    fn tree(&mut self, lane: usize, tree: &Tree, trees: &Trees, columns: &Columns) {
        // The node, its first leaf, the number of leaves below it.
        let mut open = vec![(Edge::Branch(0), 0, 0, LEAVES)];
        while let Some((edge, node, first, below)) = open.pop() {
            match edge {
                Edge::Leaf(leaf) => {
                    for leaves in &mut self.leaf[first..first + below] {
                        leaves.0[lane] = trees.values[leaf as usize];
                    }
                }
                Edge::Branch(at) => {
                    let branch = &tree.branches[at as usize];
                    let shift = COLUMN_BITS * (node % NODES_OF_WORD);
                    let column = u32::from(columns.of(branch)) << shift;
                    self.columns[node / NODES_OF_WORD][lane] |= column;
                    self.threshold[node].0[lane] = branch.threshold;
                    open.push((branch.yes, 2 * node + 1, first, below / 2));
                    open.push((branch.no, 2 * node + 2, first + below / 2, below / 2));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
