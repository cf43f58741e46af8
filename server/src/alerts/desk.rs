//! What is known of the outbox, and what of it is to be tried next.
//!
//! Called by `alerts`, under its lock. Pure: the time is handed in.

use std::collections::HashMap;

use object_store::UpdateVersion;

use super::outbox::Entry;
use super::{pause, us};

/// Most messages under way at once, and in one call.
const AT_ONCE: usize = 8;
/// How often the outbox is looked at when nothing is known to be due: others may have pushed.
pub(super) const LOOK_US: i64 = 60 * 1_000_000;

/// What is known of the outbox.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// By the name of their object.
    pub(super) kept: HashMap<String, Kept>,
    /// No look before that, unix microseconds; 0 for at once.
    pub(super) next_look_us: i64,
    pub(super) next_sweep_us: i64,
}

/// A message that waits.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    pub(super) version: UpdateVersion,
    /// The status of the answer, when it was taken and the store does not know it yet.
    pub(super) taken: Option<u16>,
}

/// A message that is due, and the name of its object.
pub(super) struct Due {
    pub(super) name: String,
    pub(super) kept: Kept,
}

// === impl Desk ===

impl Desk {
    /// The first messages of each deployment to each webhook: the others wait for those.
    fn heads(&self) -> impl Iterator<Item = (&String, &Kept)> {
        let mut heads: HashMap<[&str; 3], (&String, &Kept)> = HashMap::new();
        for (name, kept) in &self.kept {
            let Entry { webhook, event, .. } = &kept.entry;
            let head = heads.entry([webhook, &event.endpoint, &event.deployment]);
            let head = head.or_insert((name, kept));
            if order(&kept.entry) < order(&head.1.entry) {
                *head = (name, kept);
            }
        }
        heads.into_values()
    }

    /// What is to be tried at `now_us`, what has waited longest first.
    pub(super) fn due(&self, now_us: i64) -> Vec<Due> {
        let mut due: Vec<_> =
            self.heads().filter(|(_, kept)| due_us(&kept.entry, now_us) <= now_us).collect();
        due.sort_by_key(|(name, kept)| (kept.entry.next_us, *name));
        due.truncate(AT_ONCE);
        due.into_iter().map(|(name, kept)| Due { name: name.clone(), kept: kept.clone() }).collect()
    }

    /// When the outbox is to be looked at again.
    pub(super) fn next_due_us(&self, now_us: i64) -> i64 {
        let first = self.heads().map(|(_, kept)| due_us(&kept.entry, now_us)).min();
        first.unwrap_or(i64::MAX).min(now_us.saturating_add(LOOK_US))
    }
}

/// What comes first, comes first.
fn order(entry: &Entry) -> (i64, i64, &str) {
    (entry.event.time_us, entry.pushed_us, &entry.key)
}

/// When a message is due; now, when it waits for a time that no pause could have led to.
fn due_us(entry: &Entry, now_us: i64) -> i64 {
    let longest_us = us(pause::LONGEST).saturating_mul(2);
    match entry.next_us > now_us.saturating_add(longest_us) {
        true => now_us,
        false => entry.next_us,
    }
}
