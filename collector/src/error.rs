//! The crate's one error type.

use std::path::PathBuf;

/// What can go wrong outside of [`Appender::append`](crate::Appender::append), which never fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that cannot stand in an object path.
    #[error("{what} `{name}` is not 1 to 64 of [A-Za-z0-9._-] starting with a letter or digit")]
    Name {
        /// Which name: "endpoint", "replica", ...
        what: &'static str,
        /// The name as given.
        name: String,
    },
    /// A boot id with a dash, which would make the file name ambiguous.
    #[error("boot id `{0}` holds a `-`, which separates the parts of a file name")]
    Boot(String),
    /// Blocks that make no schema.
    #[error("row schema of {of}: {why}")]
    Schema {
        /// `endpoint/deployment/model:version`.
        of: String,
        /// The rule broken, with the column's name.
        why: String,
    },
    /// A key of hashes that could be guessed.
    #[error("a key of {bytes} bytes, and {least} are the least")]
    Key {
        /// As many as it has.
        bytes: usize,
        /// As many as it must have.
        least: usize,
    },
    /// A setting out of its range.
    #[error("collector setting {name}: {why}")]
    Config {
        /// The field of [`Config`](crate::Config).
        name: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The sink's thread or runtime could not be made.
    #[error("cannot start the thread that writes rows: {0}")]
    Start(#[source] std::io::Error),
    /// A file or folder of the spool that cannot be made, written or read.
    #[error("spool, {}: {source}", path.display())]
    Spool {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A record whose values do not fit its schema.
    #[error("a record's values do not fit the schema of {0}")]
    Shape(String),
    /// A text that is no path of a rows file, or a time outside years 1970 to 9998.
    #[error("`{0}` is no path of a rows file")]
    Path(String),
    /// The object store failed.
    #[error("object store, {path}: {source}")]
    Store {
        /// The object or prefix.
        path: String,
        /// Its error.
        source: object_store::Error,
    },
    /// Bytes that are no Parquet file, or one that breaks a limit.
    #[error("rows file {path}: {why}")]
    File {
        /// The object.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A column that the file does not have.
    #[error("rows file {path} has no column `{column}`")]
    NoColumn {
        /// The object.
        path: String,
        /// The column asked for.
        column: String,
    },
    /// A window holds more files than a reader may list at once.
    #[error(
        "endpoint `{endpoint}` has more than {limit} files in the window; ask for a shorter one"
    )]
    TooManyFiles {
        /// The endpoint.
        endpoint: String,
        /// The most files listed.
        limit: usize,
    },
    /// A column asked for that no file of the window has.
    #[error("no rows file of endpoint `{endpoint}` in the window has a column `{column}`")]
    UnknownColumn {
        /// The endpoint.
        endpoint: String,
        /// The column.
        column: String,
    },
    /// Rows that cannot be put into one file, or a file that cannot be written.
    #[error("export of endpoint `{endpoint}`: {why}")]
    Export {
        /// The endpoint.
        endpoint: String,
        /// What is in the way.
        why: String,
    },
    /// As many labels are on their way to the store as may be.
    #[error("too many labels are on their way to the store, try again")]
    LabelsFull,
    /// The store did not take labels in time.
    #[error("the store does not take labels now: none of these is promised, post them again")]
    LabelsUnstored,
    /// Parquet or Arrow refused what we gave it.
    #[error("encode rows of {of}: {why}")]
    Encode {
        /// `endpoint/deployment/model:version`.
        of: String,
        /// Their message.
        why: String,
    },
}
