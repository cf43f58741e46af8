//! Nodes that hold graphs of their own: If, Loop and Scan.
//!
//! What an inner graph reads from around it becomes an input of its plan. An `If` whose condition
//! is constant is replaced by the branch it takes.

use anyhow::{Context as _, Result, bail, ensure};
use tract_onnx::pb::{GraphProto, NodeProto};

use super::{Builder, Built, Known, Seed, build, order};
use crate::onnx::attributes::Attributes;
use crate::onnx::check::{domain_of, label};
use crate::onnx::control::branch::Branch;
use crate::onnx::control::looped::Loop;
use crate::onnx::control::scan::{Layout, Scan};
use crate::onnx::control::slices;
use crate::onnx::operators::element::{slice, tensor};
use crate::onnx::operators::op::Op;
use crate::onnx::plan::{Plan, Source};
use crate::onnx::probe::Probe;

/// A graph inside a node, ready to run.
struct Inner {
    plan: Plan,
    /// What it reads from around it, in the order of its inputs after the formal ones.
    captured: Vec<Source>,
}

/// Whether an operator runs graphs of its own.
pub(super) fn is_control(node: &NodeProto) -> bool {
    matches!(domain_of(node), "" | "ai.onnx")
        && matches!(node.op_type.as_str(), "If" | "Loop" | "Scan")
}

/// Adds an If, a Loop or a Scan.
pub(super) fn control<'a>(builder: &mut Builder<'a>, node: &'a NodeProto) -> Result<()> {
    match node.op_type.as_str() {
        "If" => branch(builder, node),
        "Loop" => looped(builder, node),
        _ => scan(builder, node),
    }
}

fn graph<'a>(node: &'a NodeProto, name: &str) -> Result<&'a GraphProto> {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.and_then(|attribute| attribute.g.as_ref()).with_context(|| format!("no graph `{name}`"))
}

fn branch<'a>(builder: &mut Builder<'a>, node: &'a NodeProto) -> Result<()> {
    let (yes, no) = (graph(node, "then_branch")?, graph(node, "else_branch")?);
    let [condition] = builder.sources(node)?[..] else { bail!("one input wanted") };
    if let Source::Constant(constant) = condition {
        let taken = match slice::<bool>(&builder.plan.constants[constant])? {
            [true] => yes,
            [false] => no,
            _ => bail!("the condition is not one boolean"),
        };
        return splice(builder, node, taken);
    }
    let mut inputs = vec![condition];
    let mut plans = Vec::with_capacity(2);
    for graph in [yes, no] {
        // A branch that is never taken may be impossible for the shapes at hand.
        let inner = inner(builder, graph, Vec::new());
        let (plan, captured) = match inner {
            Ok(inner) => (Ok(inner.plan), inner.captured),
            Err(error) => (Err(format!("{error:#}")), Vec::new()),
        };
        plans.push((plan, captured.len()));
        inputs.extend(captured);
    }
    let (Some(no), Some(yes)) = (plans.pop(), plans.pop()) else { bail!("no branches") };
    if let (Err(yes), Err(no)) = (&yes.0, &no.0) {
        bail!("neither branch can be built: {yes}; {no}");
    }
    builder.step(node, Box::new(Branch { yes, no }), inputs)
}

/// Puts the nodes of a graph without inputs in the place of the node that holds it.
fn splice<'a>(builder: &mut Builder<'a>, node: &'a NodeProto, graph: &'a GraphProto) -> Result<()> {
    builder.graph(graph).with_context(|| label(node))?;
    ensure!(graph.output.len() >= node.output.len(), "the branch makes too few outputs");
    for (name, output) in node.output.iter().zip(&graph.output) {
        let known = builder.known.get(output.name.as_str()).copied();
        let known = known.with_context(|| format!("nothing makes `{}`", output.name))?;
        if !name.is_empty() {
            ensure!(builder.known.insert(name, known).is_none(), "`{name}` is made twice");
        }
    }
    Ok(())
}

