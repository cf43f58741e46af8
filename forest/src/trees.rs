//! An ensemble rewritten so that every branch asks `x <= t`: what kernels are built from.
//!
//! Called by `kernel`. Each of ONNX's six comparisons becomes one or two such branches: `x < t` is
//! `x <= u` for the greatest float `u` below `t`, `>` and `>=` swap the children, `x == t` is
//! `x <= t` and not `x <= u`. Refuses (by `None`) what has no such form or no fixed set of outputs;
//! the plain walk takes those.

use crate::plain::{Node, Plain};
use crate::{Aggregate, Mode, Precision};

/// Most values that all leaves hold together, for each weight that the file has.
const SPARSITY_MAX: usize = 2;

/// Where an edge leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// A branch of the same tree.
    Branch(u32),
    /// A leaf, counted through the whole ensemble.
    Leaf(u32),
}

/// `x <= threshold` takes `yes`; NaN takes `yes` when `nan_yes`, else `no`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Branch {
    pub(crate) feature: u32,
    pub(crate) threshold: f32,
    pub(crate) nan_yes: bool,
    pub(crate) yes: Edge,
    pub(crate) no: Edge,
}

/// One tree that has a branch at least; the first one is its root.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    /// In pre-order, true children first.
    pub(crate) branches: Vec<Branch>,
    /// Its leaves, a range of the ensemble's, from the leftmost to the rightmost.
    pub(crate) leaves: std::ops::Range<u32>,
    /// The longest path from the root to a leaf, in edges.
    pub(crate) depth: u32,
    /// No node has two parents.
    pub(crate) proper: bool,
    /// The target of its leaves' values, when they have one value each.
    pub(crate) target: u32,
}

/// A whole ensemble.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Trees {
    pub(crate) trees: Vec<Tree>,
    /// Values of each leaf: 1, or `targets`.
    pub(crate) width: usize,
    /// The leaves' values, leaf by leaf.
    pub(crate) values: Vec<f32>,
    /// What the trees of a single leaf add to each target.
    pub(crate) constants: Vec<f64>,
    /// The targets that some leaf of every row has a weight for; others have no weight at all.
    pub(crate) seen: Vec<bool>,
    /// All trees, those of a single leaf included.
    count: usize,
}

/// A tree while it is rewritten. Edges hold the plain position of what they lead to.
struct Walk<'a> {
    plain: &'a Plain,
    /// The edge that leads to each plain node, once it is met.
    places: Vec<Option<Edge>>,
    branches: Vec<Open>,
    leaves: Vec<u32>,
}

/// A branch whose children may not have been met.
struct Open {
    branch: Branch,
    children: [Target; 2],
}

#[derive(Clone, Copy)]
enum Target {
    /// A node of the plain ensemble.
    Plain(u32),
    /// A branch of this tree.
    Own(u32),
}

// === impl Trees ===

impl Trees {
    /// Rewrites an ensemble.
    pub(crate) fn of(plain: &Plain) -> Option<Trees> {
        let summed = matches!(plain.aggregate, Aggregate::Sum | Aggregate::Average);
        if !summed || plain.precision != Precision::Single {
            return None;
        }
        let mut walk = Walk {
            plain,
            places: vec![None; plain.nodes.len()],
            branches: Vec::new(),
            leaves: Vec::new(),
        };
        let mut trees = Vec::with_capacity(plain.roots.len());
        for &root in &plain.roots {
            trees.push(walk.tree(root)?);
        }
        let leaves = walk.leaves;
        let targets = plain.targets;
        let single = single_targets(plain, &trees, &leaves);
        let mut out = Trees {
            width: if single.is_some() { 1 } else { targets },
            constants: vec![0.0; targets],
            seen: seen(plain, &trees, &leaves)?,
            count: plain.roots.len(),
            ..Trees::default()
        };
        let held = leaves.len().checked_mul(out.width)?;
        if held > SPARSITY_MAX * plain.weights.len().max(leaves.len()) {
            return None;
        }
        out.values = values(plain, &leaves, out.width)?;
        for (index, mut tree) in trees.into_iter().enumerate() {
            tree.target = single.as_ref().map_or(0, |targets| targets[index]);
            if tree.branches.is_empty() {
                let first = tree.leaves.start as usize * out.width;
                for (at, value) in out.values[first..][..out.width].iter().enumerate() {
                    out.constants[tree.target as usize + at] += f64::from(*value);
                }
            } else {
                out.trees.push(tree);
            }
        }
        (!out.trees.is_empty()).then_some(out)
    }

