//! Steps over slots: what a graph becomes, and how one thread runs it.
//!
//! Made by `build`, run by `Session::run` and by the operators that hold a graph of their own (If,
//! Loop, Scan). A step reads slots and constants and writes slots; a slot whose last reader has
//! come is given up to it, so that its memory is used again.

use anyhow::{Context as _, Result, ensure};
use smallvec::SmallVec;

use super::operators::op::{Arg, Context, Inputs, Op, Outputs};
use super::region::{Region, RegionState};
use crate::Tensor;

/// Inputs of a graph that a run holds without an allocation.
const INPUTS_INLINE: usize = 4;

/// A runnable graph.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Inputs fill the first slots.
    pub(super) inputs: usize,
    pub(super) slots: usize,
    pub(super) constants: Vec<Tensor>,
    pub(super) steps: Vec<Step>,
    pub(super) outputs: Vec<Source>,
    /// The number of regions, each of which has a state.
    pub(super) regions: usize,
}

/// One node, or one region of nodes.
#[derive(Debug)]
pub(super) struct Step {
    /// Operator and name of the node, for errors.
    pub(super) label: String,
    pub(super) compute: Compute,
    pub(super) inputs: SmallVec<[Source; 4]>,
    /// The slot of each output; `None` where the node does not name it or nothing reads it.
    pub(super) outputs: SmallVec<[Option<usize>; 2]>,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Compute {
    /// An operator of ours.
    Op(Box<dyn Op>),
    /// Nodes that the engine runs, and the place of their state.
    Region(Box<Region>, usize),
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// An optional input that is left out.
    Absent,
    /// The same in every run.
    Constant(usize),
    /// Made in this run; `last` when no later step reads it.
    Slot { slot: usize, last: bool },
}

/// Whose values a plan runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A request's.
    Request,
    /// Zeros and empty strings, which no rule of the model is held against.
    MadeUp,
}

/// What one thread keeps between runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    regions: Vec<Option<RegionState>>,
    /// The memory of what a run makes, empty between runs.
    made: Vec<Option<Tensor>>,
}

/// The values of a run.
struct Slots<'a> {
    /// The first slots.
    inputs: SmallVec<[Arg<'a>; INPUTS_INLINE]>,
    /// The slots behind them.
    made: Vec<Option<Tensor>>,
}

// === impl Plan ===

impl Plan {
    /// Runs once on a request's tensors, which are lent.
    pub(crate) fn score(
        &self,
        inputs: &[Tensor],
        mode: Mode,
        state: &mut State,
    ) -> Result<Vec<Tensor>> {
        let context = Context::new(mode == Mode::MadeUp);
        self.run(inputs.iter().map(Arg::Borrowed), &context, state)
    }

    /// Runs once. After an error the state of a region that failed is gone and made anew next time.
    pub(super) fn run<'a>(
        &'a self,
        inputs: impl ExactSizeIterator<Item = Arg<'a>>,
        context: &Context,
        state: &mut State,
    ) -> Result<Vec<Tensor>> {
        ensure!(inputs.len() == self.inputs, "{} inputs, {} wanted", inputs.len(), self.inputs);
        state.regions.resize_with(self.regions, || None);
        let mut slots = Slots { inputs: inputs.collect(), made: std::mem::take(&mut state.made) };
        // What a run that failed left is dropped here.
        slots.made.clear();
        slots.made.resize_with(self.slots - self.inputs, || None);
        for (at, step) in self.steps.iter().enumerate() {
            let mut outputs = step
                .run(&self.constants, &mut slots, context, state)
                .with_context(|| step.label.clone())?;
            if at + 1 == self.steps.len() && self.are_outputs_of(step) {
                ensure!(outputs.len() >= self.outputs.len(), "{}: too few outputs", step.label);
                outputs.truncate(self.outputs.len());
                slots.made.clear();
                state.made = slots.made;
                return Ok(outputs.into_vec());
            }
            step.store(outputs, &mut slots)?;
        }
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for source in &self.outputs {
            outputs.push(self.output(*source, &mut slots)?);
        }
        slots.made.clear();
        state.made = slots.made;
        Ok(outputs)
    }

    /// Whether the graph's outputs are those of a step, in its order.
    fn are_outputs_of(&self, step: &Step) -> bool {
        let same = |(output, source): (&Option<usize>, &Source)| match source {
            Source::Slot { slot, last: true } => *output == Some(*slot),
            _ => false,
        };
        step.outputs.len() == self.outputs.len() && step.outputs.iter().zip(&self.outputs).all(same)
    }

    fn output(&self, source: Source, slots: &mut Slots<'_>) -> Result<Tensor> {
        match source {
            Source::Constant(constant) => Ok(self.constants[constant].clone()),
            Source::Slot { slot, last } => {
                let taken = if last { slots.take(slot) } else { None };
                let made = taken.or_else(|| slots.get(slot).cloned());
                made.context("an output was not made")
            }
            Source::Absent => anyhow::bail!("an output has no source"),
        }
    }
}

