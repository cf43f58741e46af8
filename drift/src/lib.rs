//! Whether live data still looks like the training data: baselines, panes, verdicts, reports.
//!
//! One analysis, a file a step: a [`Baseline`] (`baseline`) is made once from training rows
//! (`table`) and travels with the model version; scoring threads fill [`Pane`]s (`pane`) over it,
//! which add up over minutes and replicas, or [`window::profiles`] (`window`) reads the collector's
//! row files of a [`Window`]; either way into one [`Profile`] (`profile`) a deployment.
//! [`analyze()`] (`analyze`) turns the counters into verdicts with the metrics of `distance`; a
//! [`Report`] (`report`) says it.
//!
//! Beside it, [`compare()`] (`compare`) holds two tables against each other, by the numbers that
//! other tools give; and [`performance`] says how well a model does, from labels and without.
//!
//! Only `window` and `table` do IO. Everything else is pure: the same inputs give the same bytes.
//! No clock, environment or randomness is read here.
#![forbid(unsafe_code)]

pub mod table;

pub mod baseline;
pub mod profile;
pub mod pane;

pub mod distance;

pub mod analyze;
pub mod compare;
pub mod performance;
pub mod report;
pub mod window;

pub mod numbers;
pub mod texts;

mod error;

pub use analyze::{Analysis, ColumnAnalysis, Thresholds, Verdict, analyze, analyze_against};
pub use baseline::{Baseline, Bins, Column, Rows, Skipped};
pub use compare::{Comparison, Tool, Wanted, compare};
pub use error::Error;
pub use pane::{Pane, Plan};
pub use profile::{Profile, Tally};
pub use report::Report;
pub use table::Table;
pub use window::{DeploymentProfile, Window};
