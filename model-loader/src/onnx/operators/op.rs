//! The shape that every operator of ours has: built once from its node, run on whole tensors.
//!
//! Shapes and types are looked at when a node runs, as ONNX Runtime does, so that strings, maps and
//! data-dependent shapes need no inference. Called by `operators` and by the plan's steps.

use std::fmt::Debug;

use anyhow::{Context as _, Result, bail, ensure};
use smallvec::{SmallVec, smallvec};
use tract_onnx::pb::NodeProto;

use super::budget::Budget;
use crate::onnx::attributes::Attributes;
use crate::{Shape, Tensor, TreeKernels, Values};

/// One node's computation; shared by all threads.
pub(in crate::onnx) trait Op: Debug + Send + Sync {
    /// The outputs for these inputs, in the node's order. Outputs that the node does not name may
    /// be left out at the end.
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs>;

    /// What it does, to an operator before it that may do it as well.
    fn simple(&self) -> Option<Simple> {
        None
    }

    /// Does from now on what stands behind it too, if it can; `other` is the other operand.
    fn absorb(&mut self, _next: Simple, _other: Option<&Tensor>) -> bool {
        false
    }

    /// Whether it keeps a copy of its own of a constant input, and reads that input no more.
    fn keeps(&self, _position: usize) -> bool {
        false
    }
}

/// An operator on each element that a product does on the way, see `build::fuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::onnx) enum Simple {
    Add,
    Relu,
    Sigmoid,
    Tanh,
}

/// What a node makes.
pub(in crate::onnx) type Outputs = SmallVec<[Tensor; 2]>;

/// Makes an operator of a node; refuses attributes that make no sense.
pub(in crate::onnx) type Build = fn(&Node<'_>) -> Result<Box<dyn Op>>;

/// What an operator is built from.
#[derive(Debug, Clone, Copy)]
pub(in crate::onnx) struct Node<'a> {
    /// The node as the file has it.
    pub(in crate::onnx) proto: &'a NodeProto,
    /// Version of the operator set of the node's domain.
    pub(in crate::onnx) version: i64,
    /// The inputs that are known when the model is loaded, by position; shorter when the rest is
    /// not known.
    pub(in crate::onnx) constants: &'a [Option<&'a Tensor>],
    /// What may evaluate tree ensembles.
    pub(in crate::onnx) kernels: TreeKernels,
}

/// How a run differs from another, and what it may still make.
#[derive(Debug, Default)]
pub(in crate::onnx) struct Context {
    /// The model is being loaded: it runs on made-up inputs to learn the shapes of its outputs.
    /// What only an input's values would make an error (an unknown category, a text that is no
    /// number) gives zeros or empty strings instead.
    pub(in crate::onnx) probing: bool,
    budget: Budget,
}

/// One input of a node.
#[derive(Debug, Default)]
pub(in crate::onnx) enum Arg<'a> {
    /// An optional input that the node leaves out, or one that was taken.
    #[default]
    Absent,
    /// A value that is needed elsewhere too.
    Borrowed(&'a Tensor),
    /// A value that no other node reads.
    Owned(Tensor),
}

/// The inputs of one run of a node.
#[derive(Debug, Default)]
pub(in crate::onnx) struct Inputs<'a>(pub(in crate::onnx) SmallVec<[Arg<'a>; 4]>);

// === impl Node ===

impl<'a> Node<'a> {
    pub(in crate::onnx) fn attributes(&self) -> Attributes<'a> {
        Attributes(self.proto)
    }

    /// The value of an input that does not depend on the request.
    pub(in crate::onnx) fn constant(&self, position: usize) -> Option<&'a Tensor> {
        self.constants.get(position).copied().flatten()
    }
}

// === impl Context ===

impl Context {
    /// A run on a request's values or on made-up ones.
    pub(in crate::onnx) fn new(probing: bool) -> Context {
        let budget = if probing { Budget::made_up() } else { Budget::default() };
        Context { probing, budget }
    }

