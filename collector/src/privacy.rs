//! What is changed of a column before any disk has it: rules, and the layout they make of the rows.
//!
//! Set by the server from an endpoint's spec, frozen in a [`RowSchema`](crate::RowSchema). The
//! values are changed on the thread that appends, on their way into the spool (`cover`): a dropped
//! one is not written at all, one in buckets (`bucket`) is written as its bucket's lower edge, a
//! hashed one (`key`) as text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod bucket;
mod cover;
mod key;

#[cfg(test)]
mod tests;

pub(crate) use cover::Cover;
pub use key::HashKey;

/// The key of a column's rule in its field's metadata, and of all rules in a file's footer.
pub const PRIVACY: &str = "skeg.privacy";

/// What is kept of a column's values. Its JSON is that of an endpoint's spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// The lower edge of the bucket that a number lies in.
    Bucket(Buckets),
    /// A keyed hash of the value: 32 hexadecimal digits, the same for the same value and key.
    Hash,
    /// Nothing: the column is null.
    Drop,
}

/// Which numbers are one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Buckets {
    /// As wide as this each, a number above 0; one begins at 0.
    Width(f64),
    /// From each edge to before the next, ascending; what lies below the first is null.
    Edges(Vec<f64>),
}

/// Rules by complete column names: "in.age", "out.label".
pub type Rules = BTreeMap<String, Rule>;

// === impl Rule ===

impl Rule {
    /// Its JSON, the same text for the same rule.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether a column under it may be null.
    pub(crate) fn is_nullable(&self) -> bool {
        matches!(self, Rule::Drop | Rule::Bucket(Buckets::Edges(_)))
    }
}
