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

/// Slots that a run holds without an allocation.
const SLOTS_INLINE: usize = 16;

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
}

type Slots<'a> = SmallVec<[Arg<'a>; SLOTS_INLINE]>;

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
        let mut slots: Slots<'a> = inputs.collect();
        slots.resize_with(self.slots, Arg::default);
        for step in &self.steps {
            let outputs = step
                .run(&self.constants, &mut slots, context, state)
                .with_context(|| step.label.clone())?;
            step.store(outputs, &mut slots)?;
        }
        self.outputs.iter().map(|source| self.output(*source, &mut slots)).collect()
    }

    fn output(&self, source: Source, slots: &mut Slots<'_>) -> Result<Tensor> {
        match source {
            Source::Constant(constant) => Ok(self.constants[constant].clone()),
            Source::Slot { slot, last: true } => match std::mem::take(&mut slots[slot]) {
                Arg::Owned(tensor) => Ok(tensor),
                Arg::Borrowed(tensor) => Ok(tensor.clone()),
                Arg::Absent => anyhow::bail!("an output was not made"),
            },
            Source::Slot { slot, last: false } => {
                slots[slot].tensor().cloned().context("an output was not made")
            }
            Source::Absent => anyhow::bail!("an output has no source"),
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
        let mut taken: SmallVec<[Arg<'_>; 4]> = SmallVec::new();
        for source in &self.inputs {
            taken.push(match source {
                // What a caller lends stays in its slot, to be borrowed below.
                Source::Slot { slot, last: true } if matches!(slots[*slot], Arg::Owned(_)) => {
                    std::mem::take(&mut slots[*slot])
                }
                _ => Arg::Absent,
            });
        }
        let inputs = self.inputs.iter().zip(taken).map(|(source, taken)| match (source, taken) {
            (_, Arg::Owned(tensor)) => Arg::Owned(tensor),
            (Source::Constant(constant), _) => Arg::Borrowed(&constants[*constant]),
            (Source::Slot { slot, .. }, _) => {
                slots[*slot].tensor().map_or(Arg::Absent, Arg::Borrowed)
            }
            (Source::Absent, _) => Arg::Absent,
        });
        let mut inputs = Inputs(inputs.collect());
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
                slots[*slot] = Arg::Owned(output);
            }
        }
        Ok(())
    }
}

// === impl Arg ===

impl Arg<'_> {
    fn tensor(&self) -> Option<&Tensor> {
        match self {
            Arg::Absent => None,
            Arg::Borrowed(tensor) => Some(tensor),
            Arg::Owned(tensor) => Some(tensor),
        }
    }
}
