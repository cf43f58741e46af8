//! Panes of this replica's threads, added up until they are written.

use std::collections::BTreeMap;

use drift::pane::{Key, Sum};

use crate::panes::Full;

/// Counters that may wait, 8 bytes each: 256 MiB.
const COUNTERS_MAX: usize = 1 << 25;

/// What was counted and is not in the store yet: by endpoint and hour, as files are.
#[derive(Debug, Default)]
pub(super) struct Sums {
    hours: BTreeMap<Hour, BTreeMap<Key, Sum>>,
    /// Counters of all of them.
    counters: usize,
}

/// An endpoint, and an hour since 1970 UTC.
type Hour = (String, i64);

// === impl Sums ===

impl Sums {
    /// Adds a pane; false when there is no room for another minute: the store has been away for too
    /// long.
    pub(super) fn add(&mut self, full: Full) -> bool {
        let Full { subject, minute, is_mirrored, pane } = full;
        let key = Key {
            minute,
            deployment: subject.deployment.clone(),
            model: subject.model.clone(),
            version: subject.version.clone(),
            baseline: subject.baseline.clone(),
            is_mirrored,
        };
        let hour = (subject.endpoint.clone(), minute.div_euclid(60));
        let hour = self.hours.entry(hour).or_default();
        let counters = subject.plan.baseline().counters();
        if !hour.contains_key(&key) {
            if self.counters + counters > COUNTERS_MAX {
                return false;
            }
            self.counters += counters;
        }
        let sum = hour.entry(key).or_insert_with(|| Sum::new(subject.plan.baseline()));
        // A version that is loaded again has an equal baseline: its places are the same.
        sum.add(&pane);
        true
    }

    /// The first endpoint and hour that there is something of.
    pub(super) fn first(&self) -> Option<(&Hour, &BTreeMap<Key, Sum>)> {
        self.hours.first_key_value()
    }

    /// Forgets the first: it is kept elsewhere.
    pub(super) fn forget_first(&mut self) {
        let Some((_, sums)) = self.hours.pop_first() else { return };
        let counters = sums.values().map(|sum| sum.profile.baseline().counters()).sum::<usize>();
        self.counters = self.counters.saturating_sub(counters);
    }
}
