//! One life's part of the spool in the sink's hands: how far it is read, planned and settled.

mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Sum;
use std::sync::Arc;

use super::plan::{Group, Room, groups, run, segments};
use super::{Rules, lost};
use crate::accounts;
use crate::counts::{Books, summed};
use crate::error::Error;
use crate::path::HOUR_US;
use crate::spool::cells::Of;
use crate::spool::house::House;
use crate::spool::journal::{Account, Piece, Plan, State};
use crate::spool::shelf::Place;
use crate::spool::tally::{Count, Tally};

pub(super) use self::made::Made;

/// Most batches on their way to the store at once that have just begun.
const MAX_YOUNG: usize = 4;

/// Later a batch is one that the store does not take: it does not hold up others, microseconds.
const YOUNG_US: i64 = 30_000_000;

/// Most batches, and bytes of their files, on their way at all: of this life's, and of all left.
const MAX_BATCHES: usize = 64;
const MAX_BYTES: usize = 64 << 20;

/// An hour's accounts are closed when it has been over for so long.
const SETTLED_US: i64 = 2 * HOUR_US;

/// After an hour is over, how long its rows wait for others, microseconds.
const HOUR_GRACE_US: i64 = 5_000_000;

/// After the journal took nothing, how long until it is tried again, microseconds.
const PAUSE_US: i64 = 1_000_000;

/// One life's part of the spool.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) house: Arc<House>,
    /// Up to where each thread's rows were seen.
    seen: Vec<Place>,
    /// Whether there can be no more to be seen.
    is_read: bool,
    /// Rows and bytes that were seen and are not planned, and since when.
    rows: usize,
    bytes: usize,
    since_us: Option<i64>,
    /// Batches under way.
    batches: BTreeMap<u64, Batch>,
    /// When the last plan was made.
    planned_us: i64,
    /// Not before, after the journal took nothing.
    pause_us: i64,
    /// Whether the journal took nothing when it was last written to.
    is_stuck: bool,
    /// Whether the last accounts are said, of an end that is asked for.
    is_last_said: bool,
    /// Whether all there is was read, and the accounts of what was left are closed.
    is_closed: bool,
    /// Whether the spool has so much room that files may wait: scoring comes first.
    pub(super) is_roomy: bool,
    /// It cannot be read: left for a person to look at.
    pub(super) is_given_up: bool,
}

/// Batches and bytes of files that are on their way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    batches: usize,
    bytes: usize,
}

/// What a batch is made of: pieces of segments, and the rows and bytes in them.
#[derive(Debug, Default)]
struct Taken {
    pieces: Vec<Piece>,
    rows: usize,
    bytes: usize,
}

/// A batch whose files are not all settled, or whose end is not written down.
#[derive(Debug, Default)]
struct Batch {
    left: usize,
    /// Bytes of its files, and when they were made.
    bytes: usize,
    made_us: i64,
    lost: BTreeMap<Of, Tally>,
    /// What accounts say that the store has not taken.
    unsaid: Vec<Account>,
}

// === impl Held ===

impl Held {
    pub(super) fn new(house: Arc<House>, now_us: i64) -> Self {
        let state = house.journal().state().clone();
        let place = |writer: usize| {
            let (segment, at) = state.planned.get(&writer).copied().unwrap_or_default();
            Place { segment, at }
        };
        Self {
            seen: (0..house.shelves.len()).map(place).collect(),
            house,
            is_read: false,
            rows: 0,
            bytes: 0,
            since_us: None,
            batches: BTreeMap::new(),
            planned_us: now_us,
            pause_us: 0,
            is_stuck: false,
            is_last_said: false,
            is_closed: false,
            is_roomy: true,
            is_given_up: false,
        }
    }

    /// Counts what an earlier life has left as recovered.
    pub(super) fn recover(&mut self, books: &Books) -> Result<(), Error> {
        if !self.house.is_left {
            return Ok(());
        }
        let mut recovered = BTreeMap::<String, u64>::new();
        let found = self.unread().and_then(|unread| {
            let open = self.house.journal().state().open.clone();
            let pieces = open.into_values().flat_map(|plan| plan.pieces);
            let pieces: Vec<Piece> = pieces.chain(unread).collect();
            self.house.trim(&pieces);
            // One at a time: together they may be as large as the spool.
            for piece in pieces {
                let segments = segments(&self.house, &[piece])?;
                for group in groups(&self.house, &segments) {
                    let rows: u64 = group.counts.values().sum();
                    let endpoint = group.schema.source().endpoint.clone();
                    *recovered.entry(endpoint).or_default() += rows;
                }
            }
            for (endpoint, rows) in &recovered {
                books.count(endpoint, |ledger| ledger.recovered += rows);
            }
            Ok(())
        });
        self.is_given_up = found.is_err();
        found
    }

