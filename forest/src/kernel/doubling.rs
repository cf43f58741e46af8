//! Pointer doubling: all nodes of a tree are compared at once, then paths are halved until the root
//! points to its leaf.
//!
//! Compiles trees of up to 64 leaves into bins of 64 nodes; `row` and `block` evaluate them. A row
//! is a vector of ranks (`ranks`). One shuffle brings each node its slot, one comparison decides
//! all nodes, one blend leaves each node's chosen child. Following that pointer from every node at
//! once doubles the length of all paths, so that `ceil(log2 depth)` shuffles end at the leaves,
//! which point to themselves.
//!
//! ```text
//! bin   slot[64]  rank[64]  no[64]    node i takes `no` where ranks[slot] > rank; a byte each
//!       yes_leaf                      bit i says that the true child of node i is leaf i; else it
//!                                     is node i + 1, since trees are in pre-order, or of a root
//!                                     the first of its other nodes
//!       yes[64]                       of bins with trees whose nodes have several parents
//!       leaf[64]                      f32 value, or the number of a vector of values
//! node  0, 1, ... the roots, then the other nodes of each tree
//! child 0 .. 63 a node of the bin, 64 .. 127 a leaf of the bin
//! ```

mod block;
mod row;

use block::ROWS;

use super::ranks::Ranks;
use super::{Kernel, Kernels};
use crate::trees::{Edge, Tree, Trees};

/// Nodes of a bin, and its leaves.
const NODES: usize = 64;
/// Slots that a branch can name.
const SLOTS_MAX: usize = 256;
/// A bin's `rank` for a node that does not exist: nothing is above it.
const NEVER: u8 = 255;

/// Sixty-four nodes.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
struct Bin {
    slot: [u8; NODES],
    rank: [u8; NODES],
    no: [u8; NODES],
}

/// Bins that are evaluated alike.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    bins: std::ops::Range<usize>,
    /// Shuffles after the first choice.
    doublings: u32,
    /// Where the true children of the nodes are in `Doubling::yes`; none in pre-order.
    yes: Option<usize>,
    /// Trees of a bin.
    roots: u32,
    target: usize,
}

/// An ensemble in bins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Doubling {
    ranks: Ranks,
    runs: Vec<Run>,
    bins: Vec<Bin>,
    leaves: Vec<[f32; NODES]>,
    /// The same in double precision, so that one row's need not be widened; none of vectors.
    wide_leaves: Vec<[f64; NODES]>,
    /// Of bins in pre-order: which true children are leaves; else 0.
    yes_leaf: Vec<u64>,
    yes: Vec<[u8; NODES]>,
    /// Values of leaves by number when leaves have several, otherwise empty.
    vectors: Vec<f32>,
    width: usize,
    targets: usize,
}

/// What trees of one run have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    target: u32,
    roots: u32,
    pre_order: bool,
    doublings: u32,
}

// === impl Doubling ===

