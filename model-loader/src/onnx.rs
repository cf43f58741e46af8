//! The border to tract: the only module of the workspace that names it.
//!
//! `load` makes a `Plan` from bytes; a `Plan` runs on a `State`, one per thread. Engine errors and
//! panics leave here as this crate's `Error`.

mod attributes;
mod check;
mod convert;
mod load;
mod ops;
mod run;
mod signature;
mod words;

pub(crate) use load::{BYTES_MAX, Loaded, load};
pub(crate) use run::{Plan, State};