    /// The number of leaves, those of trees without a branch included.
    pub(crate) fn leaves(&self) -> usize {
        self.values.len() / self.width
    }

    /// The most that a sum, rounded to single precision tree by tree, can be away from the exact
    /// one: each of `n` roundings moves it by at most 2^-24 of what it is at most.
    pub(crate) fn slack(&self) -> f64 {
        let of = |leaves: std::ops::Range<u32>| {
            let leaves = leaves.start as usize * self.width..leaves.end as usize * self.width;
            self.values[leaves].iter().fold(0.0_f32, |max, value| max.max(value.abs()))
        };
        let largest = self.trees.iter().map(|tree| f64::from(of(tree.leaves.clone())));
        let sum = largest.sum::<f64>() + self.constants.iter().map(|sum| sum.abs()).sum::<f64>();
        (self.count as f64 + 2.0) * sum * f64::from(f32::EPSILON)
    }
}

/// The one target of each tree, when every leaf has at most one weight.
fn single_targets(plain: &Plain, trees: &[Tree], leaves: &[u32]) -> Option<Vec<u32>> {
    let target = |tree: &Tree| {
        let mut target = None;
        for &leaf in &leaves[tree.leaves.start as usize..tree.leaves.end as usize] {
            match plain.weights_of(leaf) {
                [] => {}
                [weight] if *target.get_or_insert(weight.target) == weight.target => {}
                _ => return None,
            }
        }
        Some(target.unwrap_or(0))
    };
    trees.iter().map(target).collect()
}

/// Whether each target has a weight, which must be the same for all rows.
fn seen(plain: &Plain, trees: &[Tree], leaves: &[u32]) -> Option<Vec<bool>> {
    let targets = plain.targets;
    let (mut always, mut ever) = (vec![false; targets], vec![false; targets]);
    let mut met = vec![0_u32; targets];
    for tree in trees {
        met.fill(0);
        for &leaf in &leaves[tree.leaves.start as usize..tree.leaves.end as usize] {
            let mut last = None;
            for weight in plain.weights_of(leaf) {
                // A second weight for the same target would have to be added in the file's order.
                if last.replace(weight.target).is_some_and(|last| last >= weight.target) {
                    return None;
                }
                met[weight.target as usize] += 1;
            }
        }
        for target in 0..targets {
            always[target] |= met[target] as usize == tree.leaves.len();
            ever[target] |= met[target] > 0;
        }
    }
    (always == ever).then_some(always)
}

fn values(plain: &Plain, leaves: &[u32], width: usize) -> Option<Vec<f32>> {
    let mut values = vec![0.0; leaves.len() * width];
    for (place, &leaf) in leaves.iter().enumerate() {
        for weight in plain.weights_of(leaf) {
            let at = if width == 1 { 0 } else { weight.target as usize };
            // Weights of single-precision ensembles were rounded when they were compiled.
            let value = weight.value as f32;
            if !value.is_finite() {
                return None;
            }
            values[place * width + at] = value;
        }
    }
    Some(values)
}

// === impl Walk ===

