//! A checked graph becomes a plan, step by step, each step tried on made-up values at once.
//!
//! Called by `load` and by the operators with inner graphs. Nodes whose inputs are all constant are
//! computed here; an `If` with a constant condition is replaced by its branch; nodes that are not
//! ours go to tract in as large pieces as their order allows.

mod failures;
mod finish;
mod fuse;
mod inner;
mod order;
mod pieces;
mod purse;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use super::check::{domain_of, label};
use super::gate::Gate;
use super::operators::budget::{Budget, OverLimit};
use super::operators::op::{Arg, Context, Inputs, Node, Op, Outputs};
use super::plan::{Compute, Plan, Source, Step};
use super::probe::Probe;
use super::{functions, operators, tensor_proto};
use crate::{Tensor, TreeKernels};

use failures::Failures;
pub(super) use order::reads;
pub(super) use purse::Purse;

/// What is the same for the whole file.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) proto: &'a ModelProto,
    /// The operators that tract has.
    pub(super) engine: &'a OnnxOpRegister,
    /// Which operators go to tract.
    pub(super) prefer: Prefer,
    /// What may evaluate tree ensembles.
    pub(super) kernels: TreeKernels,
    /// Whether all nodes are tried after one has failed, so that the error names each that fails.
    pub(super) thorough: bool,
    /// Inputs of the graph set extents inside it, so that made-up values may be none that fit: what
    /// fails on them is left to fail on a request's.
    pub(super) parametric: bool,
    /// What must be passed before a node is given to tract.
    pub(super) gate: &'a Gate<'a>,
    /// What loading may still spend.
    pub(super) purse: &'a Purse,
    /// Set when nobody waits for the plan any more.
    pub(super) cancelled: &'a Arc<AtomicBool>,
}

/// Who runs an operator that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    Ours,
    Engine,
}

/// A plan and what its outputs look like.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) plan: Plan,
    /// `None` where made-up values did not tell.
    pub(super) outputs: Vec<Option<Probe>>,
}

/// What an input of a graph is while it is built.
#[derive(Debug)]
pub(super) enum Seed {
    Probe(Option<Probe>),
    Constant(Tensor),
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
enum Known<'a> {
    Constant(usize),
    Slot(usize),
    /// A weight of a type that only tract has.
    Foreign(&'a TensorProto),
}

struct Builder<'a> {
    file: File<'a>,
    known: HashMap<&'a str, Known<'a>>,
    /// Weights as the file has them, for tract.
    weights: HashMap<&'a str, &'a TensorProto>,
    plan: Plan,
    /// What probing put into each slot, where it could.
    probes: Vec<Option<Probe>>,
}

/// Builds a graph whose inputs are `seeds`, in the order in which a run gets them.
pub(super) fn build<'a>(
    file: File<'a>,
    graph: &'a GraphProto,
    seeds: Vec<(&'a str, Seed)>,
) -> Result<Built> {
    let mut builder = Builder::new(file);
    for (name, seed) in seeds {
        match seed {
            Seed::Probe(probe) => {
                let slot = builder.slot(probe)?;
                ensure!(
                    builder.known.insert(name, Known::Slot(slot)).is_none(),
                    "two inputs `{name}`"
                );
                builder.plan.inputs = builder.plan.slots;
            }
            Seed::Constant(tensor) => {
                file.purse.values(std::iter::once(&tensor))?;
                builder.constant(name, tensor)?;
            }
        }
    }
    builder.graph(graph)?;
    for output in &graph.output {
        let source = builder.source(&output.name)?;
        builder.plan.outputs.push(source);
    }
    let outputs = builder.plan.outputs.iter().map(|source| builder.probed(*source));
    let outputs = outputs.collect::<Result<_>>()?;
    let mut plan = builder.plan;
    fuse::fuse(&mut plan);
    finish::mark_last_readers(&mut plan);
    Ok(Built { plan, outputs })
}

// === impl Builder ===

