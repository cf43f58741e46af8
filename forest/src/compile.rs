//! Proves an ensemble sound and lays it out for evaluation.
//!
//! Called through `Ensemble::compile`, `Regressor::compile` and `Classifier::compile`. Works
//! iteratively, since the depth of a tree is the file's choice. Refuses ids that do not exist or
//! exist twice, cycles, trees with no root or two, and counts over the limits. A leaf without
//! weights adds nothing. Two parents may share a child: exporters write `x is one of a, b, c` as a
//! chain of equality tests with one true child.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::plain::{Node, Plain, Weight};
use crate::{Error, Mode, Spec};

/// Nodes of an ensemble.
pub const NODES_MAX: usize = 1 << 24;
/// Weights of an ensemble.
pub const WEIGHTS_MAX: usize = 1 << 26;
/// Features that branches may read; a feature id is below it.
pub const FEATURES_MAX: usize = 1 << 24;
/// Targets or classes.
pub const TARGETS_MAX: usize = 1 << 16;

/// In place of a position: not there, or not yet.
const NONE: u32 = u32::MAX;

/// Positions in `spec.nodes` by their ids, and the shape of the trees they form.
#[derive(Debug)]
struct Links {
    /// Position by (tree id, node id).
    by_id: HashMap<(i64, i64), u32>,
    /// Positions of the true and the false child of each node; `NONE` for leaves.
    children: Vec<[u32; 2]>,
    /// How many edges lead to each node.
    parents: Vec<u32>,
    /// Position of the root of each tree, in the order in which the tree ids first appear.
    roots: Vec<u32>,
}

/// Compiles all but the base values, whose meaning differs between regressors and classifiers.
pub(crate) fn compile(spec: &Spec) -> Result<Plain, Error> {
    limits(spec)?;
    let links = Links::find(spec)?;
    links.prove_acyclic(spec)?;
    let weights = WeightsByNode::sort(spec, &links)?;
    let mut plain = Plain::empty(spec, links.roots.len());
    let (order, places) = links.lay_out();
    plain.roots.extend(links.roots.iter().map(|&root| places[root as usize]));
    for &position in &order {
        let position = position as usize;
        let node = &spec.nodes[position];
        plain.nodes.push(if node.mode == Mode::Leaf {
            let first = plain.weights.len() as u32;
            plain.weights.extend_from_slice(weights.of(position)?);
            Node::leaf(first, plain.weights.len() as u32 - first)
        } else {
            plain.features = plain.features.max(node.feature as usize + 1);
            Node::branch(node, links.children[position].map(|child| places[child as usize]))
        });
    }
    Ok(plain)
}

fn limits(spec: &Spec) -> Result<(), Error> {
    let counts = [
        ("nodes", spec.nodes.len(), NODES_MAX),
        ("weights", spec.weights.len(), WEIGHTS_MAX),
        ("targets or classes", spec.targets, TARGETS_MAX),
    ];
    for (what, count, limit) in counts {
        if count > limit {
            return Err(Error::TooMany { what, count, limit });
        }
    }
    if spec.targets == 0 {
        return Err(Error::TooFewTargets { targets: 0, min: 1 });
    }
    if spec.nodes.is_empty() {
        return Err(Error::Empty);
    }
    let bad_feature = |feature: i64| usize::try_from(feature).map_or(true, |id| id >= FEATURES_MAX);
    let reads = spec.nodes.iter().filter(|node| node.mode != Mode::Leaf);
    match reads.into_iter().find(|node| bad_feature(node.feature)) {
        Some(node) => {
            Err(Error::Feature { tree: node.tree, node: node.node, feature: node.feature })
        }
        None => Ok(()),
    }
}

fn not_a_tree(spec: &Spec, position: usize, why: &'static str) -> Error {
    let node = &spec.nodes[position];
    Error::NotATree { tree: node.tree, node: node.node, why }
}

// === impl Links ===

impl Links {
    fn find(spec: &Spec) -> Result<Links, Error> {
        let mut by_id = HashMap::with_capacity(spec.nodes.len());
        for (position, node) in spec.nodes.iter().enumerate() {
            if by_id.insert((node.tree, node.node), position as u32).is_some() {
                return Err(Error::DuplicateNode { tree: node.tree, node: node.node });
            }
        }
        let mut children = vec![[NONE; 2]; spec.nodes.len()];
        let mut parents = vec![0_u32; spec.nodes.len()];
        for (position, node) in spec.nodes.iter().enumerate() {
            if node.mode == Mode::Leaf {
                continue;
            }
            for (slot, child) in [node.yes, node.no].into_iter().enumerate() {
                let Some(&found) = by_id.get(&(node.tree, child)) else {
                    return Err(Error::UnknownChild { tree: node.tree, node: node.node, child });
                };
                parents[found as usize] += 1;
                children[position][slot] = found;
            }
        }
        let roots = Self::roots(spec, &parents)?;
        Ok(Links { by_id, children, parents, roots })
    }

