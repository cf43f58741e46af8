//! Integration tests of the model loader: one binary, a file per subject.
// The helpers of these tests are tests too; clippy only knows functions marked `#[test]`.
#![allow(clippy::unwrap_used)]

mod border;
mod budgets;
mod external;
mod fraud;
mod graph;
mod reference;
mod refusals;
mod rewrites;
mod widths;