// === impl Slots ===

impl Slots<'_> {
    fn get(&self, slot: usize) -> Option<&Tensor> {
        match self.inputs.get(slot) {
            Some(input) => input.tensor(),
            None => self.made[slot - self.inputs.len()].as_ref(),
        }
    }

    /// Gives a value up, unless the caller only lends it.
    fn take(&mut self, slot: usize) -> Option<Tensor> {
        let inputs = self.inputs.len();
        match self.inputs.get_mut(slot) {
            Some(input) => match input {
                Arg::Owned(_) => std::mem::take(input).into_owned(),
                Arg::Borrowed(_) | Arg::Absent => None,
            },
            None => self.made[slot - inputs].take(),
        }
    }
}

// === impl Source ===

impl Source {
    /// The slot, when it is one.
    pub(super) fn slot(&self) -> Option<usize> {
        match self {
            Source::Slot { slot, .. } => Some(*slot),
            Source::Absent | Source::Constant(_) => None,
        }
    }
}

// === impl Step ===

impl Step {
    fn run(
        &self,
        constants: &[Tensor],
        slots: &mut Slots<'_>,
        context: &Context,
        state: &mut State,
    ) -> Result<Outputs> {
        let mut inputs = Inputs(SmallVec::new());
        // First what is given up, since the rest is borrowed.
        for source in &self.inputs {
            let taken = match source {
                Source::Slot { slot, last: true } => slots.take(*slot),
                _ => None,
            };
            inputs.0.push(taken.map_or(Arg::Absent, Arg::Owned));
        }
        for (source, input) in self.inputs.iter().zip(&mut inputs.0) {
            let borrowed = match source {
                _ if matches!(input, Arg::Owned(_)) => continue,
                Source::Constant(constant) => Some(&constants[*constant]),
                Source::Slot { slot, .. } => slots.get(*slot),
                Source::Absent => None,
            };
            *input = borrowed.map_or(Arg::Absent, Arg::Borrowed);
        }
        match &self.compute {
            Compute::Op(op) => op.run(&mut inputs, context),
            Compute::Region(region, place) => region.run(&inputs, &mut state.regions[*place]),
        }
    }

    fn store(&self, outputs: Outputs, slots: &mut Slots<'_>) -> Result<()> {
        let made = outputs.len();
        let wanted = self.outputs.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        ensure!(made >= wanted, "{}: {made} outputs made, {wanted} named", self.label);
        for (slot, output) in self.outputs.iter().zip(outputs) {
            if let Some(slot) = slot {
                // Steps write behind the inputs.
                slots.made[slot - slots.inputs.len()] = Some(output);
            }
        }
        Ok(())
    }
}

// === impl Arg ===

impl Arg<'_> {
    fn into_owned(self) -> Option<Tensor> {
        match self {
            Arg::Owned(tensor) => Some(tensor),
            Arg::Borrowed(_) | Arg::Absent => None,
        }
    }

    fn tensor(&self) -> Option<&Tensor> {
        match self {
            Arg::Absent => None,
            Arg::Borrowed(tensor) => Some(tensor),
            Arg::Owned(tensor) => Some(tensor),
        }
    }
}
