//! Lets a product do the sums and activations behind it, and drops weights that it has packed.
//!
//! A linear layer is exported as MatMul, Add and Relu, or Gemm and Relu. Each is a step of its own
//! with a pass over all values; the product has them at hand when it stores them. Called once all
//! steps are known, and before the last readers are marked.

use crate::onnx::operators::op::{Op, Simple};
use crate::onnx::plan::{Compute, Plan, Source, Step};
use crate::{Shape, Tensor, Values};

/// The steps that read each slot: how many reads, and the step of one of them.
type Readers = Vec<(usize, usize)>;

/// Fuses what can be fused.
pub(super) fn fuse(plan: &mut Plan) {
    let mut readers: Readers = vec![(0, usize::MAX); plan.slots];
    for (at, step) in plan.steps.iter().enumerate() {
        for slot in step.inputs.iter().filter_map(Source::slot) {
            readers[slot] = (readers[slot].0 + 1, at);
        }
    }
    for slot in plan.outputs.iter().filter_map(Source::slot) {
        // Needed outside: no reader may make it something else.
        readers[slot].0 += 2;
    }
    let mut absorbed = vec![false; plan.steps.len()];
    for at in 0..plan.steps.len() {
        while let Some(next) = follower(plan, &readers, at).filter(|&next| absorb(plan, at, next)) {
            absorbed[next] = true;
        }
    }
    let mut absorbed = absorbed.into_iter();
    plan.steps.retain(|_| !absorbed.next().unwrap_or_default());
    drop_kept(plan);
}

/// The only step that reads what a step makes.
fn follower(plan: &Plan, readers: &Readers, at: usize) -> Option<usize> {
    let [Some(slot)] = plan.steps[at].outputs[..] else { return None };
    match readers[slot] {
        (1, next) => Some(next),
        _ => None,
    }
}

/// Lets step `at` do what step `next` does, if it can.
fn absorb(plan: &mut Plan, at: usize, next: usize) -> bool {
    let Some((simple, other)) = simple(&plan.steps[next]) else { return false };
    let [Some(output)] = plan.steps[next].outputs[..] else { return false };
    let other = other.map(|constant| &plan.constants[constant]);
    let step = &mut plan.steps[at];
    let Compute::Op(op) = &mut step.compute else { return false };
    if !op.absorb(simple, other) {
        return false;
    }
    step.outputs[0] = Some(output);
    true
}

/// What a step does to its one input that is made in a run, and its constant one.
fn simple(step: &Step) -> Option<(Simple, Option<usize>)> {
    let Compute::Op(op) = &step.compute else { return None };
    match (op.simple()?, &step.inputs[..]) {
        (
            Simple::Add,
            [Source::Slot { .. }, Source::Constant(other)]
            | [Source::Constant(other), Source::Slot { .. }],
        ) => Some((Simple::Add, Some(*other))),
        (Simple::Add, _) => None,
        (simple, [Source::Slot { .. }]) => Some((simple, None)),
        _ => None,
    }
}

/// Frees the constants that operators have copies of.
fn drop_kept(plan: &mut Plan) {
    let mut read = vec![false; plan.constants.len()];
    for step in &mut plan.steps {
        let keeps = |op: &dyn Op, position| op.keeps(position);
        for (position, source) in step.inputs.iter_mut().enumerate() {
            let Source::Constant(constant) = *source else { continue };
            match &step.compute {
                Compute::Op(op) if keeps(op.as_ref(), position) => *source = Source::Absent,
                _ => read[constant] = true,
            }
        }
    }
    for source in &plan.outputs {
        if let Source::Constant(constant) = source {
            read[*constant] = true;
        }
    }
    for (constant, _) in plan.constants.iter_mut().zip(read).filter(|(_, read)| !read) {
        let nothing = Values::zeros(constant.datatype(), 0);
        if let Ok(empty) = Tensor::new(Shape::from_slice(&[0]), nothing) {
            *constant = empty;
        }
    }
}

#[cfg(test)]
mod tests;
