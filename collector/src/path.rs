//! Where a rows file lies: a type that builds and parses its object path.
//!
//! `rows/v1/endpoint=E/deployment=D/model=M/version=V/date=YYYY-MM-DD/hour=HH/FILE`, where FILE is
//! `{replica}-{boot}-{seq:08}.parquet`,
//! with the UTC hour of the rows' event times. Built by `sink`, parsed by `read`; both go through
//! this file, so writer and reader cannot disagree. Refuses names outside `[A-Za-z0-9._-]{1,64}` or
//! not starting with a letter or digit (no `..`), boot ids with a dash (the file name would be
//! ambiguous), and times outside years 1970 to 9998. Parsing takes exactly what building gives,
//! nothing looser.

use std::fmt;
use std::ops::Range;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use object_store::path::Path;

use crate::azureml;
use crate::error::Error;
use crate::row::Source;

mod hour;

#[cfg(test)]
mod tests;

pub use hour::{HourPath, Tree};

/// Root of all rows of layout version 1.
pub(crate) const ROOT: &str = "rows/v1";

pub(crate) const HOUR_US: i64 = 3_600_000_000;

/// First hour after year 9998 (jiff's timestamps end before 9999 does), counted from the epoch.
const HOURS_END: i64 = 70_380_768;

const MAX_NAME: usize = 64;

/// Which process wrote a file, and the file's number in it: unique, so a put never meets another's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    /// Name of the replica, such as the pod's.
    pub replica: String,
    /// Which life of the replica; no dash.
    pub boot: String,
    /// Counts the files of this boot.
    pub seq: u64,
}

/// The path of one rows file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowsPath {
    endpoint: String,
    deployment: String,
    model: String,
    version: String,
    /// Hours since the epoch, UTC.
    hour: i64,
    writer: Writer,
}

// === impl Writer ===

impl Writer {
    /// Reads a file's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (rest, seq) = name.strip_suffix(".parquet")?.rsplit_once('-')?;
        let (replica, boot) = rest.rsplit_once('-')?;
        let seq = parse_seq(seq)?;
        Some(Self { replica: replica.to_owned(), boot: boot.to_owned(), seq })
    }

    /// A file's name, without what says its kind.
    fn name(&self) -> String {
        let Self { replica, boot, seq } = self;
        format!("{replica}-{boot}-{seq:08}")
    }
}

/// A file's name.
impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.parquet", self.name())
    }
}

// === impl RowsPath ===

impl RowsPath {
    /// The path of a file with rows of `source` from the UTC hour that holds `time_us`, in unix
    /// microseconds.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Boot`], or [`Error::Path`] for a time outside years 1970 to 9998.
    pub fn new(source: &Source, time_us: i64, writer: Writer) -> Result<RowsPath, Error> {
        let hour = hour_of(time_us).ok_or_else(|| Error::Path(format!("time {time_us} us")))?;
        let path = RowsPath {
            endpoint: source.endpoint.clone(),
            deployment: source.deployment.clone(),
            model: source.model.clone(),
            version: source.version.clone(),
            hour,
            writer,
        };
        path.check()?;
        Ok(path)
    }

    /// Reads a path as `Display` writes it.
    ///
    /// # Errors
    /// [`Error::Path`] for any other text.
    pub fn parse(text: &str) -> Result<RowsPath, Error> {
        let parsed = RowsPath::parts(text).filter(|path| path.check().is_ok());
        parsed.ok_or_else(|| Error::Path(text.chars().take(1024).collect()))
    }

    /// The endpoint whose rows these are.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The deployment that scored them.
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// Its model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The model's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Who wrote the file.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The hour that holds all event times of the file: unix microseconds, half-open.
    pub fn hour_us(&self) -> Range<i64> {
        self.hour * HOUR_US..(self.hour + 1) * HOUR_US
    }

    /// The path as the object store takes it.
    pub fn object(&self) -> Path {
        Path::from(self.to_string())
    }

    /// Where the lines of such a collection of the same rows lie, as Azure's collector has it:
    /// `modelDataCollector/{endpoint}/{deployment}/{collection}/{yyyy}/{MM}/{dd}/{HH}/FILE`, where
    /// FILE is named after the Parquet file.
    ///
    /// # Errors
    /// None but [`Error::Path`] for an hour that no path has.
    pub(crate) fn lines(&self, collection: &str) -> Result<Path, Error> {
        let Self { endpoint, deployment, hour, writer, .. } = self;
        let at = civil(*hour).ok_or_else(|| Error::Path(format!("hour {hour}")))?;
        let at = at.strftime("%Y/%m/%d/%H");
        let name = writer.name();
        Ok(Path::from(format!(
            "{}/{endpoint}/{deployment}/{collection}/{at}/{name}.jsonl",
            azureml::ROOT
        )))
    }

