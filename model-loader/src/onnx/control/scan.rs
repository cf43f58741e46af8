//! Scan: an inner graph run once for each slice of its scanned inputs.
//!
//! Versions 9 and on. scikit-learn's nearest neighbours and Gaussian processes are exported so.

use anyhow::{Context as _, Result, ensure};

use super::{run, slices};
use crate::Tensor;
use crate::onnx::attributes::Attributes;
use crate::onnx::operators::op::{Context, Inputs, Op, Outputs, axis};
use crate::onnx::plan::Plan;

/// The body, and how many values of each kind it has.
#[derive(Debug)]
pub(in crate::onnx) struct Scan {
    pub(in crate::onnx) body: Plan,
    /// Values that go from turn to turn.
    pub(in crate::onnx) states: usize,
    /// Inputs of which each turn gets a slice.
    pub(in crate::onnx) scanned: usize,
    /// Outputs of which each turn makes a slice.
    pub(in crate::onnx) made: usize,
    pub(in crate::onnx) layout: Layout,
}

/// Along which axes, and from which end, slices are taken and put.
#[derive(Debug)]
pub(in crate::onnx) struct Layout {
    input_axes: Vec<i64>,
    input_backward: Vec<bool>,
    output_axes: Vec<i64>,
    output_backward: Vec<bool>,
}

// === impl Layout ===

impl Layout {
    /// Reads the four attributes; each is absent or has one entry a scanned input or output.
    pub(in crate::onnx) fn read(
        attributes: Attributes<'_>,
        scanned: usize,
        made: usize,
    ) -> Result<Layout> {
        let list = |name: &str, count: usize| -> Result<Vec<i64>> {
            let values = attributes.ints(name)?;
            ensure!(values.is_empty() || values.len() == count, "`{name}` has {}", values.len());
            Ok(if values.is_empty() { vec![0; count] } else { values.to_vec() })
        };
        let backward = |name: &str, count: usize| -> Result<Vec<bool>> {
            Ok(list(name, count)?.into_iter().map(|direction| direction == 1).collect())
        };
        Ok(Layout {
            input_axes: list("scan_input_axes", scanned)?,
            input_backward: backward("scan_input_directions", scanned)?,
            output_axes: list("scan_output_axes", made)?,
            output_backward: backward("scan_output_directions", made)?,
        })
    }

    /// The axis along which a scanned input is cut.
    pub(in crate::onnx) fn input_axis(&self, scan: usize, rank: usize) -> Result<usize> {
        axis(self.input_axes[scan], rank)
    }
}

// === impl Scan ===

impl Op for Scan {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let mut states: Vec<Tensor> =
            (0..self.states).map(|position| inputs.take(position)).collect::<Result<_>>()?;
        let after = self.states + self.scanned;
        let mut scanned = Vec::with_capacity(self.scanned);
        for scan in 0..self.scanned {
            let tensor = inputs.get(self.states + scan)?;
            scanned.push((tensor, self.layout.input_axis(scan, tensor.shape().len())?));
        }
        let outside: Vec<&Tensor> =
            (after..inputs.len()).map(|position| inputs.get(position)).collect::<Result<_>>()?;
        let (first, first_axis) = *scanned.first().context("nothing to scan")?;
        let turns = first.shape()[first_axis];
        let same = scanned.iter().all(|(tensor, axis)| tensor.shape()[*axis] == turns);
        ensure!(same, "the scanned inputs are not of one length");
        let mut made: Vec<Vec<Tensor>> = Vec::new();
        for turn in 0..turns {
            context.budget().turn()?;
            let mark = context.budget().mark();
            let mut cut = Vec::with_capacity(self.scanned);
            for (scan, (tensor, axis)) in scanned.iter().enumerate() {
                let backward = self.layout.input_backward[scan];
                let place = if backward { turns - 1 - turn } else { turn };
                cut.push(slices::at(tensor, *axis, place)?);
            }
            let values: Vec<&Tensor> =
                states.iter().chain(&cut).chain(outside.iter().copied()).collect();
            let mut outputs = run(&self.body, &values, context)?.into_iter();
            let next: Vec<Tensor> = outputs.by_ref().take(self.states).collect();
            states = next;
            made.push(outputs.collect());
            let kept = states.iter().chain(made.iter().rev().take(1).flatten());
            context.budget().release(mark, kept)?;
        }
        let mut outputs: Outputs = states.into();
        for scan in 0..self.made {
            let mut parts: Vec<&Tensor> = made.iter().filter_map(|turn| turn.get(scan)).collect();
            if self.layout.output_backward[scan] {
                parts.reverse();
            }
            let rank = parts.first().map_or(1, |part| part.shape().len() + 1);
            let axis = axis(self.layout.output_axes[scan], rank)?;
            outputs.push(slices::stacked(&parts, axis, context)?);
        }
        Ok(outputs)
    }
}