impl Walk<'_> {
    fn tree(&mut self, root: u32) -> Option<Tree> {
        let first_leaf = self.leaves.len() as u32;
        self.branches.clear();
        let (mut open, mut proper) = (vec![root], true);
        while let Some(position) = open.pop() {
            if self.places[position as usize].is_some() {
                proper = false;
                continue;
            }
            let node = &self.plain.nodes[position as usize];
            if node.mode() == Mode::Leaf {
                self.places[position as usize] = Some(Edge::Leaf(self.leaves.len() as u32));
                self.leaves.push(position);
                continue;
            }
            self.places[position as usize] = Some(Edge::Branch(self.branches.len() as u32));
            // Two branches stand for one of these, and lead to the same child.
            proper &= !matches!(node.mode(), Mode::Eq | Mode::Neq);
            let [yes, no] = self.branch(node)?;
            open.extend([no, yes]);
        }
        let leaves = first_leaf..self.leaves.len() as u32;
        let branches = self.close()?;
        let depth = depth(&branches)?;
        Some(Tree { branches, leaves, depth, proper, target: 0 })
    }

    /// Adds a branch; its children's plain positions, the one to be met first in front.
    fn branch(&mut self, node: &Node) -> Option<[u32; 2]> {
        let (yes, no) = node.children();
        let (t, mode, nan_yes) = (node.threshold(), node.mode(), node.missing_yes());
        let here = self.branches.len() as u32;
        let feature = node.feature();
        let mut push = |threshold: f32, nan_yes: bool, children: [Target; 2]| {
            // `close` puts the edges in.
            let leaf = Edge::Leaf(u32::MAX);
            let branch = Branch { feature, threshold, nan_yes, yes: leaf, no: leaf };
            self.branches.push(Open { branch, children });
        };
        let below = t.next_down();
        let constant =
            t.is_nan() || (t == f32::NEG_INFINITY && !matches!(mode, Mode::Leq | Mode::Gt));
        if constant {
            return None;
        }
        // NaN goes to the true child only when the flag says so, except that `!=` is true of it.
        let plain = [Target::Plain(yes), Target::Plain(no)];
        let swapped = [Target::Plain(no), Target::Plain(yes)];
        Some(match mode {
            Mode::Leq | Mode::Lt => {
                push(if mode == Mode::Lt { below } else { t }, nan_yes, plain);
                [yes, no]
            }
            Mode::Gt | Mode::Gte => {
                push(if mode == Mode::Gte { below } else { t }, !nan_yes, swapped);
                [no, yes]
            }
            Mode::Eq => {
                push(t, nan_yes, [Target::Own(here + 1), Target::Plain(no)]);
                push(below, false, swapped);
                [no, yes]
            }
            _ => {
                push(t, false, [Target::Own(here + 1), Target::Plain(yes)]);
                push(below, false, plain);
                [yes, no]
            }
        })
    }

    /// The branches with their edges.
    fn close(&self) -> Option<Vec<Branch>> {
        let edge = |target: Target| match target {
            Target::Plain(position) => self.places[position as usize],
            Target::Own(branch) => Some(Edge::Branch(branch)),
        };
        let close = |open: &Open| {
            let [yes, no] = open.children;
            Some(Branch { yes: edge(yes)?, no: edge(no)?, ..open.branch })
        };
        self.branches.iter().map(close).collect()
    }
}

/// The longest path from the first branch to a leaf, in edges.
fn depth(branches: &[Branch]) -> Option<u32> {
    let mut depths = vec![0_u32; branches.len()];
    let mut open: Vec<u32> = if branches.is_empty() { Vec::new() } else { vec![0] };
    while let Some(&at) = open.last() {
        let branch = &branches[at as usize];
        let before = open.len();
        let mut deepest = 0;
        for edge in [branch.yes, branch.no] {
            if let Edge::Branch(child) = edge {
                match depths[child as usize] {
                    0 => open.push(child),
                    depth => deepest = deepest.max(depth),
                }
            }
        }
        if open.len() == before {
            depths[at as usize] = deepest + 1;
            open.pop();
        }
    }
    Some(depths.first().copied().unwrap_or(0))
}