    fn check(&self) -> Result<(), Error> {
        check_name("endpoint", &self.endpoint)?;
        check_name("deployment", &self.deployment)?;
        check_name("model", &self.model)?;
        check_name("version", &self.version)?;
        check_writer(&self.writer.replica, &self.writer.boot)
    }

    /// The parts, their names not yet checked.
    fn parts(text: &str) -> Option<RowsPath> {
        let mut parts = text.strip_prefix(ROOT)?.strip_prefix('/')?.split('/');
        let mut key = |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix('=');
        let endpoint = key("endpoint")?.to_owned();
        let deployment = key("deployment")?.to_owned();
        let model = key("model")?.to_owned();
        let version = key("version")?.to_owned();
        let hour = parse_date(key("date")?)? * 24 + parse_hour(key("hour")?)?;
        let writer = Writer::parse(parts.next()?)?;
        if parts.next().is_some() {
            return None;
        }
        Some(RowsPath { endpoint, deployment, model, version, hour, writer })
    }
}

impl fmt::Display for RowsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RowsPath { endpoint, deployment, model, version, hour, writer } = self;
        let at = civil(*hour).ok_or(fmt::Error)?;
        write!(f, "{ROOT}/endpoint={endpoint}/deployment={deployment}")?;
        write!(f, "/model={model}/version={version}")?;
        write!(f, "/date={}/hour={:02}/{writer}", at.date(), at.hour())
    }
}

/// The prefix of all rows or accounts of an endpoint.
///
/// # Errors
/// [`Error::Name`] for a name that no endpoint has.
pub(crate) fn endpoint_prefix(root: &str, endpoint: &str) -> Result<Path, Error> {
    check_name("endpoint", endpoint)?;
    Ok(Path::from(format!("{root}/endpoint={endpoint}")))
}

/// The UTC day of a `.../date=YYYY-MM-DD` prefix: unix microseconds, half-open.
pub(crate) fn day_us(prefix: &Path) -> Option<Range<i64>> {
    let day = parse_date(prefix.filename()?.strip_prefix("date=")?)?;
    Some(day * 24 * HOUR_US..(day + 1) * 24 * HOUR_US)
}

/// Hours since the epoch; `None` outside years 1970 to 9998.
pub(crate) fn hour_of(time_us: i64) -> Option<i64> {
    let hour = time_us.div_euclid(HOUR_US);
    (0..HOURS_END).contains(&hour).then_some(hour)
}

pub(crate) fn check_writer(replica: &str, boot: &str) -> Result<(), Error> {
    check_name("replica", replica)?;
    check_name("boot", boot)?;
    if boot.contains('-') { Err(Error::Boot(boot.to_owned())) } else { Ok(()) }
}

pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), Error> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let good = name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && name.bytes().all(legal);
    if good {
        return Ok(());
    }
    Err(Error::Name { what, name: name.chars().take(MAX_NAME + 1).collect() })
}

/// The start of an hour since the epoch, UTC.
pub(crate) fn civil(hour: i64) -> Option<DateTime> {
    let at = jiff::Timestamp::from_second(hour.checked_mul(3600)?).ok()?;
    Some(Offset::UTC.to_datetime(at))
}

/// Days since the epoch of `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let (month, day) = (two_digits(month)?, two_digits(day)?);
    let date = Date::new(digits(year)?.try_into().ok()?, month, day).ok()?;
    let midnight =
        Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()?;
    let days = midnight.as_second().div_euclid(86_400);
    (0..HOURS_END / 24).contains(&days).then_some(days)
}

fn parse_hour(text: &str) -> Option<i64> {
    two_digits(text).filter(|hour| *hour < 24).map(i64::from)
}

/// At least eight digits, and no more than needed.
fn parse_seq(text: &str) -> Option<u64> {
    let padded = text.len() == 8 || (text.len() > 8 && !text.starts_with('0'));
    if padded { digits(text) } else { None }
}

fn two_digits(text: &str) -> Option<i8> {
    if text.len() == 2 { digits(text)?.try_into().ok() } else { None }
}

/// `parse` alone would take a sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
