//! A span of time, and the profiles of an endpoint's rows in it: the crate's only IO.
//!
//! Called by the command line. Row files are listed and read through `collector::read`, which owns
//! their layout. A few files are read and folded at a time, each on its own thread, and only
//! counters outlive a file, so memory does not grow with the window.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use collector::{RowsPath, column, read};
use jiff::Timestamp;
use object_store::ObjectStore;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::baseline::Baseline;
use crate::error::Error;
use crate::pane::Traffic;
use crate::profile::Profile;

#[cfg(test)]
mod tests;

/// Files in memory at once.
const FILES_AT_ONCE: usize = 4;

/// Baselines by model name and version.
pub type Baselines = HashMap<(String, String), Arc<Baseline>>;

/// Half-open span of event times, unix microseconds UTC: `start <= t < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    start: i64,
    end: i64,
}

/// Rows in the window of one model version at one deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentProfile {
    /// The deployment.
    pub deployment: String,
    /// Its model.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// Rows in the window, never 0.
    pub rows: u64,
    /// Files they came from.
    pub files: u64,
    /// Whether these are answers to copies of others' requests.
    pub is_mirrored: bool,
    /// Their counters; none when the version has no baseline.
    pub profile: Option<Profile>,
    /// Requests that brought them; none when only rows files were read.
    pub traffic: Option<Traffic>,
}

/// Deployment, model and version: what has one row schema.
type Seat = (String, String, String);

/// What one or more files of a seat hold.
#[derive(Debug)]
struct Part {
    rows: u64,
    files: u64,
    profile: Option<Profile>,
}

/// The rows of `endpoint` in `window`, summed for each deployment and model version that has any,
/// in the order of their names. Versions that `baselines` lacks are counted without a profile.
///
/// Runs on any tokio runtime; files are decoded on its blocking threads.
///
/// # Errors
/// [`Error::Rows`] or [`Error::File`] for a store or a file that cannot be read;
/// [`Error::Kind`] for a column that the row files hold as another type.
pub async fn profiles(
    store: Arc<dyn ObjectStore>,
    endpoint: &str,
    window: Window,
    baselines: &Baselines,
) -> Result<Vec<DeploymentProfile>, Error> {
    let files = read::files(store.as_ref(), endpoint, window.range()).await?;
    let mut paths = files.into_iter().map(|file| file.path);
    let mut running: JoinSet<Result<(Seat, Part), Error>> = JoinSet::new();
    let mut sums: BTreeMap<Seat, Part> = BTreeMap::new();
    loop {
        while running.len() < FILES_AT_ONCE {
            let Some(path) = paths.next() else { break };
            let baseline =
                baselines.get(&(path.model().to_owned(), path.version().to_owned())).cloned();
            let (store, runtime) = (Arc::clone(&store), Handle::current());
            running.spawn_blocking(move || {
                let part = runtime.block_on(part(store.as_ref(), &path, window, baseline))?;
                Ok((seat(&path), part))
            });
        }
        let Some(done) = running.join_next().await else { break };
        let (seat, part) =
            done.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))?;
        match sums.get_mut(&seat) {
            Some(sum) => sum.merge(&part)?,
            None => drop(sums.insert(seat, part)),
        }
    }
    Ok(sums.into_iter().filter(|(_, sum)| sum.rows > 0).map(DeploymentProfile::from).collect())
}

/// Counts one file.
async fn part(
    store: &dyn ObjectStore,
    path: &RowsPath,
    window: Window,
    baseline: Option<Arc<Baseline>>,
) -> Result<Part, Error> {
    let mut profile = baseline.as_ref().map(Profile::new);
    let mut rows = 0;
    for batch in batches(store, path, baseline.as_deref()).await? {
        for inside in window.cut(&batch).map_err(|why| broken(path, why))? {
            rows += inside.num_rows() as u64;
            if let Some(profile) = &mut profile {
                profile.fold(&inside)?;
            }
        }
    }
    Ok(Part { rows, files: u64::from(rows > 0), profile })
}

/// Event times, and the columns of those features that the file has.
async fn batches(
    store: &dyn ObjectStore,
    path: &RowsPath,
    baseline: Option<&Baseline>,
) -> Result<Vec<RecordBatch>, Error> {
    let columns = baseline.iter().flat_map(|baseline| baseline.columns());
    let mut names: Vec<String> = columns.map(|column| column.name().to_owned()).collect();
    loop {
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        match read::columns(store, path, &wanted).await {
            // The feature is not logged: it stays without rows, and the verdict says so.
            Err(collector::Error::NoColumn { column, .. }) if wanted.contains(&column.as_str()) => {
                names.retain(|name| *name != column);
            }
            read => return Ok(read?),
        }
    }
}

fn seat(path: &RowsPath) -> Seat {
    (path.deployment().to_owned(), path.model().to_owned(), path.version().to_owned())
}

fn broken(path: &RowsPath, why: String) -> Error {
    Error::File { path: path.object().to_string(), why }
}

// === impl Window ===

impl Window {
    /// From 1970 to 9998: every row there is.
    pub const ALL: Window = Window { start: 0, end: 253_370_764_800_000_000 };

    /// The span from `start` to just before `end`, unix microseconds.
    ///
    /// # Errors
    /// [`Error::Window`] when it ends before it starts, or reaches out of the years 1970 to 9998.
    pub fn new(start: i64, end: i64) -> Result<Window, Error> {
        if start > end || start < Window::ALL.start || end > Window::ALL.end {
            return Err(Error::Window { start, end });
        }
        Ok(Window { start, end })
    }

    /// Its first microsecond.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The first microsecond after it.
    pub fn end(&self) -> i64 {
        self.end
    }

    fn range(self) -> Range<i64> {
        self.start..self.end
    }

    /// The parts of a batch whose event times are inside; no value is copied.
    fn cut(self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, String> {
        let times = batch.column_by_name(column::EVENT_TIME).ok_or("no event times")?;
        let times = times.as_primitive_opt::<TimestampMicrosecondType>();
        let times = times.ok_or("event times are no microsecond timestamps")?;
        if times.null_count() > 0 {
            return Err("a row without an event time".to_owned());
        }
        let mut parts = Vec::new();
        let mut at = 0;
        for run in times.values().chunk_by(|a, b| self.holds(*a) == self.holds(*b)) {
            if run.first().is_some_and(|time| self.holds(*time)) {
                parts.push(batch.slice(at, run.len()));
            }
            at += run.len();
        }
        Ok(parts)
    }

    fn holds(self, time: i64) -> bool {
        self.range().contains(&time)
    }
}

impl fmt::Display for Window {
    /// As RFC 3339: `2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", instant(self.start), instant(self.end))
    }
}

/// RFC 3339 in UTC, of a time that a window may have.
pub(crate) fn instant(unix_us: i64) -> Timestamp {
    Timestamp::from_microsecond(unix_us).expect("windows lie within the years 1970 to 9998")
}

// === impl Part ===

impl Part {
    fn merge(&mut self, other: &Part) -> Result<(), Error> {
        self.rows += other.rows;
        self.files += other.files;
        match (&mut self.profile, &other.profile) {
            (Some(sum), Some(more)) => sum.merge(more),
            _ => Ok(()),
        }
    }
}

// === impl DeploymentProfile ===

impl From<(Seat, Part)> for DeploymentProfile {
    fn from(((deployment, model, version), part): (Seat, Part)) -> DeploymentProfile {
        let Part { rows, files, profile } = part;
        DeploymentProfile {
            deployment,
            model,
            version,
            rows,
            files,
            is_mirrored: false,
            profile,
            traffic: None,
        }
    }
}