    /// A run while a model is loaded.
    pub(in crate::onnx) fn loading(probing: bool, budget: Budget) -> Context {
        Context { probing, budget }
    }

    /// The number of elements of a tensor that is about to be made; refuses too many.
    pub(in crate::onnx) fn elements(&self, shape: &[usize]) -> Result<usize> {
        self.budget.elements(shape)
    }

    /// Counts the bytes of strings that are about to be made; refuses too many.
    pub(in crate::onnx) fn texts<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Result<()> {
        let bytes = texts.map(|text| text.len() + size_of::<String>());
        self.budget.texts(bytes.fold(0, usize::saturating_add))
    }

    /// The same for a tensor, all of whose elements are made this many times.
    pub(in crate::onnx) fn copies(&self, tensor: &Tensor, times: usize) -> Result<()> {
        let Values::Bytes(texts) = tensor.values() else { return Ok(()) };
        let bytes: usize = texts.iter().map(|text| text.len() + size_of::<String>()).sum();
        self.budget.texts(bytes.saturating_mul(times))
    }

    /// What is left of the run.
    pub(in crate::onnx) fn budget(&self) -> &Budget {
        &self.budget
    }
}

// === impl Inputs ===

impl<'a> Inputs<'a> {
    /// The number of inputs that the node names, absent ones between others included.
    pub(in crate::onnx) fn len(&self) -> usize {
        self.0.len()
    }

    /// An input that must be there.
    pub(in crate::onnx) fn get(&self, position: usize) -> Result<&Tensor> {
        self.opt(position).with_context(|| format!("input {position} is missing"))
    }

    /// An optional input.
    pub(in crate::onnx) fn opt(&self, position: usize) -> Option<&Tensor> {
        match self.0.get(position)? {
            Arg::Absent => None,
            Arg::Borrowed(tensor) => Some(tensor),
            Arg::Owned(tensor) => Some(tensor),
        }
    }

    /// An input that must be there, given up: its memory is reused when no other node needs it.
    pub(in crate::onnx) fn take(&mut self, position: usize) -> Result<Tensor> {
        match self.0.get_mut(position).map(std::mem::take) {
            Some(Arg::Owned(tensor)) => Ok(tensor),
            Some(Arg::Borrowed(tensor)) => Ok(tensor.clone()),
            Some(Arg::Absent) | None => bail!("input {position} is missing"),
        }
    }

    /// Fails unless the node has this many inputs.
    pub(in crate::onnx) fn exactly(&self, count: usize) -> Result<()> {
        ensure!(self.len() == count, "{} inputs, {count} wanted", self.len());
        Ok(())
    }
}

/// One output.
pub(in crate::onnx) fn one(tensor: Tensor) -> Result<Outputs> {
    Ok(smallvec![tensor])
}

/// Where a negative axis counts from the end; refuses axes that do not exist.
pub(in crate::onnx) fn axis(axis: i64, rank: usize) -> Result<usize> {
    let signed = i64::try_from(rank)?;
    let from_front = if axis < 0 { axis.saturating_add(signed) } else { axis };
    ensure!((0..signed).contains(&from_front), "axis {axis} of a tensor of rank {rank}");
    Ok(usize::try_from(from_front)?)
}

/// The shape of two tensors by numpy's broadcasting rules.
pub(in crate::onnx) fn broadcast(a: &[usize], b: &[usize]) -> Result<Shape> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], axis: usize| {
        let missing = rank - shape.len();
        if axis < missing { 1 } else { shape[axis - missing] }
    };
    (0..rank)
        .map(|axis| match (extent(a, axis), extent(b, axis)) {
            (a, b) if a == b => Ok(a),
            (1, b) => Ok(b),
            (a, 1) => Ok(a),
            _ => bail!("shapes {a:?} and {b:?} do not broadcast"),
        })
        .collect()
}
