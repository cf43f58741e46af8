//! The conservation law of one deployment's rows in one hour, and what of it does not hold.
//!
//! `offered = sampled_out + dropped + spooled`; `spooled = planned + lost{torn} + pending`; the
//! rows in files are `planned - lost{encode,put,expired}`. What was lost at a shutdown was, as far
//! as there are such, never planned.

use crate::spool::tally::{Count, Tally};

#[cfg(test)]
mod tests;

/// After an hour is over, how long its accounts are open, microseconds: what is missing may come.
pub(super) const OPEN_US: i64 = 2 * 3_600_000_000;

/// Rows by what became of them, by the accounts; and by the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub(super) tally: Tally,
    /// In files.
    pub(super) found: i64,
    /// In files so young that their accounts may be on their way; not found.
    pub(super) early: i64,
    /// Rows files.
    pub(super) files: u64,
}

/// Whether the law holds. In the order of badness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// It does, to the row.
    Yes,
    /// Rows are on their way, and may be yet.
    Pending,
    /// It does not.
    No,
}

// === impl Sums ===

impl Sums {
    /// Given to the collector.
    pub fn offered(&self) -> i64 {
        self.tally[Count::Offered]
    }

    /// Left out by the sampling rate.
    pub fn sampled_out(&self) -> i64 {
        self.tally[Count::SampledOut]
    }

    /// Refused, by reason.
    pub fn dropped(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.reasons(&[Count::SpoolFull, Count::Closed, Count::Shape])
    }

    /// Taken into a spool.
    pub fn spooled(&self) -> i64 {
        self.tally[Count::Spooled]
    }

    /// Spooled and in no file, by reason.
    pub fn lost(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.reasons(&Count::LOST)
    }

    /// Spooled, and neither in a batch of files nor lost: still in a spool.
    pub fn pending(&self) -> i64 {
        let taken = self.spooled().saturating_sub(self.tally[Count::LostTorn]);
        let unplanned = taken.saturating_sub(self.tally[Count::Planned]);
        unplanned.saturating_sub(self.lost_in_spool(unplanned))
    }

    /// In files, by the accounts.
    pub fn said(&self) -> i64 {
        let taken = self.spooled().saturating_sub(self.tally[Count::LostTorn]);
        let unplanned = taken.saturating_sub(self.tally[Count::Planned]);
        let in_spool = self.lost_in_spool(unplanned);
        let planned = [Count::LostEncode, Count::LostPut, Count::LostExpired]
            .into_iter()
            .fold(self.tally[Count::Planned], |rows, why| rows.saturating_sub(self.tally[why]));
        planned.saturating_sub(self.tally[Count::LostShutdown].saturating_sub(in_spool))
    }

    /// In the rows files, by their footers.
    pub fn found(&self) -> i64 {
        self.found
    }

    /// How many rows files there are.
    pub fn files(&self) -> u64 {
        self.files
    }

    pub(super) fn add(&mut self, other: &Sums) {
        self.tally.add(other.tally);
        self.found = self.found.saturating_add(other.found);
        self.early = self.early.saturating_add(other.early);
        self.files += other.files;
    }

    /// Those lost at a shutdown that were in no batch: as many as there can be.
    fn lost_in_spool(&self, unplanned: i64) -> i64 {
        self.tally[Count::LostShutdown].min(unplanned.max(0))
    }

    fn reasons(&self, counts: &[Count]) -> impl Iterator<Item = (&'static str, i64)> + use<> {
        let tally = self.tally;
        let named = |count: &Count| (count.name().1, tally[*count]);
        counts.iter().map(named).collect::<Vec<_>>().into_iter()
    }
}

/// Whether the law holds for these rows of an hour that ends at `end_us`, at the time `now_us`; and
/// what of it does not.
pub(super) fn judge(sums: &Sums, end_us: i64, now_us: i64) -> (Holds, Vec<String>) {
    let is_open = now_us.saturating_sub(end_us) < OPEN_US;
    let mut why = Vec::new();
    let mut holds = Holds::Yes;
    let mut say = |is_passing: bool, what: String| {
        holds = holds.max(if is_passing && is_open { Holds::Pending } else { Holds::No });
        why.push(what);
    };
    let dropped = sums.dropped().fold(0i64, |sum, (_, rows)| sum.saturating_add(rows));
    let outcomes = sums.sampled_out().saturating_add(dropped).saturating_add(sums.spooled());
    let between = sums.offered().saturating_sub(outcomes);
    if sums.tally.is_nothing() && sums.files > 0 && sums.found != 0 {
        say(false, format!("{} rows in files that no accounts speak of", sums.found));
        return (holds, why);
    }
    if between != 0 {
        // A row is counted as offered before it is counted as anything else.
        let (offered, is_passing) = (sums.offered(), between > 0);
        say(
            is_passing,
            format!("{offered} rows offered, {outcomes} sampled out, dropped, spooled"),
        );
    }
    match sums.pending() {
        0 => {}
        rows @ 1.. => say(true, format!("{rows} rows are in no file")),
        // A row is stored before it is counted as spooled.
        rows => say(true, format!("{} more rows planned than spooled", rows.saturating_neg())),
    }
    if sums.found != sums.said() {
        say(false, format!("{} rows said to be in files, {} found", sums.said(), sums.found));
    }
    if sums.early != 0 {
        say(true, format!("{} rows in files whose accounts are on their way", sums.early));
    }
    (holds, why)
}
