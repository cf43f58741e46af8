//! What one run may make: elements of one tensor, bytes of all values, steps of work.
//!
//! Called by the operators before they allocate or loop, through `Context`. Extents of zero hide
//! nothing: the others are counted without them. A run of a request has a budget of its own; all
//! runs while a model is loaded share their steps.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail, ensure};

use super::element::each_type;
use crate::{Tensor, Values};

/// A value would be larger than any request or model needs: nobody else is asked to make it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::onnx) struct OverLimit(pub(in crate::onnx) String);

/// What is left to be made.
#[derive(Debug)]
pub(in crate::onnx) struct Budget {
    elements: usize,
    bytes: Cell<u64>,
    steps: Cell<u64>,
    /// Set when nobody waits for the result any more.
    cancelled: Option<Arc<AtomicBool>>,
}

/// Most elements of one tensor: 2^28, which is 1 GiB of single-precision floats.
const ELEMENTS_MAX: usize = 1 << 28;
/// Most bytes of all values of one run, those given up on the way included.
const BYTES_MAX: u64 = 1 << 33;
/// Most steps of one run; some seconds of work.
const STEPS_MAX: u64 = 1 << 34;
/// The same for one node while a model is loaded.
const ELEMENTS_MAX_LOADING: usize = 1 << 24;
const BYTES_MAX_LOADING: u64 = 1 << 30;
/// Most steps of all nodes together while a model is loaded.
pub(in crate::onnx) const STEPS_MAX_LOADING: u64 = 1 << 33;
/// What an element counts, whatever its type.
const ELEMENT_BYTES: u64 = 4;
/// How much more a byte of a string counts: what was spent on one is not given back within a run.
const TEXT_FACTOR: u64 = 2;
/// Steps of one turn of a Loop or a Scan, whatever it does.
const TURN_STEPS: u64 = 1 << 13;

/// The bytes that a tensor takes; a string has a header and its text.
pub(in crate::onnx) fn bytes(tensor: &Tensor) -> u64 {
    let texts: usize = match tensor.values() {
        Values::Bytes(texts) => texts.iter().map(String::len).sum(),
        _ => 0,
    };
    let flat = each_type!(tensor.values(), values, _T => std::mem::size_of_val(&values[..]));
    (flat as u64).saturating_add(texts as u64)
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            elements: ELEMENTS_MAX,
            bytes: Cell::new(BYTES_MAX),
            steps: Cell::new(STEPS_MAX),
            cancelled: None,
        }
    }
}

// === impl Budget ===

impl Budget {
    /// While a model is loaded; a node may make tensors of as many elements as it reads.
    pub(in crate::onnx) fn loading(
        elements: usize,
        steps: u64,
        cancelled: Arc<AtomicBool>,
    ) -> Budget {
        let elements = elements.clamp(ELEMENTS_MAX_LOADING, ELEMENTS_MAX);
        let bytes = BYTES_MAX_LOADING.max(elements as u64 * 2 * ELEMENT_BYTES);
        let (bytes, steps) = (Cell::new(bytes), Cell::new(steps));
        Budget { elements, bytes, steps, cancelled: Some(cancelled) }
    }

    /// For a run on made-up values outside of loading.
    pub(super) fn made_up() -> Budget {
        Budget {
            elements: ELEMENTS_MAX_LOADING,
            steps: Cell::new(STEPS_MAX_LOADING),
            ..Budget::default()
        }
    }

    /// The number of elements of a tensor that is about to be made.
    pub(super) fn elements(&self, shape: &[usize]) -> Result<usize> {
        let max = self.elements;
        let mut extents = shape.iter().copied().filter(|&extent| extent > 0);
        let product = extents.try_fold(1_usize, usize::checked_mul);
        if product.is_none_or(|product| product > max) {
            bail!(OverLimit(format!("a tensor of shape {shape:?} is over {max} elements")));
        }
        let elements = shape.iter().product::<usize>();
        self.spend((elements as u64) * ELEMENT_BYTES)?;
        self.steps(elements as u64)?;
        Ok(elements)
    }

    /// Counts the bytes of strings that are about to be made.
    pub(in crate::onnx) fn texts(&self, bytes: usize) -> Result<()> {
        self.spend((bytes as u64).saturating_mul(TEXT_FACTOR))
    }

    fn spend(&self, bytes: u64) -> Result<()> {
        match self.bytes.get().checked_sub(bytes) {
            Some(rest) => self.bytes.set(rest),
            None => bail!(OverLimit("the values of one run take too much memory".to_owned())),
        }
        Ok(())
    }

    /// Counts work that is about to be done.
    pub(in crate::onnx) fn steps(&self, steps: u64) -> Result<()> {
        match self.steps.get().checked_sub(steps) {
            Some(rest) => self.steps.set(rest),
            None => {
                self.steps.set(0);
                bail!(OverLimit("the model takes too many steps".to_owned()))
            }
        }
        Ok(())
    }

    /// Counts one turn of a loop; fails when nobody waits any more.
    pub(in crate::onnx) fn turn(&self) -> Result<()> {
        let cancelled = self.cancelled.as_ref();
        let cancelled = cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed));
        ensure!(!cancelled, "given up");
        self.steps(TURN_STEPS)
    }

    /// The bytes that are left.
    pub(in crate::onnx) fn mark(&self) -> u64 {
        self.bytes.get()
    }

    /// Gives back what was spent since a mark, but for these values.
    pub(in crate::onnx) fn release<'a>(
        &self,
        mark: u64,
        kept: impl Iterator<Item = &'a Tensor>,
    ) -> Result<()> {
        self.bytes.set(mark);
        self.spend(kept.map(bytes).fold(0, u64::saturating_add))
    }

    /// The steps that are left.
    pub(in crate::onnx) fn left(&self) -> u64 {
        self.steps.get()
    }
}

#[cfg(test)]
mod tests;
