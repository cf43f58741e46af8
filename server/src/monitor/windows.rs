//! Panes of all replicas, read back and added up over windows of time.
//!
//! Minutes are kept in steps, about 24 to a window, so that what a window takes in memory does not
//! grow with its length; a window begins at the start of a step. Each file is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use collector::{HourPath, Tree, read};
use drift::Baseline;
use drift::pane::{Key, Lines, Sum, decode};
use futures_util::{StreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt};

use super::baselines::Baselines;
use crate::panes::MINUTE_US;

#[cfg(test)]
mod tests;

/// Largest file that is read.
const BYTES_MAX: u64 = 256 << 20;
/// Files read at once.
const AT_ONCE: usize = 16;
/// Steps of a window.
const STEPS: i64 = 24;
/// Minutes of a day.
const DAY: i64 = 1440;
/// Lengths of a step in minutes, each a divisor of the day; longer ones are whole days.
const LENGTHS: [i64; 18] =
    [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440];

/// Who was counted, but for the minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    pub(super) deployment: String,
    pub(super) model: String,
    pub(super) version: String,
    pub(super) baseline: Option<String>,
    pub(super) is_mirrored: bool,
}

/// Sums of an endpoint's panes over time.
#[derive(Debug)]
pub(super) struct Windows {
    endpoint: String,
    /// Minutes of a step.
    step: i64,
    sums: BTreeMap<(Who, i64), Sum>,
    read: BTreeSet<HourPath>,
}

/// The minutes of a step for windows of so many minutes.
pub(super) fn step_of(window: i64) -> i64 {
    let least = (window + STEPS - 1) / STEPS;
    let length = LENGTHS.into_iter().find(|length| *length >= least);
    length.unwrap_or_else(|| (least + 1439) / 1440 * 1440)
}

// === impl Windows ===

impl Windows {
    /// Nothing is read yet.
    pub(super) fn new(endpoint: String, step: i64) -> Self {
        Self { endpoint, step, sums: BTreeMap::new(), read: BTreeSet::new() }
    }

    /// Minutes of a step.
    pub(super) fn step(&self) -> i64 {
        self.step
    }

    /// Reads what is new of these minutes, and forgets what is in none of them.
    ///
    /// # Errors
    /// A sentence, when the store cannot be listed or read. A file that is none is said and passed
    /// over.
    pub(super) async fn read(
        &mut self,
        store: &dyn ObjectStore,
        minutes: &[Range<i64>],
        baselines: &mut Baselines,
    ) -> Result<(), String> {
        let unit = self.step.max(60);
        let round = |of: &Range<i64>| {
            of.start.div_euclid(unit) * unit..(of.end + unit - 1).div_euclid(unit) * unit
        };
        let kept: Vec<Range<i64>> = minutes.iter().map(round).collect();
        let is_kept = |minute: i64| kept.iter().any(|of| of.contains(&minute));
        let step = self.step;
        self.sums.retain(|(_, at), _| is_kept(at * step));
        self.read.retain(|path| is_kept(path.hour_us().start / MINUTE_US));
        let mut new = BTreeSet::new();
        // A day at a time: a listing has an end, and a window may be long.
        let days = kept.iter().flat_map(|of| {
            let days = (of.start.max(0)..of.end.max(0)).step_by(DAY as usize);
            days.map(|start| start..of.end.min(start + DAY))
        });
        for of in days {
            let us = of.start * MINUTE_US..of.end * MINUTE_US;
            let found = read::hours(store, Tree::Panes, &self.endpoint, &us).await;
            new.extend(found.map_err(|error| error.to_string())?);
        }
        new.retain(|path| !self.read.contains(path));
        let files = stream::iter(new).map(|path| async move {
            let lines = lines(store, &path).await;
            (path, lines)
        });
        let mut files = files.buffer_unordered(AT_ONCE);
        while let Some((path, lines)) = files.next().await {
            // What is missing of it now is not missing for good: it is read again by the next look.
            let lines = lines?;
            for key in lines.keys() {
                baselines.of(key).await?;
            }
            for (key, lines) in lines {
                let baseline = baselines.of(&key).await?;
                self.add(&path, key, &lines, baseline);
            }
            self.read.insert(path);
            // The lease and the panes that come have their turn.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn add(&mut self, path: &HourPath, key: Key, lines: &Lines, baseline: Option<Arc<Baseline>>) {
        let at = key.minute.div_euclid(self.step);
        let Key { deployment, model, version, baseline: digest, is_mirrored, .. } = key;
        // Without its baseline it is counted, and not compared.
        let digest = digest.filter(|_| baseline.is_some());
        let who = Who { deployment, model, version, baseline: digest, is_mirrored };
        let added = match &baseline {
            Some(baseline) => {
                let sum = self.sums.entry((who, at)).or_insert_with(|| Sum::new(baseline));
                sum.add_lines(lines)
            }
            None => {
                let none = || Sum::new(&Arc::new(Baseline::none()));
                let sum = self.sums.entry((who, at)).or_insert_with(none);
                sum.add_lines(&lines.without_columns())
            }
        };
        if let Err(error) = added {
            tracing::warn!(%path, %error, "a panes file that does not fit its baseline");
        }
    }

    /// The sums over some minutes, which begin and end with a step, of all who have any.
    pub(super) fn over(&self, minutes: &Range<i64>) -> BTreeMap<Who, Sum> {
        let steps = minutes.start.div_euclid(self.step)..(minutes.end + self.step - 1) / self.step;
        let mut found: BTreeMap<Who, Sum> = BTreeMap::new();
        for ((who, at), sum) in &self.sums {
            if !steps.contains(at) {
                continue;
            }
            match found.get_mut(who) {
                None => drop(found.insert(who.clone(), sum.clone())),
                Some(whole) => whole.merge(sum),
            }
        }
        found
    }
}

/// What a file says; nothing of one that is none.
async fn lines(store: &dyn ObjectStore, path: &HourPath) -> Result<BTreeMap<Key, Lines>, String> {
    let object = path.object();
    let failed = |error: object_store::Error| error.to_string();
    let got = match store.get(&object).await {
        // Removed since it was listed.
        Err(object_store::Error::NotFound { .. }) => return Ok(BTreeMap::new()),
        got => got.map_err(failed)?,
    };
    if got.meta.size > BYTES_MAX {
        tracing::warn!(%path, bytes = got.meta.size, "a panes file too large to be read");
        return Ok(BTreeMap::new());
    }
    let bytes = got.bytes().await.map_err(failed)?;
    let hour = path.hour_us();
    let minutes = hour.start / MINUTE_US..hour.end / MINUTE_US;
    Ok(decode(object.as_ref(), bytes, minutes).unwrap_or_else(|error| {
        tracing::warn!(%error, "a panes file that cannot be read");
        BTreeMap::new()
    }))
}
