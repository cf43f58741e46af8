//! Which nodes are ours and which go to tract, in as large pieces as their order allows.
//!
//! Every node gets the earliest stage that its inputs allow; even stages are ours, odd ones are
//! tract's. The nodes of one odd stage make one region.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use smallvec::SmallVec;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::order::reads;
use super::{Builder, Known, Prefer, inner};
use crate::onnx::check::{domain_of, label};
use crate::onnx::operators::op::{Arg, Inputs};
use crate::onnx::plan::{Compute, Source, Step};
use crate::onnx::probe::Probe;
use crate::onnx::region::{Parts, Region};
use crate::onnx::{functions, operators, tensor_proto};

/// Since this version operators of ai.onnx have only gained types, modes and inputs, but for these.
const SETTLED: i64 = 18;
const CHANGED: [&str; 3] = ["DFT", "GridSample", "GroupNormalization"];

/// What the builder takes in one go.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Ours(&'a NodeProto),
    /// The nodes of a region, and the names of theirs that are read outside it.
    Engine(Vec<&'a NodeProto>, Vec<&'a str>),
}

// === impl Piece ===

impl<'a> Piece<'a> {
    pub(super) fn nodes(&self) -> Vec<&'a NodeProto> {
        match self {
            Piece::Ours(node) => vec![node],
            Piece::Engine(nodes, _) => nodes.clone(),
        }
    }
}

/// Cuts sorted nodes into pieces.
pub(super) fn cut<'a>(
    builder: &Builder<'a>,
    graph: &'a GraphProto,
    nodes: Vec<&'a NodeProto>,
) -> Vec<Piece<'a>> {
    let mut stage_of: HashMap<&str, usize> = HashMap::new();
    let mut stages: Vec<Vec<&NodeProto>> = Vec::new();
    for node in nodes {
        let after = reads(node).into_iter().filter_map(|name| stage_of.get(name).copied()).max();
        let parity = usize::from(!is_ours(builder, node));
        let earliest = after.unwrap_or(0);
        let stage = earliest + usize::from(earliest % 2 != parity);
        stages.resize_with(stages.len().max(stage + 1), Vec::new);
        stages[stage].push(node);
        stage_of.extend(node.output.iter().map(|name| (name.as_str(), stage)));
    }
    let mut read_at: HashMap<&str, Vec<usize>> = HashMap::new();
    for (stage, nodes) in stages.iter().enumerate() {
        for name in nodes.iter().flat_map(|node| reads(node)) {
            read_at.entry(name).or_default().push(stage);
        }
    }
    let outputs: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let leaves = |name: &&str, stage: usize| {
        outputs.contains(name)
            || read_at.get(name).is_some_and(|at| at.iter().any(|&other| other != stage))
    };
    let mut pieces = Vec::new();
    for (stage, nodes) in stages.into_iter().enumerate() {
        if stage % 2 == 0 {
            pieces.extend(nodes.into_iter().map(Piece::Ours));
        } else if !nodes.is_empty() {
            let made = nodes.iter().flat_map(|node| &node.output).map(String::as_str);
            let leaving = made.filter(|name| leaves(name, stage)).collect();
            pieces.push(Piece::Engine(nodes, leaving));
        }
    }
    pieces
}

fn is_ours(builder: &Builder<'_>, node: &NodeProto) -> bool {
    if inner::is_control(node) {
        return true;
    }
    let foreign =
        |name: &String| matches!(builder.known.get(name.as_str()), Some(Known::Foreign(_)));
    let domain = domain_of(node);
    if operators::find(domain, &node.op_type).is_none() || node.input.iter().any(foreign) {
        return false;
    }
    let core = matches!(domain, "" | "ai.onnx");
    let both = core && builder.file.engine.0.contains_key(&node.op_type);
    !(both && builder.file.prefer == Prefer::Engine)
}

impl<'a> Builder<'a> {
    /// Builds a region and tries it.
    pub(super) fn region(
        &mut self,
        nodes: Vec<&'a NodeProto>,
        outputs: Vec<&'a str>,
    ) -> Result<()> {
        nodes.iter().try_for_each(|node| self.one_version(node))?;
        self.file.gate.pass()?;
        let words = || match &nodes[..] {
            [node] => label(node),
            [first, .., last] => format!("{} to {}", label(first), label(last)),
            [] => String::new(),
        };
        self.try_region(&nodes, outputs).with_context(words)
    }

    /// Fails for a node of a function that tract would read by the rules of the model's version.
    fn one_version(&self, node: &NodeProto) -> Result<()> {
        let Some(version) = functions::version(node) else { return Ok(()) };
        let model = self.version(domain_of(node));
        let settled = version.min(model) >= SETTLED && !CHANGED.contains(&node.op_type.as_str());
        let node = label(node);
        ensure!(settled, "{node} is of a function of version {version}, the model is of {model}");
        Ok(())
    }

    fn try_region(&mut self, nodes: &[&'a NodeProto], outputs: Vec<&'a str>) -> Result<()> {
        let made: HashSet<&str> =
            nodes.iter().flat_map(|node| &node.output).map(String::as_str).collect();
        let names = outputs.clone();
        let mut parts = Parts { nodes: nodes.to_vec(), outputs, ..Parts::default() };
        let mut sources: SmallVec<[Source; 4]> = SmallVec::new();
        let mut seen = HashSet::new();
        for name in nodes.iter().flat_map(|node| reads(node)) {
            if made.contains(name) || !seen.insert(name) {
                continue;
            }
            match self.known.get(name).context("a name was lost")? {
                Known::Foreign(weight) => parts.weights.push((*weight).clone()),
                Known::Constant(constant) => parts.weights.push(match self.weights.get(name) {
                    Some(weight) => (*weight).clone(),
                    None => tensor_proto::to_proto(name, &self.plan.constants[*constant]),
                }),
                Known::Slot(slot) => {
                    sources.push(Source::Slot { slot: *slot, last: false });
                    let probe = self.probes[*slot].as_ref();
                    let probe = probe.with_context(|| format!("the shape of `{name}` varies"))?;
                    parts.inputs.push((name, probe));
                }
            }
        }
        let region = Region::build(&parts, &self.file.proto.opset_import)?;
        let mut state = None;
        let mut tries = Vec::with_capacity(2);
        for run in [0, 1] {
            let inputs = parts.inputs.iter().map(|(_, probe)| Arg::Borrowed(&probe.0[run]));
            tries.push(region.run(&Inputs(inputs.collect()), &mut state)?);
        }
        let (Some(many), Some(few)) = (tries.pop(), tries.pop()) else { return Ok(()) };
        let mut slots = SmallVec::new();
        for ((name, few), many) in names.iter().zip(few).zip(many) {
            let slot = self.slot(Some(Probe::new(few, many)?))?;
            self.known.insert(name, Known::Slot(slot));
            slots.push(Some(slot));
        }
        let label = format!(
            "{} nodes from {}",
            nodes.len(),
            nodes.first().map_or_else(String::new, |node| label(node))
        );
        let place = self.plan.regions;
        self.plan.regions += 1;
        let compute = Compute::Region(Box::new(region), place);
        self.plan.steps.push(Step { label, compute, inputs: sources, outputs: slots });
        Ok(())
    }
}
