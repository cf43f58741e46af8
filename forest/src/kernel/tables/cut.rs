//! Cutting a tree into groups of connected nodes so that the tables of all groups are small.
//!
//! A group of `n` nodes has a table of `2^n` entries. From a tree's root, a group grows by the node
//! with the most nodes below it; where it best ends is tried out, for each number of steps left.

use std::collections::BinaryHeap;

use crate::trees::{Edge, Tree};

/// Nodes of a group.
const GROUP_MAX: usize = 8;

/// A tree's groups, the first one first, each before those that its ways out lead to.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    groups: Vec<Group>,
    /// All branches, group by group: the order of their bits.
    pub(super) order: Vec<u32>,
    /// Entries of all tables, those of leaves that are met early included.
    pub(super) entries: usize,
}

#[derive(Debug, Clone)]
struct Group {
    /// Place of the first branch in the order, and the number of branches.
    first: usize,
    nodes: usize,
    /// Groups that follow when a path is in this one, itself included.
    steps: usize,
}

/// What the subtrees of a tree cost.
struct Costs<'a> {
    tree: &'a Tree,
    /// Nodes of the subtree of each branch.
    sizes: Vec<u32>,
    /// By branch and steps left - 1: the nodes of the group at its root, and the entries of all
    /// tables below; `None` until it is known.
    known: Vec<[Option<(usize, usize)>; super::STEPS_MAX]>,
}

/// More than any table may have.
const TOO_MANY: usize = 1 << 16;

/// Cuts a proper tree so that every path goes through `steps` groups; none when tables would be too
/// large.
pub(super) fn cut(tree: &Tree, steps: usize) -> Option<Cut> {
    let mut costs = Costs {
        tree,
        sizes: sizes(tree),
        known: vec![[None; super::STEPS_MAX]; tree.branches.len()],
    };
    let (_, entries) = costs.best(0, steps);
    if entries >= TOO_MANY {
        return None;
    }
    let mut out = Cut { groups: Vec::new(), order: Vec::new(), entries };
    let mut open = std::collections::VecDeque::from([(0, steps)]);
    while let Some((root, steps)) = open.pop_front() {
        let (nodes, _) = costs.best(root, steps);
        let (group, below) = costs.group(root, nodes);
        out.groups.push(Group { first: out.order.len(), nodes: group.len(), steps });
        out.order.extend(group);
        open.extend(below.into_iter().map(|branch| (branch, steps - 1)));
    }
    Some(out)
}

/// The number of branches of each branch's subtree.
fn sizes(tree: &Tree) -> Vec<u32> {
    let mut sizes = vec![1; tree.branches.len()];
    // In pre-order children come behind their parents.
    for at in (0..tree.branches.len()).rev() {
        let branch = &tree.branches[at];
        for edge in [branch.yes, branch.no] {
            if let Edge::Branch(child) = edge {
                sizes[at] += sizes[child as usize];
            }
        }
    }
    sizes
}

// === impl Costs ===

impl Costs<'_> {
    /// The nodes of the best group at the root of a subtree, and the entries of its tables.
    fn best(&mut self, root: u32, steps: usize) -> (usize, usize) {
        if let Some(known) = self.known[root as usize][steps - 1] {
            return known;
        }
        let all = self.sizes[root as usize] as usize;
        let mut best = (0, TOO_MANY);
        let least = if steps == 1 { all } else { 1 };
        for nodes in least..=all.min(GROUP_MAX) {
            let (group, below) = self.group(root, nodes);
            // A group of n nodes has n + 1 ways out; leaves take an entry for each further step.
            let leaves = group.len() + 1 - below.len();
            let mut entries = (1 << nodes) + leaves * (steps - 1);
            for branch in below {
                entries += self.best(branch, steps - 1).1;
            }
            if entries < best.1 {
                best = (nodes, entries);
            }
        }
        self.known[root as usize][steps - 1] = Some(best);
        best
    }

    /// The branches of a group of `nodes`, and those that its ways out lead to.
    fn group(&self, root: u32, nodes: usize) -> (Vec<u32>, Vec<u32>) {
        let mut open = BinaryHeap::from([(self.sizes[root as usize], root)]);
        let mut group = Vec::with_capacity(nodes);
        while group.len() < nodes
            && let Some((_, at)) = open.pop()
        {
            group.push(at);
            let branch = &self.tree.branches[at as usize];
            for edge in [branch.yes, branch.no] {
                if let Edge::Branch(child) = edge {
                    open.push((self.sizes[child as usize], child));
                }
            }
        }
        (group, open.into_iter().map(|(_, at)| at).collect())
    }
}

// === impl Cut ===

impl Cut {
    /// Writes the tables behind `entries`, for nodes whose bits begin at `bit`; answers with the
    /// first group's window. `value` gives a leaf's last entry.
    pub(super) fn write(
        &self,
        tree: &Tree,
        bit: usize,
        steps: usize,
        value: &dyn Fn(u32) -> u32,
        entries: &mut Vec<u32>,
    ) -> u32 {
        let start = entries.len();
        let mut tables = Vec::with_capacity(self.groups.len());
        let mut end = 0;
        for group in &self.groups {
            tables.push(end);
            end += 1 << group.nodes;
        }
        entries.resize(start + end, 0);
        let window = |group: &Group| ((bit + group.first) | group.nodes << 8) as u32;
        let mut of_leaf = vec![0_u32; tree.leaves.len()];
        for (group, &table) in self.groups.iter().zip(&tables) {
            let order = &self.order[group.first..][..group.nodes];
            for bits in 0..1_usize << group.nodes {
                let entry = match self.exit(tree, order, bits) {
                    Edge::Branch(branch) => {
                        let next = self.group_of(branch);
                        (tables[next] as u32) << 16 | window(&self.groups[next])
                    }
                    Edge::Leaf(leaf) if group.steps == 1 => value(leaf),
                    Edge::Leaf(leaf) => {
                        // The leaf's chain of tables of one entry, made when it is first met.
                        let at = (leaf - tree.leaves.start) as usize;
                        if of_leaf[at] == 0 {
                            of_leaf[at] = chain(start, group.steps - 1, value(leaf), entries);
                        }
                        of_leaf[at] << 16
                    }
                };
                entries[start + table + bits] = entry;
            }
        }
        debug_assert!(self.groups[0].steps == steps && entries.len() - start <= TOO_MANY);
        window(&self.groups[0])
    }

    /// Where a path leaves a group whose nodes answer with these bits.
    fn exit(&self, tree: &Tree, order: &[u32], bits: usize) -> Edge {
        let mut at = order[0];
        loop {
            let Some(place) = order.iter().position(|branch| *branch == at) else {
                return Edge::Branch(at);
            };
            let branch = &tree.branches[at as usize];
            match if bits >> place & 1 == 1 { branch.no } else { branch.yes } {
                Edge::Branch(child) => at = child,
                leaf => return leaf,
            }
        }
    }

    /// The group that begins with a branch.
    fn group_of(&self, branch: u32) -> usize {
        let first = |group: &Group| self.order[group.first] == branch;
        // Ways out lead to first branches.
        self.groups.iter().position(first).unwrap_or(0)
    }
}

/// Writes `steps` tables of one entry, the last of them a leaf; the place of the first.
fn chain(start: usize, steps: usize, leaf: u32, entries: &mut Vec<u32>) -> u32 {
    let first = entries.len() - start;
    for step in 1..steps {
        entries.push(((first + step) as u32) << 16);
    }
    entries.push(leaf);
    first as u32
}
