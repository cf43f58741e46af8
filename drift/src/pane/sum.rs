//! Panes added up: over threads, minutes, lives and replicas.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Pane, Traffic};
use crate::baseline::{Baseline, beside};
use crate::profile::{Profile, Range};

/// Whose counters: one model version at one deployment in one minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Minutes since 1970 UTC, of the requests' arrival.
    pub minute: i64,
    /// The deployment.
    pub deployment: String,
    /// Its model.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// Digest of the baseline that is counted over, if there is one.
    pub baseline: Option<String>,
    /// Whether these are answers to copies of others' requests.
    pub is_mirrored: bool,
}

/// The sum of panes over one baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// Rows, by what they hold.
    pub profile: Profile,
    /// Requests.
    pub traffic: Traffic,
}

/// A sum as a file has it: by names, before its baseline is at hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// Rows scored.
    pub rows: u64,
    /// Requests.
    pub traffic: Traffic,
    /// Of each column, the counters that are not 0.
    pub(crate) columns: BTreeMap<String, ColumnLines>,
}

/// Counters of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ColumnLines {
    /// Bins that have rows.
    pub(crate) bins: Vec<(u32, u64)>,
    /// As [`beside`] numbers them.
    pub(crate) beside: [u64; beside::ALL],
    pub(crate) range: Range,
}

// === impl Sum ===

impl Sum {
    /// Of no pane yet.
    pub fn new(baseline: &Arc<Baseline>) -> Sum {
        Sum { profile: Profile::new(baseline), traffic: Traffic::default() }
    }

    /// Adds a pane over the same baseline.
    pub fn add(&mut self, pane: &Pane) {
        debug_assert_eq!(self.profile.baseline(), pane.plan.baseline());
        self.profile.add(pane.rows(), pane.counted());
        for (column, range) in pane.ranges.iter().enumerate() {
            self.profile.widen(column, range);
        }
        self.traffic.merge(&pane.traffic);
    }

    /// Adds what a file says.
    ///
    /// # Errors
    /// A sentence, for a column or bin that the baseline has not; then nothing is added.
    pub fn add_lines(&mut self, lines: &Lines) -> Result<(), String> {
        let baseline = Arc::clone(self.profile.baseline());
        let mut found = Vec::with_capacity(lines.columns.len());
        for (name, column) in &lines.columns {
            let place = baseline.find(name).ok_or_else(|| format!("no column `{name}`"))?;
            let bins = baseline.columns()[place].bins().len();
            if let Some((bin, _)) = column.bins.iter().find(|(bin, _)| *bin as usize >= bins) {
                return Err(format!("bin {bin} of column `{name}`, which has {bins}"));
            }
            found.push((place, bins, column));
        }
        self.profile.add(lines.rows, std::iter::empty());
        for (place, bins, column) in found {
            let start = baseline.place(place).start;
            let of_bins = column.bins.iter().map(|(bin, count)| (start + *bin as usize, *count));
            let beside = column.beside.iter().enumerate();
            let beside = beside.map(|(which, count)| (start + bins + which, *count));
            self.profile.add(0, of_bins.chain(beside));
            self.profile.widen(place, &column.range);
        }
        self.traffic.merge(&lines.traffic);
        Ok(())
    }

    /// Adds another sum over an equal baseline.
    pub fn merge(&mut self, other: &Sum) {
        debug_assert_eq!(self.profile.baseline(), other.profile.baseline());
        // Counters of another baseline would be refused; sums of one key have one.
        if self.profile.merge(&other.profile).is_ok() {
            self.traffic.merge(&other.traffic);
        }
    }

    /// The same by names.
    pub fn lines(&self) -> Lines {
        let columns = self.profile.columns().enumerate().filter_map(|(at, (column, tally))| {
            let bins = tally.counts().iter().enumerate().filter(|(_, count)| **count > 0);
            let bins = bins.map(|(bin, count)| (bin as u32, *count)).collect::<Vec<_>>();
            let beside = std::array::from_fn(|which| tally.beside(which));
            let range = self.profile.range(at);
            let is_empty = bins.is_empty() && beside == [0; beside::ALL];
            let lines = ColumnLines { bins, beside, range };
            (!is_empty).then(|| (column.name().to_owned(), lines))
        });
        let columns = columns.collect();
        Lines { rows: self.profile.rows(), traffic: self.traffic, columns }
    }
}

// === impl Lines ===

impl Lines {
    /// The same for want of a baseline: what is not of a column.
    #[must_use]
    pub fn without_columns(&self) -> Lines {
        Lines { columns: BTreeMap::new(), ..*self }
    }
}

// === impl ColumnLines ===

impl Default for ColumnLines {
    fn default() -> ColumnLines {
        ColumnLines { bins: Vec::new(), beside: [0; beside::ALL], range: Range::NONE }
    }
}
