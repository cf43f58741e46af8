//! The integration tests, one binary: rows written by the real collector, read back and judged.
// The helpers of these tests are tests too; clippy only knows functions marked `#[test]`.
#![allow(clippy::unwrap_used)]

mod example;
mod false_alarms;
mod live;
mod sample;
mod store;
