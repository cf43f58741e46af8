//! Random ensembles and rows for tests, made from a shape and a seed.

use crate::{Aggregate, Mode, Precision, Spec, SpecNode, SpecWeight};

/// What a random ensemble looks like.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) trees: usize,
    /// Leaves of a tree: 1 to this many.
    pub(crate) leaves: usize,
    /// No leaf lies deeper.
    pub(crate) depth: usize,
    pub(crate) features: usize,
    /// Different thresholds of a feature, at most.
    pub(crate) thresholds: usize,
    pub(crate) targets: usize,
    /// A weight for each target in every leaf; else one, for the tree's own target.
    pub(crate) vectors: bool,
    /// Comparisons to draw from.
    pub(crate) modes: Vec<Mode>,
    /// Some NaN take the true child.
    pub(crate) missing: bool,
    pub(crate) aggregate: Aggregate,
    pub(crate) base: bool,
}

/// SplitMix64: S. Vigna's public-domain generator.
#[derive(Debug)]
pub(crate) struct Draw(pub(crate) u64);

impl Default for Shape {
    /// Boosted trees: one weight a leaf, `<=` only.
    fn default() -> Shape {
        Shape {
            trees: 50,
            leaves: 31,
            depth: 40,
            features: 30,
            thresholds: 200,
            targets: 1,
            vectors: false,
            modes: vec![Mode::Leq],
            missing: false,
            aggregate: Aggregate::Sum,
            base: false,
        }
    }
}

// === impl Draw ===

impl Draw {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound.max(1) as u64) as usize
    }

    /// Uniform in [-1, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }
}

// === impl Shape ===

impl Shape {
    /// An ensemble with sparse, unordered ids.
    pub(crate) fn ensemble(&self, draw: &mut Draw) -> Spec {
        let mut spec = Spec {
            aggregate: self.aggregate,
            targets: self.targets,
            precision: Precision::Single,
            ..Spec::default()
        };
        for tree in 0..self.trees {
            self.tree(tree, draw, &mut spec);
        }
        if self.base {
            spec.base_values = (0..self.targets).map(|_| draw.unit().into()).collect();
        }
        spec
    }

    /// The `index`th of a feature's thresholds.
    fn threshold(&self, feature: usize, index: usize) -> f32 {
        let special = [0.0, -0.0, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, 1e-45];
        match (feature * 31 + index) % 23 {
            at if at < special.len() => special[at],
            _ => Draw((feature as u64) << 20 | index as u64).unit(),
        }
    }

    fn tree(&self, tree: usize, draw: &mut Draw, spec: &mut Spec) {
        let ids = draw.bits() >> 20;
        let id = |place: usize| (ids ^ (place as u64).wrapping_mul(0x9E37_79B1)) as i64;
        let tree_id = 7 - 11 * tree as i64;
        let wanted = 1 + draw.below(self.leaves);
        // Leaves that may still be split, with their depth.
        let mut open = vec![(0_usize, 0_usize)];
        let mut leaves = Vec::new();
        let mut places = 1;
        let blank = SpecNode {
            tree: tree_id,
            node: 0,
            feature: 0,
            mode: Mode::Leaf,
            threshold: 0.0,
            yes: 0,
            no: 0,
            missing_yes: false,
        };
        while let Some(chosen) = (!open.is_empty()).then(|| draw.below(open.len())) {
            let (place, depth) = open.swap_remove(chosen);
            if leaves.len() + open.len() + 1 >= wanted || depth >= self.depth {
                leaves.push(place);
                continue;
            }
            let feature = draw.below(self.features);
            spec.nodes.push(SpecNode {
                node: id(place),
                feature: feature as i64,
                mode: self.modes[draw.below(self.modes.len())],
                threshold: self.threshold(feature, draw.below(self.thresholds)),
                yes: id(places),
                no: id(places + 1),
                missing_yes: self.missing && draw.below(2) == 0,
                ..blank
            });
            open.extend([(places, depth + 1), (places + 1, depth + 1)]);
            places += 2;
        }
        for place in leaves {
            spec.nodes.push(SpecNode { node: id(place), ..blank });
            let targets = if self.vectors {
                0..self.targets
            } else {
                tree % self.targets..tree % self.targets + 1
            };
            spec.weights.extend(targets.map(|target| SpecWeight {
                tree: tree_id,
                node: id(place),
                target: target as i64,
                weight: draw.unit().into(),
            }));
        }
        let first = spec.nodes.len() - draw.below(spec.nodes.len());
        spec.nodes[first.saturating_sub(2)..].reverse();
    }

    /// Rows of `stride` columns: plain values, NaN, infinities, zeros, thresholds and their
    /// neighbours.
    pub(crate) fn rows(&self, count: usize, stride: usize, draw: &mut Draw) -> Vec<f32> {
        let mut rows = Vec::with_capacity(count * stride);
        for at in 0..count * stride {
            let feature = at % stride.max(1);
            let threshold = self.threshold(feature, draw.below(self.thresholds));
            rows.push(match draw.below(12) {
                0 => f32::NAN,
                1 => [f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0][draw.below(4)],
                2 | 3 => threshold,
                4 => threshold.next_up(),
                5 => threshold.next_down(),
                _ => draw.unit(),
            });
        }
        rows
    }
}
