//! Trees of at most three levels, as perfect trees: seven comparisons, seven blends.
//!
//! One row goes through sixteen trees at once; sixteen rows or more go through one tree at once. A
//! leaf above the third level stands in the place of all that would be below it.
//!
//! ```text
//! node       0; its true child 1, its false child 2; theirs 3 4, 5 6
//! leaf       0 .. 7, true children before false ones
//! group      column[7][16]  threshold[7][16]  leaf[8][16]      sixteen trees, lane by lane
//! ```

use std::arch::x86_64::*;

use super::columns::Columns;
use super::lanes::{self, LANES, Lanes};
use super::{Kernel, Kernels};
use crate::trees::{Edge, Tree, Trees};

/// Levels of branches.
const LEVELS: u32 = 3;
const NODES: usize = (1 << LEVELS) - 1;
const LEAVES: usize = 1 << LEVELS;
/// Columns that two vectors hold.
const COLUMNS_MAX: usize = 2 * LANES;

/// Sixteen trees; lanes without a tree add nothing.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
struct Group {
    column: [[i32; LANES]; NODES],
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
                    column: [[0; LANES]; NODES],
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
        let blocks = rows.chunks(LANES * stride).zip(out.chunks_mut(LANES * self.targets));
        for (rows, out) in blocks {
            // Four rows one by one cost about as much as sixteen at once.
            if rows.len() > 4 * stride {
                // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found
                // the processor to have AVX-512.
                unsafe { self.add_lanes(rows, stride, out) };
            } else {
                let rows = rows.chunks_exact(stride).zip(out.chunks_exact_mut(self.targets));
                // SAFETY: as above.
                rows.for_each(|(row, out)| unsafe { self.add_row(row, out) });
            }
        }
    }

    /// One row, sixteen trees at a time.
    #[target_feature(enable = "avx512f")]
    fn add_row(&self, row: &[f32], out: &mut [f64]) {
        let columns: [_; COLUMNS_MAX / LANES] = lanes::columns_of(&self.columns, row);
        for run in &self.runs {
            let mut sums = [_mm512_setzero_pd(); 2];
            for group in &self.groups[run.groups.clone()] {
                let mut no = [0; NODES];
                for ((no, column), threshold) in
                    no.iter_mut().zip(&group.column).zip(&group.threshold)
                {
                    // SAFETY: 16 readable numbers.
                    let column = unsafe { _mm512_loadu_si512(column.as_ptr().cast()) };
                    let x = _mm512_permutex2var_ps(columns[0], column, columns[1]);
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

    /// Up to sixteen rows, one tree at a time.
    #[target_feature(enable = "avx512f")]
    fn add_lanes(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let mut columns = [Lanes([0.0; LANES]); COLUMNS_MAX];
        let filled = &mut columns[..self.columns.len()];
        lanes::turn(rows, stride, self.columns.features(), filled);
        for (lanes, _) in filled.iter_mut().zip(self.columns.nan_low()).filter(|(_, low)| *low) {
            for x in lanes.0.iter_mut().filter(|x| x.is_nan()) {
                *x = f32::NEG_INFINITY;
            }
        }
        for run in &self.runs {
            let mut sums = [_mm512_setzero_pd(); 2];
            for tree in 0..run.trees {
                let (group, lane) = (&self.groups[run.groups.start + tree / LANES], tree % LANES);
                let mut no = [0; NODES];
                for (node, no) in no.iter_mut().enumerate() {
                    let column = group.column[node][lane] as usize % COLUMNS_MAX;
                    let x = lanes::load(&columns[column]);
                    let threshold = _mm512_set1_ps(group.threshold[node].0[lane]);
                    *no = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, threshold);
                }
                let mut leaves = [_mm512_setzero_ps(); LEAVES];
                for (leaf, values) in leaves.iter_mut().zip(&group.leaf) {
                    *leaf = _mm512_set1_ps(values.0[lane]);
                }
                lanes::add(&mut sums, exits(leaves, no));
            }
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
                    self.column[node][lane] = columns.of(branch).into();
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