    fn unread(&self) -> Result<Vec<Piece>, Error> {
        let all = Room { rows: usize::MAX, bytes: usize::MAX };
        let mut pieces = Vec::new();
        for (writer, seen) in self.seen.iter().enumerate() {
            pieces.extend(run(&self.house, writer, *seen, None, all)?.pieces);
        }
        Ok(pieces)
    }

    /// What is on its way.
    pub(super) fn load(&self) -> Load {
        let bytes = self.batches.values().map(|batch| batch.bytes).sum();
        Load { batches: self.batches.len(), bytes }
    }

    /// Reads on, and plans a batch when one is due: its files. `load` is on its way, of this part
    /// and those that share its bounds.
    pub(super) fn advance(
        &mut self,
        rules: &Rules,
        (now_us, is_end): (i64, bool),
        load: Load,
        books: &Books,
    ) -> Result<Vec<Made>, Error> {
        self.write_down();
        // A clock that goes back does not make the pause longer.
        let is_paused = (1..=PAUSE_US).contains(&self.pause_us.saturating_sub(now_us));
        if self.is_closed || is_paused {
            return Ok(Vec::new());
        }
        let made = self.next(rules, (now_us, is_end), load, books);
        made.inspect_err(|_| self.pause_us = now_us.saturating_add(PAUSE_US))
    }

    /// The files of a plan that none are made of yet, or of a new one if it is due.
    fn next(
        &mut self,
        rules: &Rules,
        (now_us, is_end): (i64, bool),
        load: Load,
        books: &Books,
    ) -> Result<Vec<Made>, Error> {
        self.read(now_us)?;
        if load.is_full() || self.is_busy(now_us) {
            return Ok(Vec::new());
        }
        let is_last = is_end || self.house.is_left;
        let house = Arc::clone(&self.house);
        if let Some(plan) = self.unmade() {
            let held = segments(&house, &plan.pieces)?;
            return self.make(&plan, groups(&house, &held), rules, (now_us, books));
        }
        if !self.is_due(rules, now_us, is_last) {
            return Ok(Vec::new());
        }
        self.planned_us = now_us;
        if is_last && self.rows == 0 && !self.batches.is_empty() {
            // What is said last is said when all is settled.
            return Ok(Vec::new());
        }
        let taken = self.take(rules)?;
        let held = segments(&house, &taken.pieces)?;
        let groups = groups(&house, &held);
        match self.plan(taken, &groups, (now_us, is_last), books)? {
            Some(plan) => self.make(&plan, groups, rules, (now_us, books)),
            None => Ok(Vec::new()),
        }
    }

    /// A plan whose files are to be made: an earlier life's, or one that could not be made before.
    fn unmade(&self) -> Option<Plan> {
        let journal = self.house.journal();
        let mut open = journal.state().open.values();
        open.find(|plan| !self.batches.contains_key(&plan.batch)).cloned()
    }

    /// Whether as many batches have just begun as may at once.
    fn is_busy(&self, now_us: i64) -> bool {
        let is_young = |batch: &&Batch| now_us.saturating_sub(batch.made_us) < YOUNG_US;
        self.batches.values().filter(is_young).count() >= MAX_YOUNG
    }

    /// Looks at what was appended.
    fn read(&mut self, now_us: i64) -> Result<(), Error> {
        // Nobody adds to what was left.
        if self.is_read {
            return Ok(());
        }
        self.is_read = self.house.is_left;
        let all = Room { rows: usize::MAX, bytes: usize::MAX };
        for writer in 0..self.seen.len() {
            let run = run(&self.house, writer, self.seen[writer], None, all)?;
            self.seen[writer] = run.end;
            self.rows += run.rows;
            self.bytes += run.bytes;
        }
        if self.rows > 0 {
            self.since_us.get_or_insert(now_us);
        }
        Ok(())
    }

    fn is_due(&self, rules: &Rules, now_us: i64, is_last: bool) -> bool {
        let age_us = i64::try_from(rules.roll.age.as_micros()).unwrap_or(i64::MAX);
        // A clock that went back makes it due: else it could wait for as long as the step was.
        let is_old = |since: i64| now_us < since || now_us - since >= age_us;
        let is_over = |since: i64| {
            let end = (since.div_euclid(HOUR_US) + 1).saturating_mul(HOUR_US);
            now_us.saturating_sub(end) >= HOUR_GRACE_US.min(age_us)
        };
        is_last
            || self.rows >= rules.roll.rows
            || self.bytes >= rules.roll.bytes
            || self.since_us.is_some_and(|since| is_old(since) || is_over(since))
            || self.rows == 0 && is_old(self.planned_us)
    }

