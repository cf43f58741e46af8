//! Hundreds of rows at a time, 64 to a vector: each tree's leaves are swept from left to right.
//!
//! A row's mark is the leftmost leaf that it may still reach, a byte; it begins at leaf 0. Nodes
//! come in pre-order. A node matters to the rows whose mark is the leftmost leaf below it, since
//! those are the rows whose path meets it; where such a row takes the false child, its mark moves
//! to the leftmost leaf below that. After the last node the mark is the row's leaf. So a node costs
//! two comparisons and a blend for 64 rows, and no row waits for its own last step as in a walk:
//! rows lie by columns, as ranks, and up to eight vectors of them take turns.
//!
//! ```text
//! node     slot rank low next      rows whose mark is `low` and whose slot is above `rank`: `next`
//! leaves   of each tree, from left to right, filled up to 8 or 16 (f64), or to 32 or 64 (f32)
//! ```

use std::arch::x86_64::*;
use std::ops::Range;

use super::lanes::{self, LANES};
use super::ranks::{Column, Ranks};
use super::{Kernel, Kernels};
use crate::trees::{Edge, Tree, Trees};

/// Rows that go through a tree together.
pub(super) const ROWS: usize = 512;
/// Rows of a vector.
const GROUP: usize = 64;
/// Leaves of a tree.
const LEAVES_MAX: usize = 64;
/// Leaves of a tree that are held in double precision, at most.
const WIDE_MAX: usize = 16;
/// Slots that a node can name.
const SLOTS_MAX: usize = 256;
/// Trees whose leaves are found before their values are added.
const TREES: usize = 8;

/// A branch. Leaves are numbered within their tree.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
struct Node {
    slot: u8,
    rank: u8,
    /// The leftmost leaf below it.
    low: u8,
    /// The leftmost leaf below its false child.
    next: u8,
}

/// Trees of one target, whose leaves are filled up to the same number.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    trees: Range<usize>,
    size: usize,
    /// The first of their leaves.
    leaves: usize,
    target: usize,
}

/// An ensemble as lists of nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sweep {
    ranks: Ranks,
    nodes: Vec<Node>,
    /// Where the nodes of each tree end.
    ends: Vec<u32>,
    runs: Vec<Run>,
    leaves: Vec<f32>,
    /// Those of trees of at most `WIDE_MAX` leaves, which need not be widened for each row.
    wide_leaves: Vec<f64>,
    targets: usize,
}

// === impl Sweep ===

impl Sweep {
    /// Refuses trees of over 64 leaves, nodes with two parents, leaves of several values, and
    /// features with over 254 thresholds.
    pub(super) fn compile(trees: &Trees) -> Option<Sweep> {
        let fits = |tree: &Tree| tree.proper && tree.leaves.len() <= LEAVES_MAX;
        if trees.width > 1 || !trees.trees.iter().all(fits) {
            return None;
        }
        let size = |tree: &Tree| tree.leaves.len().next_power_of_two().max(8);
        let mut sorted: Vec<&Tree> = trees.trees.iter().collect();
        sorted.sort_by_key(|tree| (tree.target, size(tree)));
        let mut out = Sweep {
            ranks: Ranks::compile(trees, SLOTS_MAX)?,
            nodes: Vec::new(),
            ends: Vec::new(),
            runs: Vec::new(),
            leaves: Vec::new(),
            wide_leaves: Vec::new(),
            targets: trees.constants.len(),
        };
        for alike in sorted.chunk_by(|a, b| (a.target, size(a)) == (b.target, size(b))) {
            let first = out.ends.len();
            out.runs.push(Run {
                trees: first..first + alike.len(),
                size: size(alike[0]),
                leaves: match size(alike[0]) {
                    ..=WIDE_MAX => out.wide_leaves.len(),
                    _ => out.leaves.len(),
                },
                target: alike[0].target as usize,
            });
            alike.iter().for_each(|tree| out.tree(tree, size(tree), trees));
        }
        Some(out)
    }

