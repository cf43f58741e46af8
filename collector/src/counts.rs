//! The accounts of this process: how far each row of an endpoint came.
//!
//! Always `offered = sampled_out + dropped + spooled` and, with the rows that an earlier process
//! has left, `spooled + recovered = written + pending + lost`, in rows. The scoring threads count
//! the first line, in the spool's cells; the sink the second, here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::spool::cells::Of;
use crate::spool::house::House;
use crate::spool::tally::{Count, Tally};

#[cfg(test)]
mod tests;

/// One counter, as the metrics show it. All of them only ever grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The endpoint whose rows are counted.
    pub endpoint: String,
    /// "offered", "sampled_out", "dropped", "spooled", "recovered", "written" or "lost".
    pub stage: &'static str,
    /// Why, for "dropped" (spool_full, closed, shape) and "lost" (encode, put, expired, torn,
    /// shutdown); else empty.
    pub reason: &'static str,
    /// Rows.
    pub rows: u64,
}

/// An endpoint's accounts at one moment, in rows. Rows on their way between two counters at that
/// moment may be missing from the later one, never from the earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    front: Tally,
    /// What an earlier process has left in the spool.
    pub recovered: u64,
    /// In a published file.
    pub written: u64,
}

/// What the sink counts, and the cells that were given back.
#[derive(Debug, Default)]
pub(crate) struct Books {
    endpoints: Mutex<BTreeMap<String, Ledger>>,
    /// Whether it was told that rows have no cell left.
    is_told: AtomicBool,
}

// === impl Ledger ===

impl Ledger {
    /// Given to `append`.
    pub fn offered(&self) -> u64 {
        self.rows(Count::Offered)
    }

    /// Left out by the sampling rate.
    pub fn sampled_out(&self) -> u64 {
        self.rows(Count::SampledOut)
    }

    /// Refused, for any reason.
    pub fn dropped(&self) -> u64 {
        self.front.dropped().unsigned_abs()
    }

    /// Taken into the spool by this process.
    pub fn spooled(&self) -> u64 {
        self.rows(Count::Spooled)
    }

    /// Taken but in no file, for any reason.
    pub fn lost(&self) -> u64 {
        self.front.sum(&Count::LOST).unsigned_abs()
    }

    /// Taken and not yet settled: in the spool, or on their way to the store.
    pub fn pending(&self) -> u64 {
        (self.spooled() + self.recovered).saturating_sub(self.written + self.lost())
    }

    /// Whether the conservation law holds; exact while no row is on its way.
    pub fn holds(&self) -> bool {
        self.offered() == self.sampled_out() + self.dropped() + self.spooled()
            && self.spooled() + self.recovered == self.written + self.pending() + self.lost()
    }

    fn rows(&self, count: Count) -> u64 {
        self.front[count].unsigned_abs()
    }

    fn add(&mut self, other: &Ledger) {
        self.front.add(other.front);
        self.recovered += other.recovered;
        self.written += other.written;
    }

    fn stages(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let counts = Count::ALL.into_iter().filter(|count| *count != Count::Planned);
        let front = counts.map(|count| (count.name().0, count.name().1, self.rows(count)));
        front.chain([("recovered", "", self.recovered), ("written", "", self.written)])
    }
}

// === impl Books ===

impl Books {
    /// Changes an endpoint's accounts.
    pub(crate) fn count(&self, endpoint: &str, change: impl FnOnce(&mut Ledger)) {
        let mut endpoints = self.lock();
        match endpoints.get_mut(endpoint) {
            Some(ledger) => change(ledger),
            None => change(endpoints.entry(endpoint.to_owned()).or_default()),
        }
    }

    /// Takes over what cells of old hours have counted, and gives the cells back.
    ///
    /// # Errors
    /// When the journal takes nothing; nothing is changed then.
    pub(crate) fn give_back(&self, house: &House, old: &BTreeSet<Of>) -> std::io::Result<()> {
        // Whoever takes over from here on does not look at these cells. Nobody waits for the disk.
        house.journal().settling(old.clone())?;
        let mut books = self.lock();
        for (of, tally) in house.free(old) {
            if let Some(endpoint) = house.endpoint(of) {
                books.entry(endpoint).or_default().front.add(tally);
            }
        }
        Ok(())
    }

    /// Drops rows that no cell is left for: a thread has rows of too many lanes and hours that are
    /// not settled. The only thing that a scoring thread waits for here; accounts files do not have
    /// them.
    pub(crate) fn unaccounted(&self, endpoint: &str, rows: u64) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::error!(endpoint, "no accounts are left for more hours; rows are dropped");
        }
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.count(endpoint, |ledger| {
            ledger.front(Tally::of(Count::Offered, rows));
            ledger.front(Tally::of(Count::SpoolFull, rows));
        });
    }

    /// The accounts of every endpoint, those of the cells of `house` included.
    pub(crate) fn ledgers(&self, house: &House) -> BTreeMap<String, Ledger> {
        // Held until the cells are read: what is given back is in one of them.
        let books = self.lock();
        let mut ledgers = books.clone();
        for endpoint in house.lanes.endpoints() {
            ledgers.entry(endpoint).or_default();
        }
        for (of, tally) in house.tallies() {
            if let Some(endpoint) = house.endpoint(of) {
                ledgers.entry(endpoint).or_default().front.add(tally);
            }
        }
        ledgers
    }

    pub(crate) fn counted(&self, house: &House) -> Vec<Counted> {
        let of_endpoint = |(endpoint, ledger): (String, Ledger)| {
            let counted =
                |(stage, reason, rows)| Counted { endpoint: endpoint.clone(), stage, reason, rows };
            ledger.stages().map(counted).collect::<Vec<_>>()
        };
        self.ledgers(house).into_iter().flat_map(of_endpoint).collect()
    }

    pub(crate) fn total(&self, house: &House) -> Ledger {
        let mut total = Ledger::default();
        self.ledgers(house).values().for_each(|ledger| total.add(ledger));
        total
    }

    /// A panic elsewhere leaves the map whole: nothing is changed in steps.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ledger>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Rows that the sink lost, or counts of cells that are given back.
    pub(crate) fn front(&mut self, tally: Tally) {
        self.front.add(tally);
    }
}

/// Cells of all threads, a lane and an hour together.
pub(crate) fn summed(tallies: impl Iterator<Item = (Of, Tally)>) -> BTreeMap<Of, Tally> {
    let mut sums = BTreeMap::<Of, Tally>::new();
    tallies.for_each(|(of, tally)| sums.entry(of).or_default().add(tally));
    sums
}