impl Doubling {
    /// Refuses trees of over 64 leaves, and features with over 254 thresholds.
    pub(super) fn compile(trees: &Trees) -> Option<Doubling> {
        let ranks = Ranks::compile(trees, SLOTS_MAX)?;
        let mut sorted: Vec<(Kind, &Tree)> = Vec::with_capacity(trees.trees.len());
        for tree in &trees.trees {
            sorted.push((Kind::of(tree)?, tree));
        }
        sorted.sort_by_key(|(kind, _)| *kind);
        let mut out = Doubling {
            ranks,
            runs: Vec::new(),
            bins: Vec::new(),
            leaves: Vec::new(),
            wide_leaves: Vec::new(),
            yes_leaf: Vec::new(),
            yes: Vec::new(),
            vectors: vectors(trees),
            width: trees.width,
            targets: trees.constants.len(),
        };
        for of_kind in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            let kind = of_kind[0].0;
            let first = out.bins.len();
            let yes = (!kind.pre_order).then_some(out.yes.len());
            for trees_of_bin in of_kind.chunks(kind.roots as usize) {
                out.bin(kind, trees_of_bin, trees);
            }
            out.runs.push(Run {
                bins: first..out.bins.len(),
                doublings: kind.doublings,
                yes,
                roots: kind.roots,
                target: kind.target as usize,
            });
        }
        Some(out)
    }

    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(super) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Doubling));
        // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found the
        // processor to have what `add_to` enables.
        unsafe {
            match self.ranks.slots() {
                ..=64 => self.add_to::<1>(rows, stride, out),
                65..=128 => self.add_to::<2>(rows, stride, out),
                _ => self.add_to::<4>(rows, stride, out),
            }
        }
    }

    /// Adds what the trees say of one row.
    pub(super) fn add_one(&self, row: &[f32], out: &mut [f64]) {
        debug_assert!(Kernels::detect().has(Kernel::Doubling));
        // SAFETY: as for `add`.
        unsafe {
            match self.ranks.slots() {
                ..=64 => self.add_row::<1>(row, out),
                65..=128 => self.add_row::<2>(row, out),
                _ => self.add_row::<4>(row, out),
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    fn add_to<const K: usize>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        if self.width > 1 {
            for (row, out) in rows.chunks_exact(stride).zip(out.chunks_exact_mut(self.targets)) {
                self.add_row::<K>(row, out);
            }
        } else {
            let blocks = rows.chunks(ROWS * stride).zip(out.chunks_mut(ROWS * self.targets));
            blocks.for_each(|(rows, out)| self.add_block::<K>(rows, stride, out));
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.ranks.bytes()
            + size_of_val(&self.bins[..])
            + size_of_val(&self.leaves[..])
            + size_of_val(&self.wide_leaves[..])
            + size_of_val(&self.yes_leaf[..])
            + size_of_val(&self.yes[..])
            + size_of_val(&self.vectors[..])
    }

    fn bin(&mut self, kind: Kind, of_bin: &[(Kind, &Tree)], trees: &Trees) {
        let roots = kind.roots as usize;
        let cap = NODES / roots;
        let value = |leaf: u32| match trees.width {
            1 => trees.values[leaf as usize],
            _ => f32::from_bits(leaf),
        };
        // A leaf that adds nothing is what a bin has in place of trees that it lacks.
        let nothing = if trees.width == 1 { 0.0 } else { value(trees.leaves() as u32) };
        let mut leaves = [nothing; NODES];
        let mut bin = Bin { slot: [0; NODES], rank: [NEVER; NODES], no: [NODES as u8; NODES] };
        let mut yes = [NODES as u8; NODES];
        let mut yes_leaf = 0_u64;
        for (root, yes) in yes.iter_mut().enumerate().take(roots) {
            let Some((_, tree)) = of_bin.get(root) else {
                yes_leaf |= 1 << root;
                *yes = (NODES + root * cap) as u8;
                continue;
            };
            for (at, branch) in tree.branches.iter().enumerate() {
                let node = place(root, at as u32, roots);
                (bin.slot[node], bin.rank[node]) = self.ranks.of(branch);
                if let Edge::Leaf(leaf) = branch.yes
                    && kind.pre_order
                {
                    yes_leaf |= 1 << node;
                    leaves[node] = value(leaf);
                }
            }
        }
        let mut taken = yes_leaf;
        for (root, (_, tree)) in of_bin.iter().enumerate() {
            let mut child = |edge: Edge| match edge {
                Edge::Branch(child) => place(root, child, roots) as u8,
                Edge::Leaf(leaf) => {
                    let id = match kind.pre_order {
                        true => (!taken).trailing_zeros() as usize,
                        false => root * cap + (leaf - tree.leaves.start) as usize,
                    };
                    taken |= 1 << id;
                    leaves[id] = value(leaf);
                    (NODES + id) as u8
                }
            };
            for (at, branch) in tree.branches.iter().enumerate() {
                let node = place(root, at as u32, roots);
                bin.no[node] = child(branch.no);
                if !kind.pre_order {
                    yes[node] = child(branch.yes);
                }
            }
        }
        self.bins.push(bin);
        self.leaves.push(leaves);
        if trees.width == 1 {
            self.wide_leaves.push(leaves.map(f64::from));
        }
        match kind.pre_order {
            true => self.yes_leaf.push(yes_leaf),
            false => {
                self.yes_leaf.push(0);
                self.yes.push(yes);
            }
        }
    }
}

/// Where a branch of a tree stands: roots come first, then what is below each of them.
fn place(root: usize, branch: u32, roots: usize) -> usize {
    match branch {
        0 => root,
        branch => roots + root * (NODES / roots - 1) + branch as usize - 1,
    }
}

/// The values of leaves that have several, and one more leaf that adds nothing.
fn vectors(trees: &Trees) -> Vec<f32> {
    match trees.width {
        1 => Vec::new(),
        width => [&trees.values[..], &vec![0.0; width]].concat(),
    }
}

// === impl Kind ===

impl Kind {
    /// None when the tree does not fit a bin.
    fn of(tree: &Tree) -> Option<Kind> {
        let (nodes, leaves) = (tree.branches.len(), tree.leaves.len());
        // A proper tree has a leaf more than nodes.
        let fits = |roots: usize| nodes < NODES / roots && leaves <= NODES / roots;
        let roots = [8, 4, 2, 1].into_iter().find(|roots| fits(*roots))?;
        // The nodes of a tree come in pre-order; a node with two parents can follow one of them.
        let pre_order = tree.proper;
        let doublings = tree.depth.next_power_of_two().trailing_zeros();
        Some(Kind { target: tree.target, roots: roots as u32, pre_order, doublings })
    }
}

#[cfg(test)]
mod tests;
