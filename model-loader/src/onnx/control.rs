//! Operators that run graphs of their own: If, Loop and Scan.
//!
//! Built by `build`, which makes the inner plans; each runs them as an operator like any other.

pub(super) mod branch;
pub(super) mod looped;
pub(super) mod scan;
pub(super) mod slices;

use anyhow::Result;

use super::operators::op::{Arg, Context};
use super::plan::{Plan, State};
use crate::Tensor;

/// Runs an inner plan on values that the caller keeps.
fn run(plan: &Plan, inputs: &[&Tensor], context: &Context) -> Result<Vec<Tensor>> {
    let inputs = inputs.iter().map(|tensor| Arg::Borrowed(tensor));
    plan.run(inputs, context, &mut State::default())
}
