//! The `collect.privacy` key of a spec: what is kept of a feature's values, and whose key hashes.
//!
//! Which features a model has is not known here: `record` holds the names against its signature.

use std::path::PathBuf;

use collector::{Buckets, Rule, Rules};
use serde::{Serialize, Serializer};

use super::tree::Node;

/// Whole numbers up to here are told apart by 64-bit floats.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// What is changed of logged values before any disk has them.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivacySpec {
    /// The file with the key of the hashes; there is one where a feature is hashed.
    pub hash_key_file: Option<PathBuf>,
    /// The rules by names as the spec has them: "age", "out.label".
    pub features: Rules,
}

// === impl PrivacySpec ===

impl PrivacySpec {
    /// Whether a key is needed.
    pub fn hashes(&self) -> bool {
        self.features.values().any(|rule| *rule == Rule::Hash)
    }
}

impl Serialize for PrivacySpec {
    /// The rules, as a spec has them; where the key is read from is nobody's business.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.features.serialize(serializer)
    }
}

/// Reads the key; none when there is a mistake in it.
pub(super) fn read(node: Node<'_>) -> Option<PrivacySpec> {
    let mut keys = node.fields();
    let hash_key_file = keys.take("hash_key_file").map(Node::text);
    let features = keys.require("features").map(Node::entries);
    let count = features.as_ref().map_or(1, Vec::len);
    if count == 0 {
        keys.note("features", "there is none");
    }
    let read: Vec<_> = features.into_iter().flatten().map(|(name, at)| (name, rule(at))).collect();
    let hashed = read.iter().find(|(_, rule)| *rule == Some(Rule::Hash));
    if let (Some((name, _)), None) = (hashed, &hash_key_file) {
        keys.note("hash_key_file", format_args!("is missing, and {name} is to be hashed"));
    }
    keys.close();
    let features = read.into_iter().map(|(name, rule)| Some((name, rule?)));
    let hash_key_file = hash_key_file.flatten().map(PathBuf::from);
    Some(PrivacySpec { hash_key_file, features: features.collect::<Option<_>>()? })
}

/// `hash`, `drop` or `{bucket: ...}`.
fn rule(node: Node<'_>) -> Option<Rule> {
    if node.is_text() {
        let is_hash = node.word(&[("hash", true), ("drop", false)])?;
        return Some(if is_hash { Rule::Hash } else { Rule::Drop });
    }
    let mut keys = node.fields();
    let buckets = keys.require("bucket").and_then(buckets);
    keys.close();
    buckets.map(Rule::Bucket)
}

/// A width, or a list of edges.
fn buckets(node: Node<'_>) -> Option<Buckets> {
    let number = |node: Node<'_>| node.number(-EXACT..=EXACT);
    if !node.is_list() {
        let width = |width: f64| {
            let is_width = width > 0.0;
            is_width.then_some(width).ok_or_else(|| format!("{width} is not above 0"))
        };
        return node.checked(number, width).map(Buckets::Width);
    }
    let edges = |node: Node<'_>| node.items().into_iter().map(number).collect::<Option<Vec<_>>>();
    let ascending = |edges: Vec<f64>| {
        let is_ascending = !edges.is_empty() && edges.is_sorted_by(|a, b| a < b);
        is_ascending.then_some(edges).ok_or("the edges do not ascend")
    };
    node.checked(edges, ascending).map(Buckets::Edges)
}
