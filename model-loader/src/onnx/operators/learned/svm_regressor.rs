//! SVMRegressor: one number per row from a support vector machine.
//!
//! ai.onnx.ml version 1, by ONNX Runtime's rules: without support vectors the coefficients are
//! those of the columns, `one_class` gives 1 and -1, and there is no post transform. Refuses lists
//! of lengths that do not fit each other or the input.

use anyhow::{Context as _, Result, ensure};

use super::affine::{Affine, dot};
use super::rows::Rows;
use super::svm_kernel::Kernel;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug)]
struct SvmRegressor {
    machine: Machine,
    one_class: bool,
}

#[derive(Debug)]
enum Machine {
    /// Coefficients of the columns.
    Linear(Affine),
    /// A coefficient for each support vector, and what is added.
    Vectors { kernel: Kernel, coefficients: Vec<f32>, rho: f32 },
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let count = attributes.int("n_supports")?.unwrap_or(0);
    let count = usize::try_from(count).context("attribute `n_supports` is negative")?;
    let rho = *attributes.floats("rho")?.first().context("attribute `rho` is missing")?;
    let coefficients = attributes.floats("coefficients")?;
    let machine = if count == 0 {
        Machine::Linear(Affine::new(coefficients, vec![rho])?)
    } else {
        let kernel = Kernel::new(attributes, count)?;
        ensure!(
            coefficients.len() == count,
            "{} `coefficients` for {count} support vectors",
            coefficients.len()
        );
        Machine::Vectors { kernel, coefficients: coefficients.to_vec(), rho }
    };
    let one_class = attributes.int("one_class")?.unwrap_or(0) != 0;
    Ok(Box::new(SvmRegressor { machine, one_class }))
}

impl Op for SvmRegressor {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let rows = Rows::of_columns(inputs.get(0)?, self.machine.columns())?;
        let shape = [rows.count, 1];
        context.elements(&shape)?;
        let mut output = match &self.machine {
            Machine::Linear(affine) => affine.scores(&rows),
            Machine::Vectors { kernel, coefficients, rho } => {
                let mut values = vec![0.0; kernel.count()];
                let each = (0..rows.count).map(|row| {
                    kernel.values(rows.row(row), &mut values);
                    dot(&values, coefficients) + rho
                });
                each.collect()
            }
        };
        if self.one_class {
            output.iter_mut().for_each(|out| *out = if *out > 0.0 { 1.0 } else { -1.0 });
        }
        one(tensor(&shape, output)?)
    }
}

// === impl Machine ===

impl Machine {
    fn columns(&self) -> usize {
        match self {
            Machine::Linear(affine) => affine.columns(),
            Machine::Vectors { kernel, .. } => kernel.columns(),
        }
    }
}

#[cfg(test)]
mod tests;
