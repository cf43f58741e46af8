//! Where a file of an endpoint and an hour lies that is of no deployment: its accounts, its panes.
//!
//! `{tree}/endpoint=E/date=YYYY-MM-DD/hour=HH/{replica}-{boot}-{seq:08}.parquet`; the same names,
//! hours and strictness as rows files have.

use std::fmt;
use std::ops::Range;

use object_store::path::Path;

use super::{HOUR_US, Writer, check_name, check_writer, civil, hour_of, parse_date, parse_hour};
use crate::error::Error;

/// What the files of a root are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tree {
    /// What became of the rows.
    Accounts,
    /// Counters of the rows by what they hold.
    Panes,
}

/// The path of one such file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourPath {
    tree: Tree,
    endpoint: String,
    /// Hours since the epoch, UTC.
    hour: i64,
    writer: Writer,
}

// === impl Tree ===

impl Tree {
    /// The folder of layout version 1.
    pub(crate) fn root(self) -> &'static str {
        match self {
            Tree::Accounts => "accounts/v1",
            Tree::Panes => "panes/v1",
        }
    }
}

// === impl HourPath ===

impl HourPath {
    /// The path of a file of the UTC hour that holds `time_us`, in unix microseconds.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Boot`], or [`Error::Path`] for a time outside years 1970 to 9998.
    pub fn new(tree: Tree, endpoint: &str, time_us: i64, writer: Writer) -> Result<Self, Error> {
        let hour = hour_of(time_us).ok_or_else(|| Error::Path(format!("time {time_us} us")))?;
        check_name("endpoint", endpoint)?;
        check_writer(&writer.replica, &writer.boot)?;
        Ok(Self { tree, endpoint: endpoint.to_owned(), hour, writer })
    }

    /// Reads a path as `Display` writes it.
    ///
    /// # Errors
    /// [`Error::Path`] for any other text.
    pub fn parse(tree: Tree, text: &str) -> Result<Self, Error> {
        let parsed = Self::parts(tree, text).filter(|path| {
            let Writer { replica, boot, .. } = &path.writer;
            check_name("endpoint", &path.endpoint)
                .and_then(|()| check_writer(replica, boot))
                .is_ok()
        });
        parsed.ok_or_else(|| Error::Path(text.chars().take(1024).collect()))
    }

    /// Who wrote the file.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The hour of which it speaks: unix microseconds, half-open.
    pub fn hour_us(&self) -> Range<i64> {
        self.hour * HOUR_US..(self.hour + 1) * HOUR_US
    }

    /// The path as the object store takes it.
    pub fn object(&self) -> Path {
        Path::from(self.to_string())
    }

    /// The parts, their names not yet checked.
    fn parts(tree: Tree, text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(tree.root())?.strip_prefix('/')?.split('/');
        let mut key = |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix('=');
        let endpoint = key("endpoint")?.to_owned();
        let hour = parse_date(key("date")?)? * 24 + parse_hour(key("hour")?)?;
        let writer = Writer::parse(parts.next()?)?;
        parts.next().is_none().then_some(Self { tree, endpoint, hour, writer })
    }
}

impl fmt::Display for HourPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tree, endpoint, hour, writer } = self;
        let tree = tree.root();
        let at = civil(*hour).ok_or(fmt::Error)?;
        write!(f, "{tree}/endpoint={endpoint}/date={}/hour={:02}", at.date(), at.hour())?;
        write!(f, "/{writer}")
    }
}
