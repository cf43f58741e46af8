//! A sound ensemble in flat arrays, and the walk of a row through its trees.
//!
//! Made by `compile` only, which proves what the walk relies on: every index is in range and every
//! path ends at a leaf. Called by `regress`, `classify` and directly. No allocation per row.

use crate::spec::SpecNode;
use crate::{Aggregate, Error, Mode, Precision, Spec, compile};

/// Targets whose running totals fit on the stack.
const TARGETS_INLINE: usize = 8;
/// Bits of `Node::packed` that hold a feature or a count; the mode lies above them.
const PACKED_BITS: u32 = 24;
const PACKED_MASK: u32 = (1 << PACKED_BITS) - 1;
/// Set in the mode's byte when NaN takes the true child.
const MISSING_YES: u32 = 1 << 3;

/// A validated ensemble of decision trees; shared by threads as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    pub(crate) nodes: Vec<Node>,
    pub(crate) weights: Vec<Weight>,
    /// Position of each tree's root, in the order in which trees are added up.
    pub(crate) roots: Vec<u32>,
    pub(crate) features: usize,
    targets: usize,
    pub(crate) aggregate: Aggregate,
    precision: Precision,
    /// Empty, or one value per target.
    base_values: Vec<f64>,
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

// === impl Ensemble ===

impl Ensemble {
    /// Validates a spec whose base values are none or one per target.
    pub fn compile(spec: &Spec) -> Result<Ensemble, Error> {
        let mut ensemble = compile::compile(spec)?;
        let count = spec.base_values.len();
        if count != 0 && count != spec.targets {
            return Err(Error::BaseValues { count, targets: spec.targets });
        }
        ensemble.base_values.clone_from(&spec.base_values);
        Ok(ensemble)
    }

    pub(crate) fn empty(spec: &Spec, trees: usize) -> Ensemble {
        Ensemble {
            nodes: Vec::with_capacity(spec.nodes.len()),
            weights: Vec::with_capacity(spec.weights.len()),
            roots: Vec::with_capacity(trees),
            features: 0,
            targets: spec.targets,
            aggregate: spec.aggregate,
            precision: spec.precision,
            base_values: Vec::new(),
        }
    }

    /// The least number of columns a row must have: 1 + the highest feature id that a branch reads.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The number of targets or classes.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// The number of trees.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Writes the score of each target for one row, base values added. One of several targets that
    /// no leaf of the row has a weight for scores 0.
    ///
    /// # Panics
    /// When `row` is shorter than [`features`](Self::features) or `out` is not as long as
    /// [`targets`](Self::targets).
    pub fn scores(&self, row: &[f32], out: &mut [f64]) {
        self.scores_batch(row, row.len(), out);
    }

    /// The same for rows that lie one after the other, `stride` columns each; `out` is row-major,
    /// one row of [`targets`](Self::targets) scores for each.
    ///
    /// # Panics
    /// When `stride` is below [`features`](Self::features), or when the lengths of `rows` and `out`
    /// are not those of the same number of rows.
    pub fn scores_batch(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let count = out.len() / self.targets;
        assert_eq!(out.len(), count * self.targets, "out holds whole rows of scores");
        self.for_each_row(rows, stride, count, |index, totals| {
            let out = &mut out[index * self.targets..][..self.targets];
            for (target, (total, out)) in totals.iter().zip(out).enumerate() {
                *out = self.finish(target, *total);
            }
        });
    }

    /// Calls `each` with the index of each row and its totals before base values.
    pub(crate) fn for_each_row(
        &self,
        rows: &[f32],
        stride: usize,
        count: usize,
        mut each: impl FnMut(usize, &mut [Total]),
    ) {
        assert!(stride >= self.features, "a row has {stride} of {} columns", self.features);
        assert_eq!(rows.len(), stride * count, "{count} rows of {stride} columns");
        let mut inline = [Total::default(); TARGETS_INLINE];
        let mut spilled = Vec::new();
        let totals = if self.targets <= TARGETS_INLINE {
            &mut inline[..self.targets]
        } else {
            spilled.resize(self.targets, Total::default());
            &mut spilled[..]
        };
        for index in 0..count {
            totals.fill(Total::default());
            self.add_up(&rows[index * stride..][..stride], totals);
            each(index, totals);
        }
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

    /// Ends, since `compile` has proven that positions are in range and paths are finite.
    #[inline]
    fn leaf(&self, root: u32, row: &[f32]) -> &Node {
        let mut node = &self.nodes[root as usize];
        while let Some(yes) = node.decide(row) {
            node = &self.nodes[if yes { node.yes } else { node.no } as usize];
        }
        node
    }

    /// The score of a target, base value added. One of several targets that no leaf had a weight
    /// for scores 0 without its base value, as in ONNX Runtime.
    pub(crate) fn finish(&self, target: usize, total: Total) -> f64 {
        if !total.seen && self.targets > 1 {
            return 0.0;
        }
        let score = match self.aggregate {
            Aggregate::Average => self.precision.round(total.score / self.roots.len() as f64),
            _ => total.score,
        };
        match self.base_values.get(target) {
            Some(base) => self.precision.round(score + self.precision.round(*base)),
            None => score,
        }
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

#[cfg(test)]
mod tests;
