//! Scored rows -> a spool of mapped files -> Parquet files in an object store; and those files read
//! back.
//!
//! A row's walk, a file a step: the server lends a [`Record`] (`row`) that fits a [`RowSchema`]
//! (`schema`) to its thread's [`Writer`] (`writer`), which copies it into a segment of the `spool`,
//! changed as `privacy` has it, and never waits; `keeper` makes the segments. One named thread
//! (`sink`) takes it from there: it plans a batch of files when `roll` says so, transposes the rows
//! (`columns`), encodes them (`encode`), and publishes each file by one create-only put under a
//! [`RowsPath`] (`path`). `read` is the way back, for `drift`; `verify` holds what the accounts say
//! against the files; `export` puts the rows of many files into one, joined with their labels.
//!
//! What the rows should have been comes later, by another way: [`Labels`] (`labels`) stores it
//! before it answers.
//!
//! Every row is accounted for (`counts`, `accounts`): `offered = sampled_out + dropped + spooled`
//! and `spooled = written + pending + lost`. Rows may be dropped and counted; a score is never
//! delayed.
//!
//! No clock or environment is read here: the caller passes a clock and a boot id. Only pauses
//! between attempts are drawn.

mod row;
mod privacy;
mod schema;

mod config;
mod handle;
mod writer;
mod sampling;
mod spool;
mod keeper;

mod columns;
mod encode;
mod azureml;
mod accounts;
mod roll;
mod sink;

mod labels;

mod path;
pub mod read;
pub mod verify;
pub mod export;

mod counts;
mod error;
mod histogram;
mod thread;

pub use config::{Config, Spooling};
pub use counts::{Counted, Ledger};
pub use error::Error;
pub use handle::{Appender, Collector, Finished};
pub use histogram::HistogramSnapshot;
pub use labels::{Label, LabelTimes, Labels, LabelsPath};
pub use path::{HourPath, RowsPath, Tree, Writer as FileWriter};
pub use privacy::{Buckets, HashKey, PRIVACY, Rule, Rules};
pub use roll::Roll;
pub use row::{Block, Kind, Record, Route, Source, TraceContext, Values};
pub use sampling::Sampling;
pub use schema::{RowSchema, column};
pub use writer::Writer;
