//! A plan -> its files, and what became of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;

use super::{Batch, Held};
use crate::accounts;
use crate::azureml::Lines;
use crate::counts::Books;
use crate::encode::{self, Footer};
use crate::error::Error;
use crate::path::{HOUR_US, RowsPath, Writer};
use crate::sink::plan::Group;
use crate::sink::{Rules, guarded, lost};
use crate::spool::cells::Of;
use crate::spool::house::House;
use crate::spool::journal::{Account, Plan};
use crate::spool::tally::{Count, Tally};
use crate::thread::low;

/// Where a file goes, and what it holds.
type File = (Path, Bytes);

/// A file of a batch, or why there is none. One of JSON lines has neither rows nor accounts: they
/// are those of the Parquet file beside it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) file: Result<File, Error>,
    batch: u64,
    /// Which batch of which life, as the file has it.
    pub(crate) name: String,
    /// When its rows are too old to be kept, unix microseconds.
    pub(crate) expires_us: i64,
    /// Whose rows are in it, or whose accounts.
    endpoint: String,
    counts: BTreeMap<Of, u64>,
    accounts: Vec<Account>,
}

// === impl Made ===

impl Made {
    pub(crate) fn rows(&self) -> u64 {
        self.counts.values().sum()
    }

    /// What is missing when the store does not have it.
    pub(crate) fn missed(&self) -> &'static str {
        match (self.rows(), self.accounts.is_empty()) {
            (1.., _) => "rows lost",
            (0, false) => "accounts not said",
            (0, true) => "lines for Azure ML lost, rows are not",
        }
    }
}

// === impl Held ===

impl Held {
    /// The files of a plan, of the rows in `groups`: the same whenever they are made.
    pub(crate) fn make(
        &mut self,
        plan: &Plan,
        groups: Vec<Group<'_>>,
        rules: &Rules,
        (now_us, books): (i64, &Books),
    ) -> Result<Vec<Made>, Error> {
        let house = Arc::clone(&self.house);
        let name = plan.name(&house.boot).map_err(|source| house.failed(source))?;
        self.batches.insert(plan.batch, Batch { made_us: now_us, ..Batch::default() });
        let mut made = self.rows_of(plan, groups, (&name, rules), books);
        let first = plan.first_file + plan.rows.len() as u64;
        for (place, file) in accounts::files(&house, &plan.accounts).into_iter().enumerate() {
            let encode = || file.encode(&house, plan, (first + place as u64, &name));
            made.push(Made {
                file: guarded(&name, encode),
                batch: plan.batch,
                name: name.clone(),
                expires_us: plan.time_us.saturating_add(rules.age_us),
                endpoint: file.endpoint().to_owned(),
                counts: BTreeMap::new(),
                accounts: file.accounts().collect(),
            });
        }
        if let Some(batch) = self.batches.get_mut(&plan.batch) {
            let sizes = made.iter().filter_map(|made| made.file.as_ref().ok());
            (batch.left, batch.bytes) = (made.len(), sizes.map(|(_, bytes)| bytes.len()).sum());
        }
        Ok(made)
    }

