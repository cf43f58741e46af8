//! All nodes of a tree are compared at once; tables lead from the bits of the answers to the leaf.
//!
//! Compiles trees of up to 64 leaves into bins of 64 nodes; `avx2` or `neon` evaluates them. A row
//! is ranks (`ranks`): shuffles bring each node its slot, a comparison decides all nodes, and bits
//! are made of the answers. A tree is cut into groups of connected nodes (`cut`), whose bits lie
//! side by side: they are the index into the group's table, whose entry names the group to look at
//! next, and after a fixed number of steps the leaf.
//!
//! ```text
//! bin     slot[64]  rank[64]       bit i is set where ranks[slot[i]] > rank[i]; a byte each
//! tree    first: u32 entry of the first group's table, window: u16
//! window  where the bits of a group begin: 8 bits, how many there are: 8 bits
//! entry   window: 16 bits, place of that group's table in the tree's: 16 bits
//!         in the last step a leaf: the bits of its f32 value, or its number
//! ```
//! A leaf that is met early goes through tables of one entry.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod cut;
#[cfg(target_arch = "aarch64")]
mod neon;

use cut::{Cut, cut};

use super::ranks::Ranks;
use crate::trees::{Tree, Trees};

/// Nodes of a bin.
const NODES: usize = 64;
/// Slots that a branch can name.
const SLOTS_MAX: usize = NODES;
/// A bin's rank for a node that does not exist: nothing is above it.
const NEVER: u8 = 255;
/// Steps of a walk.
const STEPS_MAX: usize = 4;
/// Tables of an ensemble are best kept within a near cache: more steps make them smaller.
const BYTES_WANTED: usize = 160 << 10;

/// Sixty-four nodes.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
struct Bin {
    slot: [u8; NODES],
    rank: [u8; NODES],
}

/// Where a tree's walk begins.
#[derive(Debug, Clone, Copy, PartialEq)]
struct First {
    table: u32,
    window: u32,
}

/// Bins that are evaluated alike.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    bins: std::ops::Range<usize>,
    /// The first of the trees; a bin has `roots` of them.
    trees: usize,
    roots: usize,
    target: usize,
}

/// An ensemble in bins. Entries lead to entries of the same tree, whatever the bits, by
/// construction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tables {
    ranks: Ranks,
    runs: Vec<Run>,
    bins: Vec<Bin>,
    firsts: Vec<First>,
    entries: Vec<u32>,
    steps: usize,
    /// Values of leaves by number when leaves have several, otherwise empty.
    vectors: Vec<f32>,
    width: usize,
    targets: usize,
}

// === impl Tables ===

impl Tables {
    /// Refuses trees of over 63 branches, and features with over 254 thresholds.
    pub(super) fn compile(trees: &Trees) -> Option<Tables> {
        let ranks = Ranks::compile(trees, SLOTS_MAX)?;
        if trees.trees.iter().any(|tree| tree.branches.len() >= NODES || !tree.proper) {
            return None;
        }
        let cuts = |steps| trees.trees.iter().map(move |tree| cut(tree, steps));
        let bytes = |cuts: &[Cut]| 4 * cuts.iter().map(|cut| cut.entries).sum::<usize>();
        let mut best: Option<(usize, Vec<Cut>)> = None;
        for steps in 1..=STEPS_MAX {
            let Some(cuts) = cuts(steps).collect::<Option<Vec<Cut>>>() else { continue };
            let smaller = best.as_ref().is_none_or(|(_, best)| bytes(&cuts) < bytes(best));
            if smaller {
                let small = bytes(&cuts) <= BYTES_WANTED;
                best = Some((steps, cuts));
                if small {
                    break;
                }
            }
        }
        let (steps, cuts) = best?;
        let mut out = Tables {
            ranks,
            runs: Vec::new(),
            bins: Vec::new(),
            firsts: Vec::new(),
            entries: Vec::new(),
            steps,
            vectors: if trees.width == 1 { Vec::new() } else { trees.values.clone() },
            width: trees.width,
            targets: trees.constants.len(),
        };
        out.fill(trees, &cuts);
        Some(out)
    }

    pub(super) fn bytes(&self) -> usize {
        self.ranks.bytes()
            + size_of_val(&self.bins[..])
            + size_of_val(&self.firsts[..])
            + size_of_val(&self.entries[..])
            + size_of_val(&self.vectors[..])
    }

    fn fill(&mut self, trees: &Trees, cuts: &[Cut]) {
        let roots = |tree: &Tree| {
            let fits = |roots: &usize| tree.branches.len() <= NODES / roots;
            [8, 4, 2, 1].into_iter().find(fits).unwrap_or(1)
        };
        let mut order: Vec<(&Tree, &Cut)> = trees.trees.iter().zip(cuts).collect();
        order.sort_by_key(|(tree, _)| (tree.target, roots(tree)));
        let alike = |a: &(&Tree, &Cut), b: &(&Tree, &Cut)| {
            a.0.target == b.0.target && roots(a.0) == roots(b.0)
        };
        for of_run in order.chunk_by(alike) {
            let roots = roots(of_run[0].0);
            let (first, tree) = (self.bins.len(), self.firsts.len());
            for of_bin in of_run.chunks(roots) {
                let mut bin = Bin { slot: [0; NODES], rank: [NEVER; NODES] };
                for (place, (tree, cut)) in of_bin.iter().enumerate() {
                    self.tree(&mut bin, place * (NODES / roots), tree, cut, trees);
                }
                // A bin that lacks trees has walks for them that end at a leaf of nothing.
                for _ in of_bin.len()..roots {
                    self.nothing();
                }
                self.bins.push(bin);
            }
            let target = of_run[0].0.target as usize;
            self.runs.push(Run { bins: first..self.bins.len(), trees: tree, roots, target });
        }
    }

    /// Puts a tree's nodes into a bin from `bit` on, and its tables behind the others.
    fn tree(&mut self, bin: &mut Bin, bit: usize, tree: &Tree, cut: &Cut, trees: &Trees) {
        for (place, &branch) in cut.order.iter().enumerate() {
            let (slot, rank) = self.ranks.of(&tree.branches[branch as usize]);
            bin.slot[bit + place] = slot;
            bin.rank[bit + place] = rank;
        }
        let value = |leaf: u32| match trees.width {
            1 => trees.values[leaf as usize].to_bits(),
            _ => leaf,
        };
        let first = self.entries.len();
        let window = cut.write(tree, bit, self.steps, &value, &mut self.entries);
        self.firsts.push(First { table: first as u32, window });
    }

    fn nothing(&mut self) {
        let first = self.entries.len();
        // Windows of no bits, one entry behind the other.
        self.entries.extend((1..self.steps).map(|step| (step as u32) << 16));
        let leaf = match self.width {
            1 => 0,
            width => {
                let number = self.vectors.len() / width;
                self.vectors.resize(self.vectors.len() + width, 0.0);
                number as u32
            }
        };
        self.entries.push(leaf);
        self.firsts.push(First { table: first as u32, window: 0 });
    }
}

#[cfg(test)]
mod tests;