fn looped<'a>(builder: &mut Builder<'a>, node: &'a NodeProto) -> Result<()> {
    let body = graph(node, "body")?;
    let mut inputs = builder.sources(node)?;
    ensure!(inputs.len() >= 2, "two inputs or more wanted");
    let carried = inputs.len() - 2;
    ensure!(body.input.len() == carried + 2, "the body has {} inputs", body.input.len());
    ensure!(body.output.len() > carried, "the body has {} outputs", body.output.len());
    let mut formals = vec![
        Some(Probe::new(tensor(&[], vec![0_i64])?, tensor(&[], vec![0_i64])?)?),
        Some(Probe::new(tensor(&[], vec![true])?, tensor(&[], vec![true])?)?),
    ];
    for source in &inputs[2..] {
        formals.push(builder.probed(*source)?);
    }
    let inner = inner(builder, body, formals)?;
    inputs.extend(inner.captured);
    builder.step(node, Box::new(Loop { body: inner.plan, carried }), inputs)
}

fn scan<'a>(builder: &mut Builder<'a>, node: &'a NodeProto) -> Result<()> {
    ensure!(builder.version("ai.onnx") >= 9, "Scan of version 8 is not supported");
    let body = graph(node, "body")?;
    let mut inputs = builder.sources(node)?;
    let scanned = Attributes(node).int("num_scan_inputs")?.context("no `num_scan_inputs`")?;
    let scanned = usize::try_from(scanned)?;
    ensure!(scanned >= 1 && scanned <= inputs.len(), "`num_scan_inputs` is {scanned}");
    let states = inputs.len() - scanned;
    ensure!(body.input.len() == inputs.len(), "the body has {} inputs", body.input.len());
    ensure!(body.output.len() >= states, "the body has {} outputs", body.output.len());
    let made = body.output.len() - states;
    let layout = Layout::read(Attributes(node), scanned, made)?;
    let mut formals = Vec::with_capacity(inputs.len());
    for (position, source) in inputs.iter().enumerate() {
        formals.push(match position.checked_sub(states) {
            None => builder.probed(*source)?,
            Some(scan) => {
                let probe = builder.probe(*source)?;
                let axis = layout.input_axis(scan, probe.shapes()[0].len())?;
                let [few, many] = [0, 1].map(|run| slices::at(&probe.0[run], axis, 0));
                Some(Probe::new(few?, many?)?)
            }
        });
    }
    let inner = inner(builder, body, formals)?;
    inputs.extend(inner.captured);
    let op: Box<dyn Op> = Box::new(Scan { body: inner.plan, states, scanned, made, layout });
    builder.step(node, op, inputs)
}

/// Plans an inner graph whose formal inputs look like `formals`.
fn inner<'a>(
    builder: &Builder<'a>,
    graph: &'a GraphProto,
    formals: Vec<Option<Probe>>,
) -> Result<Inner> {
    let names = graph.input.iter().map(|input| input.name.as_str());
    let mut seeds: Vec<(&str, Seed)> = names.zip(formals.into_iter().map(Seed::Probe)).collect();
    let mut captured = Vec::new();
    for name in order::free(graph) {
        match builder.known.get(name) {
            Some(Known::Constant(constant)) => {
                seeds.push((name, Seed::Constant(builder.plan.constants[*constant].clone())));
            }
            Some(Known::Slot(slot)) => {
                seeds.push((name, Seed::Probe(builder.probes[*slot].clone())));
                captured.push(Source::Slot { slot: *slot, last: false });
            }
            Some(Known::Foreign(_)) => bail!("`{name}` is of a type that is not supported here"),
            None => bail!("nothing makes `{name}`"),
        }
    }
    let Built { plan, .. } = build(builder.file, graph, seeds)?;
    Ok(Inner { plan, captured })
}
