//! Loop: an inner graph run until its condition is false or its trip count is reached.

use anyhow::{Result, bail, ensure};

use super::{run, slices};
use crate::Tensor;
use crate::onnx::operators::element::{slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Op, Outputs};
use crate::onnx::plan::Plan;

/// Turns of one loop; a model that takes more is not one for low latency.
const TURNS_MAX: i64 = 1 << 20;
/// The same while a model is loaded.
const TURNS_MAX_PROBING: i64 = 1 << 14;

/// The body, and the number of values that go from turn to turn.
#[derive(Debug)]
pub(in crate::onnx) struct Loop {
    pub(in crate::onnx) body: Plan,
    pub(in crate::onnx) carried: usize,
}

impl Op for Loop {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let one = |wanted: &Tensor| match slice::<i64>(wanted)? {
            [turns] => Ok(*turns),
            _ => bail!("the trip count is not one number"),
        };
        let turns = inputs.opt(0).map(one).transpose()?;
        let mut go_on = inputs.opt(1).map_or(Ok(true), truth)?;
        let mut carried: Vec<Tensor> =
            (2..2 + self.carried).map(|position| inputs.take(position)).collect::<Result<_>>()?;
        let outside: Vec<&Tensor> = (2 + self.carried..inputs.len())
            .map(|position| inputs.get(position))
            .collect::<Result<_>>()?;
        let mut made: Vec<Vec<Tensor>> = Vec::new();
        let max = if context.probing { TURNS_MAX_PROBING } else { TURNS_MAX };
        let mut turn = 0;
        while go_on && turns.is_none_or(|turns| turn < turns) {
            ensure!(turn < max, "more than {max} turns");
            context.budget().turn()?;
            let mark = context.budget().mark();
            let (number, truth_now) = (tensor(&[], vec![turn])?, tensor(&[], vec![go_on])?);
            let mut values: Vec<&Tensor> = vec![&number, &truth_now];
            values.extend(&carried);
            values.extend(&outside);
            let mut outputs = run(&self.body, &values, context)?.into_iter();
            let condition = outputs.next();
            go_on = condition.as_ref().map_or(Ok(false), truth)?;
            carried = outputs.by_ref().take(self.carried).collect();
            made.push(outputs.collect());
            let kept = carried.iter().chain(made.iter().rev().take(1).flatten());
            context.budget().release(mark, kept)?;
            turn += 1;
        }
        let mut outputs: Outputs = carried.into();
        let scans = self.body.outputs.len().saturating_sub(1 + self.carried);
        for scan in 0..scans {
            let parts: Vec<&Tensor> = made.iter().filter_map(|turn| turn.get(scan)).collect();
            outputs.push(slices::stacked(&parts, 0, context)?);
        }
        Ok(outputs)
    }
}

fn truth(condition: &Tensor) -> Result<bool> {
    match slice::<bool>(condition)? {
        [truth] => Ok(*truth),
        _ => bail!("the condition is not one boolean"),
    }
}
