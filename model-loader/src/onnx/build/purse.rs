//! What loading a file may spend: steps of work, bytes of weights and of values that are kept.
//!
//! Shared by the builders of a graph and of all graphs inside it. Refuses with `OverLimit`, so that
//! no other way of building is tried.

use std::cell::Cell;

use anyhow::{Result, bail};
use tract_onnx::pb::NodeProto;

use crate::Tensor;
use crate::onnx::check::domain_of;
use crate::onnx::operators::budget::OverLimit;
use crate::onnx::operators::budget::{STEPS_MAX_LOADING, bytes};
use crate::onnx::operators::op::{Inputs, broadcast};

/// Most bytes of all weights together: twice those of the largest file.
const WEIGHTS_MAX: u64 = 1 << 31;
/// Most bytes of all made-up values and of all that was computed from weights.
const VALUES_MAX: u64 = 1 << 30;
/// How much slower the plain loops of Einsum are than a product of matrices.
const EINSUM_FACTOR: u64 = 8;

/// What was spent so far.
#[derive(Debug, Default)]
pub(in crate::onnx) struct Purse {
    weights: Cell<u64>,
    values: Cell<u64>,
    steps: Cell<u64>,
}

// === impl Purse ===

impl Purse {
    /// For another way of building the same file: what was kept is gone, the work is not.
    pub(in crate::onnx) fn again(&self) {
        self.weights.set(0);
        self.values.set(0);
    }

    /// Counts a weight.
    pub(super) fn weight(&self, tensor: &Tensor) -> Result<()> {
        keep(&self.weights, bytes(tensor), WEIGHTS_MAX)
    }

    /// Counts values that were made.
    pub(super) fn values<'a>(&self, tensors: impl Iterator<Item = &'a Tensor>) -> Result<()> {
        keep(&self.values, tensors.map(bytes).fold(0, u64::saturating_add), VALUES_MAX)
    }

    /// The steps that are left.
    pub(super) fn steps(&self) -> u64 {
        STEPS_MAX_LOADING.saturating_sub(self.steps.get())
    }

    /// Leaves so many steps.
    pub(super) fn leave(&self, steps: u64) {
        self.steps.set(STEPS_MAX_LOADING.saturating_sub(steps));
    }
}

fn keep(kept: &Cell<u64>, bytes: u64, max: u64) -> Result<()> {
    let sum = kept.get().saturating_add(bytes);
    if sum > max {
        bail!(OverLimit(format!("all values together are over {max} bytes")));
    }
    kept.set(sum);
    Ok(())
}

/// The multiplications that a node is about to do, where they are more than its elements.
pub(super) fn products(node: &NodeProto, inputs: &Inputs<'_>) -> u64 {
    let shape = |position: usize| inputs.opt(position).map_or(&[][..], |tensor| tensor.shape());
    let (a, b) = (shape(0), shape(1));
    let all = |extents: &[usize]| {
        let each = extents.iter().map(|&extent| extent as u64);
        each.fold(1_u64, u64::saturating_mul)
    };
    match (domain_of(node), node.op_type.as_str()) {
        ("ai.onnx", "MatMul") => {
            let stack = |shape: &'_ [usize]| shape[..shape.len().saturating_sub(2)].to_vec();
            let stack = broadcast(&stack(a), &stack(b)).unwrap_or_default();
            let matrix = &a[a.len().saturating_sub(2)..];
            let columns = if b.len() < 2 { 1 } else { b[b.len() - 1] as u64 };
            all(&stack).saturating_mul(all(matrix)).saturating_mul(columns)
        }
        ("ai.onnx", "Gemm") => {
            let columns = b.iter().copied().max().unwrap_or(0) as u64;
            all(a).saturating_mul(columns)
        }
        ("com.microsoft", "CDist") => all(a).saturating_mul(b.first().copied().unwrap_or(0) as u64),
        ("ai.onnx", "Einsum") => einsum(node, inputs).saturating_mul(EINSUM_FACTOR),
        _ => 0,
    }
}

/// The extents of all letters of the equation, multiplied.
fn einsum(node: &NodeProto, inputs: &Inputs<'_>) -> u64 {
    let equation = node.attribute.iter().find(|attribute| attribute.name == "equation");
    let equation = equation.map_or(&[][..], |attribute| &attribute.s);
    let left = equation.split(|&byte| byte == b'-').next().unwrap_or_default();
    let mut seen = Vec::new();
    let mut product = 1_u64;
    for (position, letters) in left.split(|&byte| byte == b',').enumerate() {
        let letters = letters.iter().filter(|letter| letter.is_ascii_alphabetic());
        let shape = inputs.opt(position).map_or(&[][..], |tensor| tensor.shape());
        for (letter, &extent) in letters.zip(shape) {
            if !seen.contains(letter) {
                seen.push(*letter);
                product = product.saturating_mul(extent as u64);
            }
        }
    }
    product
}