    /// What a new batch takes of what was seen.
    fn take(&mut self, rules: &Rules) -> Result<Taken, Error> {
        let state = self.house.journal().state().clone();
        let mut room = Room { rows: rules.roll.rows, bytes: rules.roll.bytes };
        let mut taken = Taken::default();
        let writers = self.seen.len();
        // Who comes first changes, so that none waits for good.
        let first = usize::try_from(state.next.0).unwrap_or(0);
        let turns = (0..writers).map(|n| first.wrapping_add(n) % writers);
        for writer in turns.filter(|_| self.rows > 0) {
            let (segment, at) = state.planned.get(&writer).copied().unwrap_or_default();
            let from = Place { segment, at };
            let found = run(&self.house, writer, from, Some(self.seen[writer]), room)?;
            room.rows = room.rows.saturating_sub(found.rows);
            room.bytes = room.bytes.saturating_sub(found.bytes);
            taken.rows += found.rows;
            taken.bytes += found.bytes;
            taken.pieces.extend(found.pieces);
        }
        if taken.pieces.is_empty() {
            // What was seen is gone, or is damaged since: it is found missing.
            (self.rows, self.bytes) = (0, 0);
        }
        Ok(taken)
    }

    /// Plans a batch of what was taken, whose rows are in `groups`, and writes the plan down;
    /// `None` when there is nothing to be said.
    fn plan(
        &mut self,
        taken: Taken,
        groups: &[Group<'_>],
        (now_us, is_last): (i64, bool),
        books: &Books,
    ) -> Result<Option<Plan>, Error> {
        let Taken { pieces, rows, bytes } = taken;
        let house = Arc::clone(&self.house);
        let state = house.journal().state().clone();
        let (batch, first_file) = state.next;
        let is_whole = rows >= self.rows;
        let accounts = self.accounts(&state, groups, now_us, (is_whole, is_last));
        if !is_last {
            self.give_back(&state, &accounts, now_us, books)?;
        }
        // Drops of requests that come while it ends are not waited for.
        if pieces.is_empty() && (accounts.is_empty() || self.is_last_said) {
            self.is_closed = is_last && self.rows == 0 && self.batches.is_empty();
            return Ok(None);
        }
        self.is_last_said = is_last && pieces.is_empty();
        let counts = |group: &Group<'_>| group.counts.iter().map(|(of, n)| (*of, *n)).collect();
        let plan = Plan {
            batch,
            time_us: now_us,
            first_file,
            rows: groups.iter().map(counts).collect(),
            accounts_files: accounts::files(&house, &accounts).len() as u64,
            pieces,
            accounts,
        };
        house.journal().plan(plan.clone()).map_err(|source| house.failed(source))?;
        self.count_torn(&plan.accounts, books);
        (self.rows, self.bytes) =
            (self.rows.saturating_sub(rows), self.bytes.saturating_sub(bytes));
        self.since_us = (self.rows > 0).then_some(now_us);
        Ok(Some(plan))
    }

    /// What is to be said of each lane and hour, with the rows of a new batch.
    fn accounts(
        &self,
        state: &State,
        groups: &[Group<'_>],
        now_us: i64,
        (is_whole, is_last): (bool, bool),
    ) -> Vec<Account> {
        let mut totals = summed(self.house.tallies());
        for of in state.said.keys() {
            totals.entry(*of).or_insert_with(|| front_of(state.said[of]));
        }
        let counts = groups.iter().flat_map(|group| &group.counts);
        for (of, rows) in counts {
            totals.entry(*of).or_default().add(lost(Count::Planned, *rows));
        }
        let said = |of: &Of| state.said.get(of).copied().unwrap_or_default();
        let account = |(of, mut total): (Of, Tally)| {
            // Also those of accounts that the store has not taken.
            let planned = state.planned_rows.get(&of).copied().unwrap_or(0);
            total[Count::Planned] += planned;
            total.add(state.lost.get(&of).copied().unwrap_or_default());
            // What may still be written to is not mended: a row may be between two counts.
            let is_settled = is_whole && (is_last || is_old(of, now_us));
            let total = if is_settled { total.mended() } else { total };
            let tally = total.since(said(&of));
            (!tally.is_nothing()).then_some(Account { of, tally })
        };
        totals.into_iter().filter_map(account).collect()
    }

    /// Rows that were found missing, in the accounts of this process.
    fn count_torn(&self, accounts: &[Account], books: &Books) {
        for Account { of, tally } in accounts.iter().filter(|a| a.tally[Count::LostTorn] != 0) {
            let torn = tally[Count::LostTorn];
            let Some(endpoint) = self.house.endpoint(*of) else { continue };
            tracing::error!(endpoint, rows = torn, "rows lost: damaged in the spool");
            books.count(&endpoint, |ledger| {
                ledger.front(Tally::of(Count::LostTorn, torn));
                if self.house.is_left {
                    ledger.recovered = ledger.recovered.saturating_add_signed(torn);
                }
            });
        }
    }

    /// Gives the cells of old hours back of which everything is said and settled.
    fn give_back(
        &self,
        state: &State,
        accounts: &[Account],
        now_us: i64,
        books: &Books,
    ) -> Result<(), Error> {
        let open = state.open.values().flat_map(|plan| &plan.accounts).chain(accounts);
        let open: BTreeSet<Of> = open.map(|account| account.of).collect();
        // All that was spooled is planned, or known to be missing.
        let is_settled =
            |said: &Tally| said[Count::Spooled] == said[Count::Planned] + said[Count::LostTorn];
        let old = state
            .said
            .iter()
            .filter(|(of, said)| is_old(**of, now_us) && is_settled(said) && !open.contains(of));
        let old: BTreeSet<Of> = old.map(|(of, _)| *of).collect();
        if old.is_empty() {
            return Ok(());
        }
        let house = &self.house;
        let failed = |source| house.failed(source);
        books.give_back(house, &old).map_err(failed)?;
        house.journal().settled(old).map_err(failed)
    }

    /// Writes the end of batches into the journal, and deletes what they needed.
    fn write_down(&mut self) {
        let ended = |(_, batch): &(&u64, &Batch)| batch.left == 0;
        let ended: Vec<u64> =
            self.batches.iter().filter(ended).map(|(number, _)| *number).collect();
        for number in ended {
            let Some(batch) = self.batches.get(&number) else { continue };
            let lost = batch.lost.iter().map(|(of, tally)| (*of, *tally)).collect();
            let done = self.house.journal().done(number, lost, batch.unsaid.clone());
            match done {
                Ok(()) => {
                    self.is_stuck = false;
                    self.batches.remove(&number);
                    self.house.clear();
                }
                Err(error) => {
                    let folder = self.house.name();
                    if !std::mem::replace(&mut self.is_stuck, true) {
                        tracing::error!(folder, %error, "the spool's journal takes nothing");
                    }
                    return;
                }
            }
        }
    }

    /// Whether nothing was appended since it was looked at last.
    pub(super) fn is_still(&mut self, now_us: i64) -> bool {
        self.read(now_us).is_ok() && self.rows == 0
    }

    /// Whether everything is settled and said.
    pub(super) fn is_done(&self) -> bool {
        self.is_closed && self.batches.is_empty()
    }

    /// Whether it was left by an earlier life, and is settled: its folder is gone then.
    pub(super) fn is_over(&self) -> bool {
        let is_over = self.house.is_left && self.is_done();
        if is_over {
            self.house.demolish();
        }
        is_over
    }

    /// Counts what is not settled as lost with the memory it is in.
    pub(super) fn lose(&self, books: &Books) {
        for (endpoint, ledger) in books.ledgers(&self.house) {
            let rows = ledger.pending();
            tracing::error!(endpoint, rows, "rows lost: the spool is in memory");
            books.count(&endpoint, |ledger| ledger.front(lost(Count::LostShutdown, rows)));
        }
    }
}

/// Whether nothing more comes of an hour: it has long been over.
fn is_old(of: Of, now_us: i64) -> bool {
    let end = (i64::from(of.hour) + 1).saturating_mul(HOUR_US);
    now_us.saturating_sub(end) >= SETTLED_US
}

/// The counts that the threads keep, of all that was said.
fn front_of(said: Tally) -> Tally {
    let mut front = Tally::default();
    Count::FRONT.into_iter().for_each(|count| front[count] = said[count]);
    front
}

// === impl Load ===

impl Load {
    fn is_full(self) -> bool {
        self.batches >= MAX_BATCHES || self.bytes >= MAX_BYTES
    }
}

impl Sum for Load {
    fn sum<I: Iterator<Item = Load>>(loads: I) -> Load {
        loads.fold(Load::default(), |sum, load| Load {
            batches: sum.batches + load.batches,
            bytes: sum.bytes + load.bytes,
        })
    }
}
