//! Whether live data still looks like the training data: baselines, profiles, verdicts, reports.
//!
//! One analysis, a file a step: a [`Baseline`] (`baseline`) is made once from training rows and
//! travels with the model version; [`window::profiles`] (`window`) reads the collector's row files
//! of a [`Window`] and folds them into one [`Profile`] (`profile`) a deployment; [`analyze()`]
//! (`analyze`) turns the counters into verdicts with the metrics of `distance`; a [`Report`]
//! (`report`) says it. Beside it, [`compare()`] (`compare`) holds two tables against each other, by
//! the numbers that other tools give.
//!
//! Only `window` and `table` do IO. Everything else is pure: the same inputs give the same bytes.
//! No clock, environment or randomness is read here.
//! Beside it stands [`performance`]: detectors on the stream of a model's errors.
//! Beside it stands [`performance`]: how well a model does, from labels.
//! Beside it stands [`performance`]: how well a model does, from labels and without.
//!
//! Only `window` and `table` do IO. Everything else is pure: the same inputs give the same bytes. No clock,
//! environment or randomness is read here.
#![forbid(unsafe_code)]

pub mod table;

pub mod baseline;
pub mod profile;

pub mod distance;

pub mod analyze;
pub mod compare;
pub mod performance;
pub mod report;
pub mod window;

mod error;
mod numbers;
mod texts;

pub use analyze::{Analysis, FeatureAnalysis, Thresholds, Verdict, analyze};
pub use baseline::{Baseline, Feature, Skipped};
pub use compare::{Comparison, Tool, Wanted, compare};
pub use error::Error;
pub use profile::{Profile, Tally};
pub use report::Report;
pub use table::Table;
pub use window::{DeploymentProfile, Window};
