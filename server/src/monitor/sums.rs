//! Panes of this replica's threads, added up until they are written.

use std::collections::BTreeMap;

use drift::pane::{Key, Sum};

use crate::panes::Full;

/// What was counted and is not in the store yet: by endpoint and hour, as files are.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<Hour, BTreeMap<Key, Sum>>);

/// An endpoint, and an hour since 1970 UTC.
type Hour = (String, i64);

// === impl Sums ===

impl Sums {
    pub(super) fn add(&mut self, full: Full) {
        let Full { subject, minute, is_mirrored, pane } = full;
        let key = Key {
            minute,
            deployment: subject.deployment.clone(),
            model: subject.model.clone(),
            version: subject.version.clone(),
            baseline: subject.baseline.clone(),
            is_mirrored,
        };
        let hour = self.0.entry((subject.endpoint.clone(), minute.div_euclid(60))).or_default();
        let sum = hour.entry(key).or_insert_with(|| Sum::new(subject.plan.baseline()));
        // A version that is loaded again has an equal baseline: its places are the same.
        sum.add(&pane);
    }

    /// The first endpoint and hour that there is something of.
    pub(super) fn first(&self) -> Option<(&Hour, &BTreeMap<Key, Sum>)> {
        self.0.first_key_value()
    }

    /// Forgets the first: it is kept elsewhere.
    pub(super) fn forget_first(&mut self) {
        self.0.pop_first();
    }
}
