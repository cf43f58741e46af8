//! If: one of two inner graphs, chosen when the model runs.

use anyhow::{Result, bail, ensure};

use super::run;
use crate::Tensor;
use crate::onnx::operators::element::slice;
use crate::onnx::operators::op::{Context, Inputs, Op, Outputs};
use crate::onnx::plan::Plan;

/// Both branches: the plan, or why there is none, and the number of values it reads from outside.
#[derive(Debug)]
pub(in crate::onnx) struct Branch {
    pub(in crate::onnx) yes: (Result<Plan, String>, usize),
    pub(in crate::onnx) no: (Result<Plan, String>, usize),
}

impl Op for Branch {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let [condition] = slice::<bool>(inputs.get(0)?)? else {
            bail!("the condition is not one boolean")
        };
        let ((plan, reads), before) =
            if *condition { (&self.yes, 1) } else { (&self.no, 1 + self.yes.1) };
        let plan = plan.as_ref().map_err(|words| anyhow::anyhow!("{words}"))?;
        ensure!(inputs.len() >= before + reads, "a branch lacks its values");
        let values: Vec<&Tensor> =
            (before..before + reads).map(|position| inputs.get(position)).collect::<Result<_>>()?;
        Ok(run(plan, &values, context)?.into())
    }
}