    /// Takes nodes away whose parents are all gone; on a cycle, none ever goes first.
    fn prove_acyclic(&self, spec: &Spec) -> Result<(), Error> {
        let mut parents = self.parents.clone();
        let mut free = self.roots.clone();
        let mut gone = 0;
        while let Some(position) = free.pop() {
            gone += 1;
            for child in self.children_of(position) {
                parents[child as usize] -= 1;
                if parents[child as usize] == 0 {
                    free.push(child);
                }
            }
        }
        if gone == spec.nodes.len() {
            return Ok(());
        }
        let position = parents.iter().position(|&parents| parents > 0).unwrap_or(0);
        Err(not_a_tree(spec, position, "it has a cycle"))
    }

    /// The nodes tree by tree and breadth first, so that the levels a row meets first lie close
    /// together; and the place of each node in that order.
    fn lay_out(&self) -> (Vec<u32>, Vec<u32>) {
        let mut order = Vec::with_capacity(self.children.len());
        let mut places = vec![NONE; self.children.len()];
        for &root in &self.roots {
            let mut next = order.len();
            places[root as usize] = next as u32;
            order.push(root);
            while next < order.len() {
                for child in self.children_of(order[next]) {
                    if places[child as usize] == NONE {
                        places[child as usize] = order.len() as u32;
                        order.push(child);
                    }
                }
                next += 1;
            }
        }
        (order, places)
    }

    fn children_of(&self, position: u32) -> impl Iterator<Item = u32> {
        self.children[position as usize].into_iter().filter(|&child| child != NONE)
    }

    fn roots(spec: &Spec, parents: &[u32]) -> Result<Vec<u32>, Error> {
        let mut seat: HashMap<i64, usize> = HashMap::new();
        let mut roots: Vec<u32> = Vec::new();
        let mut firsts: Vec<usize> = Vec::new();
        for (position, node) in spec.nodes.iter().enumerate() {
            let seat = match seat.entry(node.tree) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    roots.push(NONE);
                    firsts.push(position);
                    *entry.insert(roots.len() - 1)
                }
            };
            if parents[position] > 0 {
                continue;
            }
            if roots[seat] != NONE {
                return Err(not_a_tree(spec, position, "it has two roots"));
            }
            roots[seat] = position as u32;
        }
        match roots.iter().position(|&root| root == NONE) {
            Some(seat) => Err(not_a_tree(spec, firsts[seat], "it has no root")),
            None => Ok(roots),
        }
    }
}

/// The weights of each leaf, side by side, in the file's order.
#[derive(Debug)]
struct WeightsByNode {
    weights: Vec<Weight>,
    /// Where the weights of each node begin, and one more for the end.
    starts: Vec<u32>,
}

// === impl WeightsByNode ===

impl WeightsByNode {
    /// A counting sort by the position of the leaf.
    fn sort(spec: &Spec, links: &Links) -> Result<WeightsByNode, Error> {
        let mut starts = vec![0_u32; spec.nodes.len() + 1];
        let mut positions = Vec::with_capacity(spec.weights.len());
        for weight in &spec.weights {
            let (tree, node, target) = (weight.tree, weight.node, weight.target);
            let Some(&position) = links.by_id.get(&(tree, node)) else {
                return Err(Error::UnknownLeaf { tree, node });
            };
            if usize::try_from(target).map_or(true, |target| target >= spec.targets) {
                return Err(Error::Target { tree, node, target, targets: spec.targets });
            }
            starts[position as usize + 1] += 1;
            positions.push(position);
        }
        for position in 0..spec.nodes.len() {
            starts[position + 1] += starts[position];
        }
        let mut free = starts.clone();
        let mut weights = vec![Weight { value: 0.0, target: 0 }; spec.weights.len()];
        for (weight, &position) in spec.weights.iter().zip(&positions) {
            let seat = &mut free[position as usize];
            let value = spec.precision.round(weight.weight);
            weights[*seat as usize] = Weight { value, target: weight.target as u32 };
            *seat += 1;
        }
        Ok(WeightsByNode { weights, starts })
    }

    fn of(&self, position: usize) -> Result<&[Weight], Error> {
        let (start, end) = (self.starts[position] as usize, self.starts[position + 1] as usize);
        let count = end - start;
        // A leaf stores its count where a branch stores its feature.
        if count >= FEATURES_MAX {
            let what = "weights of one leaf";
            return Err(Error::TooMany { what, count, limit: FEATURES_MAX - 1 });
        }
        Ok(&self.weights[start..end])
    }
}

#[cfg(test)]
mod tests;
