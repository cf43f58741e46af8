//! Are all rows there? What the accounts files of a window say, held against its rows files.
//!
//! The accounts are read first, once. Rows files of a batch that they do not know are those of a
//! server that runs; rows that they say and that are not there yet may be on their way, and are
//! looked for again after a pause. Only footers are read of rows files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;

use crate::encode;
use crate::error::Error;
use crate::path::{HOUR_US, RowsPath};
use crate::read::accounts::{Fault, Said, is_of_file, read as read_accounts};
use crate::read::file::Footer;
use crate::read::{AT_ONCE, RowsFile, files};

mod law;

pub use law::{Holds, Sums};

/// How old a rows file may be whose accounts are on their way, microseconds.
const EARLY_US: i64 = 60_000_000;

/// An hour of an endpoint.
#[derive(Clone, Debug)]
pub struct Hour {
    /// Its start, unix microseconds.
    pub start_us: i64,
    /// Rows by deployment.
    pub deployments: BTreeMap<String, Sums>,
    /// Whether the law holds, for each of them.
    pub holds: Holds,
    /// What of it does not.
    pub why: Vec<String>,
}

/// What a rows file says of itself.
#[derive(Clone, Debug)]
struct Found {
    rows: i64,
    batch: Option<String>,
    /// How many rows it was planned to have.
    planned: Option<i64>,
}

type Footers = HashMap<RowsPath, Result<Found, String>>;

// === impl Hour ===

impl Hour {
    /// Rows of all deployments.
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.deployments.values().for_each(|sums| total.add(sums));
        total
    }
}

/// The hours of an endpoint that share an instant with `window`, unix microseconds, and of which
/// the store has anything; in their order. Should rows be missing of an hour that is open, they are
/// looked for again after each of `pauses`.
///
/// # Errors
/// [`Error::Name`], [`Error::Store`], [`Error::TooManyFiles`].
pub async fn hours(
    store: &dyn ObjectStore,
    endpoint: &str,
    window: Range<i64>,
    now_us: i64,
    pauses: &[Duration],
) -> Result<Vec<Hour>, Error> {
    let said = read_accounts(store, endpoint, &window).await?;
    let mut footers = Footers::new();
    let mut pauses = pauses.iter();
    loop {
        let files = files(store, endpoint, window.clone()).await?;
        read_footers(store, &files, &mut footers).await?;
        let hours = held(&said, &files, &footers, now_us);
        let is_short = |hour: &Hour| {
            let is_open = now_us.saturating_sub(hour.start_us + HOUR_US) < law::OPEN_US;
            is_open && hour.deployments.values().any(|sums| sums.found() < sums.said())
        };
        match pauses.next() {
            Some(pause) if hours.iter().any(is_short) => tokio::time::sleep(*pause).await,
            _ => return Ok(hours),
        }
    }
}

/// The footers of those files that were not read before.
async fn read_footers(
    store: &dyn ObjectStore,
    files: &[RowsFile],
    footers: &mut Footers,
) -> Result<(), Error> {
    let new = files.iter().map(|file| file.path.clone());
    let new: Vec<RowsPath> = new.filter(|path| !footers.contains_key(path)).collect();
    let reads = stream::iter(new).map(|path| async move {
        match Footer::read(store, &path.object()).await {
            Ok(footer) => Ok((path, Ok(Found::of(&footer)))),
            Err(error) if is_of_file(&error) => Ok((path, Err(error.to_string()))),
            Err(error) => Err(error),
        }
    });
    let mut reads = reads.buffer_unordered(AT_ONCE);
    while let Some((path, found)) = reads.try_next().await? {
        footers.insert(path, found);
    }
    Ok(())
}

impl Found {
    fn of(footer: &Footer) -> Self {
        let counts = footer.note(encode::COUNTS);
        let counts: Option<BTreeMap<String, i64>> =
            counts.and_then(|json| serde_json::from_str(json).ok());
        Self {
            rows: footer.rows(),
            batch: footer.note(encode::BATCH).map(batch),
            planned: counts.and_then(|counts| counts.get("planned").copied()),
        }
    }
}

/// The accounts held against the files.
fn held(said: &Said, files: &[RowsFile], footers: &Footers, now_us: i64) -> Vec<Hour> {
    let mut sums: BTreeMap<i64, BTreeMap<String, Sums>> = BTreeMap::new();
    for ((hour, deployment), tally) in &said.tallies {
        let of = sums.entry(*hour).or_default().entry(deployment.clone()).or_default();
        of.tally.add(*tally);
    }
    let mut faults: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for Fault { hour_us, why } in &said.faults {
        faults.entry(*hour_us).or_default().push(why.clone());
    }
    let mut seen = HashSet::new();
    for file in files {
        let (path, hour) = (&file.path, file.path.hour_us().start);
        let of = sums.entry(hour).or_default().entry(path.deployment().to_owned()).or_default();
        of.files += 1;
        let mut fault = |why: String| faults.entry(hour).or_default().push(why);
        let found = match footers.get(path) {
            Some(Ok(found)) => found,
            Some(Err(why)) => {
                fault(why.clone());
                continue;
            }
            None => continue,
        };
        if !seen.insert(path.writer()) {
            fault(format!("{path}: numbered as another; its rows do not count"));
            continue;
        }
        if let Some(planned) = found.planned.filter(|planned| *planned != found.rows) {
            fault(format!("{path}: {} rows, planned were {planned}", found.rows));
        }
        let is_said = found.batch.as_ref().is_none_or(|batch| {
            said.batches.contains(&(hour, path.writer().replica.clone(), batch.clone()))
        });
        let is_early = !is_said && now_us.saturating_sub(file.put_us) < EARLY_US;
        let rows = if is_early { &mut of.early } else { &mut of.found };
        *rows = rows.saturating_add(found.rows);
    }
    // Broken accounts are of an hour, too.
    for hour in faults.keys() {
        sums.entry(*hour).or_default();
    }
    let hour = |(start_us, deployments): (i64, BTreeMap<String, Sums>)| {
        let mut why = faults.remove(&start_us).unwrap_or_default();
        let mut holds = if why.is_empty() { Holds::Yes } else { Holds::No };
        for (deployment, sums) in &deployments {
            let (its, what) = law::judge(sums, start_us + HOUR_US, now_us);
            holds = holds.max(its);
            why.extend(what.into_iter().map(|what| format!("{deployment}: {what}")));
        }
        Hour { start_us, deployments, holds, why }
    };
    sums.into_iter().map(hour).collect()
}

/// `boot/batch` of a footer's `boot/batch/hash of the plan`.
fn batch(note: &str) -> String {
    note.rsplit_once('/').map_or(note, |(batch, _)| batch).to_owned()
}
