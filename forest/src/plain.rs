//! A sound ensemble in flat arrays, and the walk of a row through its trees.
//!
//! Made by `compile` only, which proves what the walk relies on: every index is in range and every
//! path ends at a leaf. `trees` rewrites it for the kernels; what no kernel takes is walked here.
//! No allocation per row.

use crate::spec::SpecNode;
use crate::{Aggregate, Mode, Precision, Spec};

/// Bits of `Node::packed` that hold a feature or a count; the mode lies above them.
const PACKED_BITS: u32 = 24;
const PACKED_MASK: u32 = (1 << PACKED_BITS) - 1;
/// Set in the mode's byte when NaN takes the true child.
const MISSING_YES: u32 = 1 << 3;

/// Validated trees, one node after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain {
    pub(crate) nodes: Vec<Node>,
    pub(crate) weights: Vec<Weight>,
    /// Position of each tree's root, in the order in which trees are added up.
    pub(crate) roots: Vec<u32>,
    /// 1 + the highest feature id that a branch reads.
    pub(crate) features: usize,
    pub(crate) targets: usize,
    pub(crate) aggregate: Aggregate,
    pub(crate) precision: Precision,
}

/// Sixteen bytes: four nodes share a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// What a branch compares with.
    threshold: f32,
    /// Mode and missing flag in the top byte; below it the feature, or a leaf's count of weights.
    packed: u32,
    /// Position of the true child, or of a leaf's first weight.
    yes: u32,
    /// Position of the false child.
    no: u32,
}

/// What a leaf adds to one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weight {
    pub(crate) value: f64,
    pub(crate) target: u32,
}

/// What a row has met so far for one target.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Total {
    pub(crate) score: f64,
    /// Some leaf had a weight for this target.
    pub(crate) seen: bool,
}

// === impl Plain ===

impl Plain {
    pub(crate) fn empty(spec: &Spec, trees: usize) -> Plain {
        Plain {
            nodes: Vec::with_capacity(spec.nodes.len()),
            weights: Vec::with_capacity(spec.weights.len()),
            roots: Vec::with_capacity(trees),
            features: 0,
            targets: spec.targets,
            aggregate: spec.aggregate,
            precision: spec.precision,
        }
    }

    /// Writes what a row meets to `totals`, one for each target.
    pub(crate) fn walk(&self, row: &[f32], totals: &mut [Total]) {
        totals.fill(Total::default());
        self.add_up(row, totals);
    }

    fn add_up(&self, row: &[f32], totals: &mut [Total]) {
        for &root in &self.roots {
            let leaf = self.leaf(root, row);
            for weight in &self.weights[leaf.yes as usize..][..leaf.count()] {
                let total = &mut totals[weight.target as usize];
                let better = match self.aggregate {
                    Aggregate::Sum | Aggregate::Average => {
                        total.score = self.precision.round(total.score + weight.value);
                        false
                    }
                    Aggregate::Min => !total.seen || weight.value < total.score,
                    Aggregate::Max => !total.seen || weight.value > total.score,
                };
                if better {
                    total.score = weight.value;
                }
                total.seen = true;
            }
        }
    }

    /// The weights of a leaf by its position.
    pub(crate) fn weights_of(&self, leaf: u32) -> &[Weight] {
        let leaf = &self.nodes[leaf as usize];
        &self.weights[leaf.yes as usize..][..leaf.count()]
    }

    /// Ends, since `compile` has proven that positions are in range and paths are finite.
    #[inline]
    fn leaf(&self, root: u32, row: &[f32]) -> &Node {
        let mut node = &self.nodes[root as usize];
        while let Some(yes) = node.decide(row) {
            node = &self.nodes[if yes { node.yes } else { node.no } as usize];
        }
        node
    }
}

// === impl Node ===

impl Node {
    pub(crate) fn branch(node: &SpecNode, [yes, no]: [u32; 2]) -> Node {
        let missing = if node.missing_yes { MISSING_YES } else { 0 };
        let packed = ((code(node.mode) | missing) << PACKED_BITS) | node.feature as u32;
        Node { threshold: node.threshold, packed, yes, no }
    }

    pub(crate) fn leaf(first_weight: u32, count: u32) -> Node {
        let packed = (code(Mode::Leaf) << PACKED_BITS) | count;
        Node { threshold: 0.0, packed, yes: first_weight, no: 0 }
    }

    pub(crate) fn mode(&self) -> Mode {
        match (self.packed >> PACKED_BITS) & !MISSING_YES {
            0 => Mode::Leq,
            1 => Mode::Lt,
            2 => Mode::Gte,
            3 => Mode::Gt,
            4 => Mode::Eq,
            5 => Mode::Neq,
            _ => Mode::Leaf,
        }
    }

    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Of a branch.
    pub(crate) fn feature(&self) -> u32 {
        self.packed & PACKED_MASK
    }

    /// Whether NaN takes the true child of a branch even where the comparison is false.
    pub(crate) fn missing_yes(&self) -> bool {
        (self.packed >> PACKED_BITS) & MISSING_YES != 0
    }

    /// Positions of a branch's true and false child.
    pub(crate) fn children(&self) -> (u32, u32) {
        (self.yes, self.no)
    }

    /// Whether the row takes the true child; nothing at a leaf.
    #[inline]
    fn decide(&self, row: &[f32]) -> Option<bool> {
        let mode = self.packed >> PACKED_BITS;
        if mode == code(Mode::Leaf) {
            return None;
        }
        let value = row[(self.packed & PACKED_MASK) as usize];
        let threshold = self.threshold;
        let yes = match mode & !MISSING_YES {
            0 => value <= threshold,
            1 => value < threshold,
            2 => value >= threshold,
            3 => value > threshold,
            4 => value == threshold,
            _ => value != threshold,
        };
        Some(yes || (mode & MISSING_YES != 0 && value.is_nan()))
    }

    #[inline]
    fn count(&self) -> usize {
        (self.packed & PACKED_MASK) as usize
    }
}

const fn code(mode: Mode) -> u32 {
    match mode {
        Mode::Leq => 0,
        Mode::Lt => 1,
        Mode::Gte => 2,
        Mode::Gt => 3,
        Mode::Eq => 4,
        Mode::Neq => 5,
        Mode::Leaf => 6,
    }
}