impl<'a> Builder<'a> {
    fn new(file: File<'a>) -> Builder<'a> {
        Builder {
            file,
            known: HashMap::new(),
            weights: HashMap::new(),
            plan: Plan::default(),
            probes: Vec::new(),
        }
    }

    /// Adds the weights and the steps of a graph; its outputs are known afterwards.
    fn graph(&mut self, graph: &'a GraphProto) -> Result<()> {
        for weight in &graph.initializer {
            self.weight(weight).with_context(|| format!("weight `{}`", weight.name))?;
        }
        let nodes = order::sorted(graph, |name| self.known.contains_key(name))?;
        let mut failures = Failures::default();
        for piece in pieces::cut(self, graph, nodes) {
            ensure!(!self.file.cancelled.load(Ordering::Relaxed), "given up");
            let nodes = piece.nodes();
            if failures.lost(&nodes) {
                continue;
            }
            let built = match piece {
                pieces::Piece::Ours(node) => self.node(node).with_context(|| label(node)),
                pieces::Piece::Engine(nodes, outputs) => self.region(nodes, outputs),
            };
            match built {
                Err(error) if self.file.thorough && !error.is::<OverLimit>() => {
                    failures.add(&nodes, error);
                }
                built => built?,
            }
        }
        failures.end()
    }

    fn weight(&mut self, weight: &'a TensorProto) -> Result<()> {
        let name = weight.name.as_str();
        self.weights.insert(name, weight);
        // An input may have a default value; the value that the request gives wins.
        if matches!(self.known.get(name), Some(Known::Slot(_))) {
            return Ok(());
        }
        if tensor_proto::is_foreign(weight) {
            ensure!(self.known.insert(name, Known::Foreign(weight)).is_none(), "made twice");
            return Ok(());
        }
        let tensor = tensor_proto::from_proto(weight)?;
        self.file.purse.weight(&tensor)?;
        self.constant(name, tensor)
    }

    fn constant(&mut self, name: &'a str, tensor: Tensor) -> Result<()> {
        self.plan.constants.push(tensor);
        let constant = Known::Constant(self.plan.constants.len() - 1);
        ensure!(self.known.insert(name, constant).is_none(), "`{name}` is made twice");
        Ok(())
    }

    fn slot(&mut self, probe: Option<Probe>) -> Result<usize> {
        self.file.purse.values(probe.iter().flat_map(|probe| &probe.0))?;
        self.probes.push(probe);
        self.plan.slots = self.probes.len();
        Ok(self.plan.slots - 1)
    }

    /// Runs an operator within what loading may spend.
    fn trial(
        &self,
        node: &NodeProto,
        op: &dyn Op,
        mut inputs: Inputs<'_>,
        probing: bool,
    ) -> Result<Outputs> {
        let File { purse, cancelled, .. } = self.file;
        let read = (0..inputs.len()).filter_map(|place| inputs.opt(place));
        let most = read.map(|tensor| tensor.values().len()).max().unwrap_or(0);
        let budget = Budget::loading(most, purse.steps(), Arc::clone(cancelled));
        let context = Context::loading(probing, budget);
        let products = context.budget().steps(purse::products(node, &inputs));
        let outputs = products.and_then(|()| op.run(&mut inputs, &context));
        purse.leave(context.budget().left());
        outputs
    }

    fn node(&mut self, node: &'a NodeProto) -> Result<()> {
        if inner::is_control(node) {
            return inner::control(self, node);
        }
        if let [input] = &node.input[..]
            && node.op_type == "Identity"
            && self.alias(node, input)?
        {
            return Ok(());
        }
        let domain = domain_of(node);
        let Some(build) = operators::find(domain, &node.op_type) else {
            bail!("there is no such operator");
        };
        let sources = self.sources(node)?;
        let constants: Vec<Option<&Tensor>> = sources
            .iter()
            .map(|source| match source {
                Source::Constant(constant) => Some(&self.plan.constants[*constant]),
                _ => None,
            })
            .collect();
        let version = functions::version(node).unwrap_or_else(|| self.version(domain));
        let kernels = self.file.kernels;
        let op = build(&Node { proto: node, version, constants: &constants, kernels })?;
        let fixed = |source: &Source| !matches!(source, Source::Slot { .. });
        if sources.iter().all(fixed) {
            return self.fold(node, op.as_ref(), &sources);
        }
        self.step(node, op, sources)
    }

    /// Lets an Identity's output stand for its input; false when that is not known.
    fn alias(&mut self, node: &'a NodeProto, input: &str) -> Result<bool> {
        let (Some(&known), [output]) = (self.known.get(input), &node.output[..]) else {
            return Ok(false);
        };
        let new = self.known.insert(output, known).is_none();
        ensure!(new, "`{output}` is made twice");
        Ok(true)
    }

    /// Computes a node that reads only constants.
    fn fold(&mut self, node: &'a NodeProto, op: &dyn Op, sources: &[Source]) -> Result<()> {
        let inputs = sources.iter().map(|source| match source {
            Source::Constant(constant) => Arg::Borrowed(&self.plan.constants[*constant]),
            _ => Arg::Absent,
        });
        let outputs = self.trial(node, op, Inputs(inputs.collect()), false)?;
        for (name, output) in named_outputs(node, outputs)? {
            self.file.purse.values(std::iter::once(&output))?;
            self.constant(name, output)?;
        }
        Ok(())
    }

    /// Adds a step and tries it.
    fn step(&mut self, node: &'a NodeProto, op: Box<dyn Op>, sources: Vec<Source>) -> Result<()> {
        let made = match self.tried(node, op.as_ref(), &sources) {
            Ok(made) => made,
            Err(_) if self.file.parametric => None,
            Err(error) => return Err(error),
        };
        let mut slots = Vec::with_capacity(node.output.len());
        let mut made = made.map(|[few, many]| few.into_iter().zip(many));
        let wanted = node.output.iter().rposition(|name| !name.is_empty());
        for (place, name) in node.output.iter().enumerate() {
            let probe = match made.as_mut().map(Iterator::next) {
                None => None,
                Some(Some((few, many))) => Some(Probe::new(few, many)?),
                Some(None) if wanted.is_some_and(|last| place <= last) => {
                    bail!("it makes {place} outputs, more are named")
                }
                Some(None) => break,
            };
            if name.is_empty() {
                slots.push(None);
                continue;
            }
            let slot = self.slot(probe)?;
            let new = self.known.insert(name, Known::Slot(slot)).is_none();
            ensure!(new, "`{name}` is made twice");
            slots.push(Some(slot));
        }
        let (label, compute) = (label(node), Compute::Op(op));
        let step = Step { label, compute, inputs: sources.into(), outputs: slots.into() };
        self.plan.steps.push(step);
        Ok(())
    }

    /// What an operator makes of the made-up values; nothing when one of them is not known.
    fn tried(
        &self,
        node: &NodeProto,
        op: &dyn Op,
        sources: &[Source],
    ) -> Result<Option<[Outputs; 2]>> {
        let mut tries: [Outputs; 2] = Default::default();
        for (run, outputs) in tries.iter_mut().enumerate() {
            let mut inputs = Inputs::default();
            for source in sources {
                inputs.0.push(match source {
                    Source::Absent => Arg::Absent,
                    Source::Constant(constant) => Arg::Borrowed(&self.plan.constants[*constant]),
                    Source::Slot { slot, .. } => match &self.probes[*slot] {
                        Some(probe) => Arg::Borrowed(&probe.0[run]),
                        None => return Ok(None),
                    },
                });
            }
            *outputs = self.trial(node, op, inputs, true)?;
        }
        Ok(Some(tries))
    }

    fn sources(&self, node: &'a NodeProto) -> Result<Vec<Source>> {
        node.input.iter().map(|name| self.source(name)).collect()
    }

    fn source(&self, name: &str) -> Result<Source> {
        match self.known.get(name) {
            None if name.is_empty() => Ok(Source::Absent),
            Some(Known::Constant(constant)) => Ok(Source::Constant(*constant)),
            Some(Known::Slot(slot)) => Ok(Source::Slot { slot: *slot, last: false }),
            Some(Known::Foreign(weight)) => {
                bail!("`{name}` is of type {}, which is not supported here", weight.data_type)
            }
            None => bail!("no node and no input makes `{name}`"),
        }
    }

    /// What a source looks like; nothing where probing could not tell.
    fn probed(&self, source: Source) -> Result<Option<Probe>> {
        match source {
            Source::Slot { slot, .. } => Ok(self.probes[slot].clone()),
            Source::Constant(constant) => {
                let tensor = &self.plan.constants[constant];
                Probe::new(tensor.clone(), tensor.clone()).map(Some)
            }
            Source::Absent => bail!("an output has no name"),
        }
    }

    /// What a source looks like, where that must be known.
    fn probe(&self, source: Source) -> Result<Probe> {
        self.probed(source)?.context("the shape of a value depends on the request's numbers")
    }

    /// Version of the operator set of a domain; the oldest when the file names none.
    fn version(&self, domain: &str) -> i64 {
        let same = |set: &str| set == domain || (set.is_empty() && domain == "ai.onnx");
        let sets = &self.file.proto.opset_import;
        sets.iter().find(|set| same(&set.domain)).map_or(1, |set| set.version)
    }
}

/// The outputs that a node names, with their names.
fn named_outputs(node: &NodeProto, outputs: Outputs) -> Result<Vec<(&str, Tensor)>> {
    let wanted = node.output.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    ensure!(outputs.len() >= wanted, "it makes {} outputs, {wanted} are named", outputs.len());
    let named = node.output.iter().map(String::as_str).zip(outputs);
    Ok(named.filter(|(name, _)| !name.is_empty()).collect())
}
