//! How well a model does: metrics of rows joined with their labels, detectors, estimates without.
//!
//! Pure and streamed: rows go in one at a time, and the tallies of two parts of the rows can be
//! added to the tally of all of them.
//!
//! - With labels: [`BinaryTally`] (`binary`), [`ClassTally`] (`classes`), [`RegressionTally`]
//!   (`regression`).
//! - On the stream of errors, in the order of the rows: [`Adwin`], [`PageHinkley`], [`Ddm`].
//! - Without labels: [`Cbpe`] (`cbpe`), fitted on reference rows with labels.
//!
//! A number that is not defined for the rows, as the precision of a model that never says yes, is
//! `None`; no result is NaN or infinite. Rows that cannot be used are counted, never an error.

mod adwin;
mod binary;
mod calibration;
mod cbpe;
mod classes;
mod confusion;
mod ddm;
mod isotonic;
mod mean;
mod page_hinkley;
mod regression;
mod scores;
mod sum;

#[cfg(test)]
mod tests;

pub use adwin::Adwin;
pub use binary::{BinaryMetrics, BinaryTally};
pub use calibration::{BINS, Calibration, CalibrationBin};
pub use cbpe::{Cbpe, CbpeTally, Estimate, Estimates, Spread, Spreads};
pub use classes::{ClassMetrics, ClassTally, ClassesMetrics, MAX_CLASSES, MAX_NAME};
pub use confusion::{Confusion, Rates};
pub use ddm::{Ddm, DdmLevel};
pub use isotonic::Isotonic;
pub use page_hinkley::{PageHinkley, PageHinkleyParams};
pub use regression::{RegressionMetrics, RegressionTally};
pub use scores::MAX_SCORES;
