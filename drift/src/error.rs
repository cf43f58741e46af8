//! The crate's one error type.

use arrow_schema::DataType;

/// What can go wrong between training rows and a report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bytes that are no sound `baseline.json`.
    #[error("baseline file: {0}")]
    BaselineFile(String),
    /// A column that is not there.
    #[error("no column `{0}`")]
    NoColumn(String),
    /// A column of another type than what it is compared with.
    #[error("column `{column}` holds {found}, unlike before")]
    Kind {
        /// Its name.
        column: String,
        /// Its Arrow type.
        found: String,
    },
    /// Columns that make no baseline: none, or one twice.
    #[error("columns: {0}")]
    Columns(String),
    /// Training rows without a row.
    #[error("the training rows are empty")]
    NoRows,
    /// A size over its bound.
    #[error("{what}: {got}, at most {max}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How many there are, where known.
        got: u64,
        /// How many there may be.
        max: u64,
    },
    /// Two profiles that count over different baselines, or tallies over different thresholds.
    #[error("counts over different baselines or thresholds cannot be added")]
    Mismatch,
    /// A window that ends before it starts, or lies outside the years 1970 to 9998.
    #[error("window from {start} to {end} (unix microseconds): ends before it starts, or no date")]
    Window {
        /// Its first microsecond.
        start: i64,
        /// The first after it.
        end: i64,
    },
    /// A threshold out of its range.
    #[error("threshold {name}: {value} is not {must}")]
    Threshold {
        /// Which: "psi", "confidence", "decision" or "delta".
        name: &'static str,
        /// As given.
        value: f64,
        /// The range.
        must: &'static str,
    },
    /// Row files that cannot be listed or read.
    #[error(transparent)]
    Rows(#[from] collector::Error),
    /// A file that cannot be read, or is not what it should be.
    #[error("{path}: {why}")]
    File {
        /// The file or object.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

// === impl Error ===

impl Error {
    pub(crate) fn kind(column: &str, found: &DataType) -> Error {
        Error::Kind { column: column.to_owned(), found: found.to_string() }
    }
}
