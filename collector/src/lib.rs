//! Scored rows -> a bounded buffer -> Parquet files in an object store; and those files read back.
//!
//! A row's walk, a file a step: the server builds a [`Record`] (`row`) that fits a [`RowSchema`]
//! (`schema`) and hands it to an [`Appender`] (`handle`), which never waits. One named thread
//! (`sink`) takes it from there: it gathers records into a file until `roll` says close, transposes
//! them (`batch`), encodes them (`encode`), and publishes the file by one create-only put under a
//! [`RowsPath`] (`path`). `read` is the way back, for `drift`.
//!
//! Every row is accounted for (`counts`): `offered = sampled_out + dropped + buffered` and
//! `buffered = written + pending + lost`. Rows may be dropped and counted; a score is never
//! delayed.
//!
//! No clock, environment or randomness is read here: the caller passes a clock and a boot id.
#![forbid(unsafe_code)]

mod row;
mod schema;

mod config;
mod handle;
mod sampling;
mod buffer;

mod batch;
mod encode;
mod roll;
mod sink;

mod path;
pub mod read;

mod counts;
mod error;
mod histogram;

pub use config::Config;
pub use counts::{Counted, Ledger};
pub use error::Error;
pub use handle::{Appender, Collector, Finished};
pub use histogram::HistogramSnapshot;
pub use path::{RowsPath, Writer};
pub use roll::Roll;
pub use row::{Block, Kind, Record, Source, Values};
pub use sampling::Sampling;
pub use schema::{RowSchema, column};
