//! A run of nodes that tract computes, as one step of a plan.
//!
//! Built by `build` for the operators that are not ours. What comes in gets the type and the
//! extents that probing found, one symbol for the rows; tract then optimises the whole region.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use tract_onnx::model::ParseResult;
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TypeProto, ValueInfoProto,
};
use tract_onnx::prelude::*;

use super::check::node_name;
use super::operators::op::{Inputs, Outputs};
use super::probe::{Probe, ROWS};
use super::words::panic_words;
use super::{cast, convert, tensor_proto};
use crate::Datatype;

/// Nodes of one region: tract's passes recurse, and its stack is not endless.
const NODES_MAX: usize = 20_000;

/// Nodes that tract runs.
#[derive(Debug)]
pub(super) struct Region {
    runnable: Arc<TypedRunnableModel>,
    outputs: Vec<Datatype>,
}

/// What one thread needs to run a region.
#[derive(Debug)]
pub(super) struct RegionState(TypedSimpleState);

/// What a region is made of.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) nodes: Vec<&'a NodeProto>,
    pub(super) weights: Vec<TensorProto>,
    /// Names of what comes in, with what probing put there.
    pub(super) inputs: Vec<(&'a str, &'a Probe)>,
    pub(super) outputs: Vec<&'a str>,
}

// === impl Region ===

impl Region {
    /// Gives the parts to tract; the region's inputs and outputs stand in the parts' order.
    pub(super) fn build(parts: &Parts<'_>, opsets: &[OperatorSetIdProto]) -> Result<Region> {
        ensure!(parts.nodes.len() <= NODES_MAX, "more than {NODES_MAX} nodes in one piece");
        let named = |name: &&str| ValueInfoProto { name: (*name).to_owned(), ..Default::default() };
        let typed = |(name, probe): &(&str, &Probe)| {
            let elem_type = tensor_proto::data_type(probe.datatype()) as i32;
            let tensor = Value::TensorType(type_proto::Tensor { elem_type, shape: None });
            let r#type = Some(TypeProto { value: Some(tensor), ..TypeProto::default() });
            ValueInfoProto { r#type, ..named(name) }
        };
        let graph = GraphProto {
            node: parts.nodes.iter().enumerate().map(renamed).collect(),
            initializer: parts.weights.clone(),
            input: parts.inputs.iter().map(typed).collect(),
            output: parts.outputs.iter().map(named).collect(),
            ..GraphProto::default()
        };
        let proto = ModelProto {
            ir_version: 8,
            opset_import: opsets.to_vec(),
            graph: Some(graph),
            ..ModelProto::default()
        };
        let mut framework = onnx();
        cast::register(&mut framework.op_register);
        framework.ignore_value_info = true;
        let ParseResult { mut model, unresolved_inputs, .. } = framework.parse(&proto, None)?;
        ensure!(unresolved_inputs.is_empty(), "nothing makes `{}`", unresolved_inputs.join("`, `"));
        let mut symbols = Symbols::new(&model.symbols)?;
        ensure!(model.inputs.len() == parts.inputs.len(), "an input of a piece was lost");
        for (index, (_, probe)) in parts.inputs.iter().enumerate() {
            let fact = symbols.fact(&model.symbols, probe);
            model.set_input_fact(index, fact)?;
        }
        let typed = model.into_typed()?;
        let mut outputs = Vec::with_capacity(typed.outputs.len());
        for (&outlet, name) in typed.outputs.iter().zip(&parts.outputs) {
            let datum_type = typed.outlet_fact(outlet)?.datum_type;
            let datatype = convert::datatype(datum_type);
            outputs.push(datatype.with_context(|| {
                format!("`{name}` has type {datum_type:?}, which is not supported")
            })?);
        }
        let runnable = typed.into_optimized()?.into_runnable()?;
        Ok(Region { runnable, outputs })
    }

    /// Runs once; the state of a run that failed is dropped, since tract leaves values in it.
    pub(super) fn run(
        &self,
        inputs: &Inputs<'_>,
        state: &mut Option<RegionState>,
    ) -> Result<Outputs> {
        let mut ready = match state.take() {
            Some(RegionState(ready)) => ready,
            None => self.runnable.spawn()?,
        };
        let mut values: TVec<TValue> = TVec::with_capacity(inputs.len());
        for position in 0..inputs.len() {
            values.push(convert::to_tract(inputs.get(position)?)?.into());
        }
        // The state is moved in and comes out only unharmed, so nothing broken outlives a panic.
        let run = AssertUnwindSafe(move || ready.run(values).map(|outputs| (ready, outputs)));
        let (ready, outputs) = match catch_unwind(run) {
            Ok(result) => result?,
            Err(panic) => bail!("the engine panicked: {}", panic_words(panic.as_ref())),
        };
        let outputs = outputs.iter().zip(&self.outputs);
        let outputs = outputs.map(|(value, datatype)| convert::from_tract(value, *datatype));
        let outputs = outputs.collect::<Result<_>>()?;
        *state = Some(RegionState(ready));
        Ok(outputs)
    }
}

/// A node under a name that no other has: tract refuses what ONNX lets pass.
fn renamed((place, node): (usize, &&NodeProto)) -> NodeProto {
    NodeProto { name: format!("{} #{place}", node_name(node)), ..(*node).clone() }
}

/// One symbol for the rows, and one for each other extent that varies.
struct Symbols {
    rows: TDim,
    others: HashMap<[usize; 2], TDim>,
}

// === impl Symbols ===

impl Symbols {
    fn new(scope: &SymbolScope) -> Result<Symbols> {
        let rows = scope.new_with_prefix("rows");
        scope.add_assertion(format!("{rows}>=1")).map_err(|error| anyhow!("{error:#}"))?;
        Ok(Symbols { rows: rows.into(), others: HashMap::new() })
    }

    fn fact(&mut self, scope: &SymbolScope, probe: &Probe) -> InferenceFact {
        let [few, many] = probe.shapes();
        let extents = few.iter().zip(many).map(|(&few, &many)| match [few, many] {
            // An extent of 0 is what made-up values leave of a choice among them.
            same if same[0] == same[1] && same[0] > 0 => same[0].to_dim(),
            ROWS => self.rows.clone(),
            pair => {
                let new = || scope.new_with_prefix("extent").into();
                self.others.entry(pair).or_insert_with(new).clone()
            }
        });
        let extents: TVec<TDim> = extents.collect();
        InferenceFact::dt_shape(convert::datum_type(probe.datatype()), extents)
    }
}
