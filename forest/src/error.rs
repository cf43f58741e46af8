//! Why an ensemble is refused.

/// What is wrong with a [`Spec`](crate::Spec); trees and nodes by the ids that the file gives them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no node.
    #[error("the ensemble has no tree")]
    Empty,
    /// A count is over its limit.
    #[error("{count} {what}, more than the {limit} allowed")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Two nodes of a tree have the same id.
    #[error("tree {tree} has two nodes {node}")]
    DuplicateNode {
        /// Tree id.
        tree: i64,
        /// Node id.
        node: i64,
    },
    /// A branch names a child that its tree does not have.
    #[error("node {node} of tree {tree} has child {child}, which does not exist")]
    UnknownChild {
        /// Tree id.
        tree: i64,
        /// Id of the branch.
        node: i64,
        /// Id of the child.
        child: i64,
    },
    /// The nodes of one tree id do not form one tree.
    #[error("tree {tree} is not a tree: {why} (node {node})")]
    NotATree {
        /// Tree id.
        tree: i64,
        /// A node where it shows.
        node: i64,
        /// What is wrong.
        why: &'static str,
    },
    /// A branch reads a feature that cannot exist.
    #[error("node {node} of tree {tree} reads feature {feature}")]
    Feature {
        /// Tree id.
        tree: i64,
        /// Id of the branch.
        node: i64,
        /// Feature id.
        feature: i64,
    },
    /// A weight belongs to a node that does not exist.
    #[error("a weight belongs to node {node} of tree {tree}, which does not exist")]
    UnknownLeaf {
        /// Tree id.
        tree: i64,
        /// Node id.
        node: i64,
    },
    /// A weight goes to a target or class that does not exist.
    #[error("a weight of node {node} of tree {tree} goes to target {target} of {targets}")]
    Target {
        /// Tree id.
        tree: i64,
        /// Node id.
        node: i64,
        /// Target or class id.
        target: i64,
        /// Number of targets or classes.
        targets: usize,
    },
    /// The number of targets or classes cannot be.
    #[error("{targets} targets or classes, at least {min} wanted")]
    TooFewTargets {
        /// How many there are.
        targets: usize,
        /// How many there must be.
        min: usize,
    },
    /// The number of base values fits neither convention.
    #[error("{count} base values for {targets} targets or classes")]
    BaseValues {
        /// How many base values there are.
        count: usize,
        /// Number of targets or classes.
        targets: usize,
    },
    /// A mode, aggregate function or post transform has an unknown name.
    #[error("unknown {what} `{name}`")]
    Name {
        /// What is named.
        what: &'static str,
        /// The name, cut to 40 characters.
        name: String,
    },
}

// === impl Error ===

impl Error {
    pub(crate) fn name(what: &'static str, name: &str) -> Error {
        Error::Name { what, name: name.chars().take(40).collect() }
    }
}