    fn rows_of(
        &mut self,
        plan: &Plan,
        mut groups: Vec<Group<'_>>,
        (name, rules): (&str, &Rules),
        books: &Books,
    ) -> Vec<Made> {
        let house = Arc::clone(&self.house);
        let made = |counts: BTreeMap<Of, u64>, file, expires_us| Made {
            file,
            batch: plan.batch,
            name: name.to_owned(),
            expires_us,
            endpoint: counts.keys().find_map(|of| house.endpoint(*of)).unwrap_or_default(),
            counts,
            accounts: Vec::new(),
        };
        let mut files = Vec::with_capacity(plan.rows.len());
        for (place, wanted) in plan.rows.iter().enumerate() {
            let wanted: BTreeMap<Of, u64> = wanted.iter().copied().collect();
            let is = |group: &Group<'_>| wanted.keys().any(|of| group.counts.contains_key(of));
            let group = groups.iter().position(is).map(|place| groups.swap_remove(place));
            self.miss(plan.batch, &wanted, group.as_ref(), books);
            let Some(group) = group else { continue };
            let newest = group.rows.iter().map(|rows| rows.entry.time_us).max();
            let expires_us = newest.unwrap_or(plan.time_us).saturating_add(rules.age_us);
            let seq = plan.first_file + place as u64;
            let lines = rules.azureml.as_deref().map(|id| Lines::new(id, &group.schema));
            let encode = || encoded(&house, plan, &group, (seq, name), lines);
            match if self.is_roomy { low("skeg-sink-low", encode) } else { encode() } {
                Err(error) => files.push(made(group.counts, Err(error), expires_us)),
                Ok((file, lines)) => {
                    files.push(made(group.counts, Ok(file), expires_us));
                    let lines = lines.into_iter();
                    files.extend(lines.map(|file| made(BTreeMap::new(), Ok(file), expires_us)));
                }
            }
        }
        files
    }

    /// Counts the rows of a plan that are there no more.
    fn miss(
        &mut self,
        batch: u64,
        wanted: &BTreeMap<Of, u64>,
        found: Option<&Group<'_>>,
        books: &Books,
    ) {
        for (of, wanted) in wanted {
            let found = found.and_then(|group| group.counts.get(of)).copied().unwrap_or(0);
            let missing = wanted.saturating_sub(found);
            if missing > 0 {
                let folder = self.house.name();
                tracing::error!(folder, batch, rows = missing, "rows lost: planned, and damaged");
                self.lose_of(batch, *of, lost(Count::LostEncode, missing), books);
                if let (true, Some(endpoint)) = (self.house.is_left, self.house.endpoint(*of)) {
                    books.count(&endpoint, |ledger| ledger.recovered += missing);
                }
            }
        }
    }

    /// Counts rows of a batch as lost.
    fn lose_of(&mut self, batch: u64, of: Of, tally: Tally, books: &Books) {
        if let Some(batch) = self.batches.get_mut(&batch) {
            batch.lost.entry(of).or_default().add(tally);
        }
        if let Some(endpoint) = self.house.endpoint(of) {
            books.count(&endpoint, |ledger| ledger.front(tally));
        }
    }

    /// A file is settled: written, or lost for a reason.
    pub(crate) fn settle(&mut self, made: Made, why: Option<Count>, books: &Books) {
        let rows = made.rows();
        let Some(batch) = self.batches.get_mut(&made.batch) else { return };
        batch.left = batch.left.saturating_sub(1);
        match why {
            None if rows > 0 => books.count(&made.endpoint, |ledger| ledger.written += rows),
            None => {}
            Some(why) => {
                batch.unsaid.extend(made.accounts);
                for (of, rows) in made.counts {
                    self.lose_of(made.batch, of, lost(why, rows), books);
                }
            }
        }
        self.write_down();
    }
}

/// The file of a group, those of its lines, and where they go.
fn encoded(
    house: &House,
    plan: &Plan,
    group: &Group<'_>,
    (seq, name): (u64, &str),
    mut lines: Option<Lines>,
) -> Result<(File, Vec<File>), Error> {
    let mut counts = Tally::default();
    let said = plan.accounts.iter().filter(|account| group.counts.contains_key(&account.of));
    said.for_each(|account| counts.add(account.tally));
    let footer = Footer { batch: name.to_owned(), received_us: plan.time_us, counts };
    let writer = Writer { replica: house.replica.clone(), boot: house.boot.clone(), seq };
    let path = RowsPath::new(group.schema.source(), group.hour * HOUR_US, writer)?;
    let bytes = guarded(&group.schema.label(), || encode::file(group, &footer, &mut lines))?;
    let lines = lines.into_iter().flat_map(Lines::files);
    let lines = lines.map(|(of, lines)| Ok((path.lines(of)?, Bytes::from(lines))));
    let lines = lines.collect::<Result<_, Error>>()?;
    Ok(((path.object(), bytes), lines))
}
