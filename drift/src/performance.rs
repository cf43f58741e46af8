//! How well a model does: detectors on the stream of its errors.
//!
//! Pure and streamed: [`Adwin`] and [`PageHinkley`] take errors, [`Ddm`] whether a row was wrong,
//! each in the order of the rows. Values that cannot be used are not taken, never an error.

mod adwin;
mod ddm;
mod mean;
mod page_hinkley;

#[cfg(test)]
mod tests;

pub use adwin::Adwin;
pub use ddm::{Ddm, DdmLevel};
pub use page_hinkley::{PageHinkley, PageHinkleyParams};