    fn tree(&mut self, tree: &Tree, size: usize, trees: &Trees) {
        let leftmost = |mut edge: Edge| loop {
            match edge {
                Edge::Leaf(leaf) => return (leaf - tree.leaves.start) as u8,
                Edge::Branch(child) => edge = tree.branches[child as usize].yes,
            }
        };
        for branch in &tree.branches {
            let (slot, rank) = self.ranks.of(branch);
            let (low, next) = (leftmost(branch.yes), leftmost(branch.no));
            self.nodes.push(Node { slot, rank, low, next });
        }
        self.ends.push(self.nodes.len() as u32);
        let values = &trees.values[tree.leaves.start as usize..tree.leaves.end as usize];
        let filled = values.iter().copied().chain(std::iter::repeat(0.0)).take(size);
        match size {
            ..=WIDE_MAX => self.wide_leaves.extend(filled.map(f64::from)),
            _ => self.leaves.extend(filled),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.ranks.bytes()
            + size_of_val(&self.nodes[..])
            + size_of_val(&self.ends[..])
            + size_of_val(&self.leaves[..])
            + size_of_val(&self.wide_leaves[..])
    }

    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(super) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Sweep));
        let mut columns = vec![Column([0; ROWS]); self.ranks.slots()];
        let slabs = rows.chunks(ROWS * stride).zip(out.chunks_mut(ROWS * self.targets));
        for (rows, out) in slabs {
            // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found the
            // processor to have what `slab` enables.
            unsafe {
                match (rows.len() / stride).div_ceil(GROUP) {
                    ..=1 => self.slab::<1>(rows, stride, &mut columns, out),
                    2 => self.slab::<2>(rows, stride, &mut columns, out),
                    3 => self.slab::<3>(rows, stride, &mut columns, out),
                    4 => self.slab::<4>(rows, stride, &mut columns, out),
                    5..=6 => self.slab::<6>(rows, stride, &mut columns, out),
                    _ => self.slab::<8>(rows, stride, &mut columns, out),
                }
            }
        }
    }

    /// At most `GROUPS` times 64 rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    fn slab<const GROUPS: usize>(
        &self,
        rows: &[f32],
        stride: usize,
        columns: &mut [Column<ROWS>],
        out: &mut [f64],
    ) {
        self.ranks.columns_avx512(rows, stride, columns);
        for of_target in self.runs.chunk_by(|a, b| a.target == b.target) {
            let mut sums = [0.0; ROWS];
            for run in of_target {
                match run.size {
                    8 => self.run::<GROUPS, 8>(run, columns, &mut sums),
                    16 => self.run::<GROUPS, 16>(run, columns, &mut sums),
                    32 => self.run::<GROUPS, 32>(run, columns, &mut sums),
                    _ => self.run::<GROUPS, 64>(run, columns, &mut sums),
                }
            }
            let first = out[of_target[0].target..].iter_mut();
            let of_rows = first.step_by(self.targets).zip(&sums);
            of_rows.for_each(|(out, sum)| *out += sum);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn run<const GROUPS: usize, const SIZE: usize>(
        &self,
        run: &Run,
        columns: &[Column<ROWS>],
        sums: &mut [f64; ROWS],
    ) {
        let mut marks = [Column([0; ROWS]); TREES];
        let mut first = match run.trees.start {
            0 => 0,
            start => self.ends[start - 1] as usize,
        };
        for (chunk, ends) in self.ends[run.trees.clone()].chunks(TREES).enumerate() {
            for (&end, marks) in ends.iter().zip(&mut marks) {
                sweep::<GROUPS>(&self.nodes[first..end as usize], columns, marks);
                first = end as usize;
            }
            let from = run.leaves + chunk * TREES * SIZE;
            let leaves = from..from + ends.len() * SIZE;
            if SIZE <= WIDE_MAX {
                let trees = self.wide_leaves[leaves].as_chunks::<SIZE>().0;
                add_wide_leaves::<GROUPS, SIZE>(trees, &marks, sums);
            } else {
                let trees = self.leaves[leaves].as_chunks::<SIZE>().0;
                add_leaves::<GROUPS, SIZE>(trees, &marks, sums);
            }
        }
    }
}

/// The leaf of each row.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn sweep<const GROUPS: usize>(nodes: &[Node], columns: &[Column<ROWS>], out: &mut Column<ROWS>) {
    let mut marks = [_mm512_setzero_si512(); GROUPS];
    let [root, nodes @ ..] = nodes else { return };
    let column = columns[usize::from(root.slot)].0.as_chunks::<GROUP>().0;
    let rank = _mm512_set1_epi8(root.rank.cast_signed());
    let next = _mm512_set1_epi8(root.next.cast_signed());
    for (mark, ranks) in marks.iter_mut().zip(column) {
        *mark = _mm512_maskz_mov_epi8(_mm512_cmpgt_epu8_mask(lanes::load_bytes(ranks), rank), next);
    }
    for node in nodes {
        let column = columns[usize::from(node.slot)].0.as_chunks::<GROUP>().0;
        let rank = _mm512_set1_epi8(node.rank.cast_signed());
        let low = _mm512_set1_epi8(node.low.cast_signed());
        let next = _mm512_set1_epi8(node.next.cast_signed());
        for (mark, ranks) in marks.iter_mut().zip(column) {
            let above = _mm512_cmpgt_epu8_mask(lanes::load_bytes(ranks), rank);
            let moved = _mm512_mask_cmpeq_epi8_mask(above, *mark, low);
            *mark = _mm512_mask_mov_epi8(*mark, moved, next);
        }
    }
    for (mark, out) in marks.into_iter().zip(out.0.as_chunks_mut::<GROUP>().0) {
        // SAFETY: 64 bytes that can be written.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), mark) };
    }
}

