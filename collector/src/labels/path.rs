//! Where a labels file lies: a type that builds its object path.
//!
//! `labels/v1/endpoint=E/date=YYYY-MM-DD/FILE`, where FILE is `{replica}-{boot}-{seq:08}.parquet`,
//! with the UTC day on which its labels came. Labels come after their rows, days later or months: a
//! reader looks from the row's day on.

use std::fmt;

use object_store::path::Path;

use crate::error::Error;
use crate::path::{Writer, check_name, check_writer, civil, hour_of, parse_date};

#[cfg(test)]
mod tests;

/// Root of all labels of layout version 1.
pub(crate) const ROOT: &str = "labels/v1";

/// The path of one labels file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelsPath {
    endpoint: String,
    /// Days since the epoch, UTC.
    day: i64,
    writer: Writer,
}

// === impl LabelsPath ===

impl LabelsPath {
    /// The path of a file with labels that came on the UTC day that holds `time_us`, in unix
    /// microseconds.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Boot`], or [`Error::Path`] for a time outside years 1970 to 9998.
    pub fn new(endpoint: &str, time_us: i64, writer: Writer) -> Result<LabelsPath, Error> {
        let day = LabelsPath::day(endpoint, time_us)?;
        LabelsPath::on(endpoint, day, writer)
    }

    /// Reads a path as `Display` writes it.
    ///
    /// # Errors
    /// [`Error::Path`] for any other text.
    pub fn parse(text: &str) -> Result<LabelsPath, Error> {
        let parsed = LabelsPath::parts(text)
            .and_then(|(endpoint, day, writer)| LabelsPath::on(endpoint, day, writer).ok());
        parsed.ok_or_else(|| Error::Path(text.chars().take(1024).collect()))
    }

    /// The path as the object store takes it.
    pub fn object(&self) -> Path {
        Path::from(self.to_string())
    }

    /// The day that holds `time_us`, if the endpoint may have labels on it.
    pub(super) fn day(endpoint: &str, time_us: i64) -> Result<i64, Error> {
        check_name("endpoint", endpoint)?;
        let hour = hour_of(time_us).ok_or_else(|| Error::Path(format!("time {time_us} us")))?;
        Ok(hour / 24)
    }

    /// Endpoint, day and writer, not yet checked.
    fn parts(text: &str) -> Option<(&str, i64, Writer)> {
        let mut parts = text.strip_prefix(ROOT)?.strip_prefix('/')?.split('/');
        let mut key = |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix('=');
        let endpoint = key("endpoint")?;
        let day = parse_date(key("date")?)?;
        let writer = Writer::parse(parts.next()?)?;
        parts.next().is_none().then_some((endpoint, day, writer))
    }

    /// The path of a file of that day.
    pub(super) fn on(endpoint: &str, day: i64, writer: Writer) -> Result<LabelsPath, Error> {
        check_name("endpoint", endpoint)?;
        check_writer(&writer.replica, &writer.boot)?;
        Ok(LabelsPath { endpoint: endpoint.to_owned(), day, writer })
    }
}

impl fmt::Display for LabelsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LabelsPath { endpoint, day, writer } = self;
        let date = civil(*day * 24).ok_or(fmt::Error)?.date();
        write!(f, "{ROOT}/endpoint={endpoint}/date={date}/{writer}")
    }
}