/// Adds to each row's sum the values of its leaves.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
#[inline]
fn add_leaves<const GROUPS: usize, const SIZE: usize>(
    trees: &[[f32; SIZE]],
    marks: &[Column<ROWS>; TREES],
    sums: &mut [f64; ROWS],
) {
    let rows = sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate();
    for (at, sums) in rows.take(GROUPS * GROUP / LANES) {
        let [low, high] = sums.as_chunks_mut().0 else { unreachable!("two halves") };
        let mut both = [lanes::load_doubles(low), lanes::load_doubles(high)];
        for (leaves, marks) in trees.iter().zip(marks) {
            let marks = &marks.0.as_chunks::<LANES>().0[at];
            // SAFETY: 16 bytes that can be read.
            let marks = unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(marks.as_ptr().cast())) };
            lanes::add(&mut both, values(leaves, marks));
        }
        lanes::store_doubles(low, both[0]);
        lanes::store_doubles(high, both[1]);
    }
}

/// The same for few leaves.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
#[inline]
fn add_wide_leaves<const GROUPS: usize, const SIZE: usize>(
    trees: &[[f64; SIZE]],
    marks: &[Column<ROWS>; TREES],
    sums: &mut [f64; ROWS],
) {
    let rows = sums.as_chunks_mut::<8>().0.iter_mut().enumerate();
    for (at, sums) in rows.take(GROUPS * GROUP / 8) {
        let mut sum = lanes::load_doubles(sums);
        for (leaves, marks) in trees.iter().zip(marks) {
            let marks = u64::from_le_bytes(marks.0.as_chunks().0[at]).cast_signed();
            let marks = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(marks));
            let value = match leaves.as_chunks().0 {
                [a] => _mm512_permutexvar_pd(marks, lanes::load_doubles(a)),
                [a, b] => {
                    let (a, b) = (lanes::load_doubles(a), lanes::load_doubles(b));
                    _mm512_permutex2var_pd(a, marks, b)
                }
                _ => unreachable!("leaves fill one or two vectors"),
            };
            sum = _mm512_add_pd(sum, value);
        }
        lanes::store_doubles(sums, sum);
    }
}

/// The values of the leaves with the given numbers.
#[target_feature(enable = "avx512f")]
#[inline]
fn values<const SIZE: usize>(leaves: &[f32; SIZE], numbers: __m512i) -> __m512 {
    use lanes::load_some as load;
    match leaves.as_chunks::<LANES>().0 {
        [a, b] => lanes::pick(&[load(a), load(b)], numbers),
        [a, b, c, d] => lanes::pick(&[load(a), load(b), load(c), load(d)], numbers),
        _ => unreachable!("leaves fill two or four vectors"),
    }
}

#[cfg(test)]
mod tests;
