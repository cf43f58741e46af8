//! Bytes to a runnable plan: parse, check, bind the rows, optimise.
//!
//! Called by `Model::load`. Refuses files and graphs over the limits, operators that are not
//! registered, and inputs without a shape. The engine runs on a thread of its own, so that a panic
//! in it becomes an error of this file's caller.

use std::collections::BTreeMap;
use std::thread;

use tract_onnx::model::ParseResult;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::tract_itertools::Itertools;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::{DimFact, GenericFactoid, ShapeFactoid};

use super::run::Plan;
use super::words::{panic_words, words};
use super::{check, ops, signature};
use crate::{Error, Options, Signature};

/// Larger files are refused; protobuf itself ends at twice as much.
pub(crate) const BYTES_MAX: usize = 1 << 30;

/// What a model file becomes.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) signature: Signature,
    pub(crate) opset: BTreeMap<String, i64>,
    pub(crate) plan: Plan,
}

/// Loads on a thread of its own and waits for it.
pub(crate) fn load(bytes: &[u8], options: &Options) -> Result<Loaded, Error> {
    if bytes.len() > BYTES_MAX {
        let size = bytes.len();
        return Err(Error::model(format!("{size} bytes, more than the {BYTES_MAX} allowed")));
    }
    thread::scope(|scope| {
        let loading = thread::Builder::new()
            .name("model-load".to_owned())
            .spawn_scoped(scope, || load_here(bytes, options))
            .map_err(|error| Error::model(format!("no thread to load on: {error}")))?;
        loading.join().unwrap_or_else(|panic| {
            let words = panic_words(panic.as_ref());
            Err(Error::model(format!("the engine panicked: {words}")))
        })
    })
}

fn load_here(bytes: &[u8], options: &Options) -> Result<Loaded, Error> {
    let mut framework = onnx();
    ops::register(&mut framework.op_register);
    // Rows are bound to one symbol below; shapes that the exporter wrote for inner values name
    // their own symbols and are often wrong, so they are inferred instead.
    framework.ignore_value_info = true;
    let proto = decode(bytes)?;
    let graph = check::check(&proto, &framework.op_register)?;
    let ParseResult { mut model, unresolved_inputs, .. } =
        framework.parse(&proto, None).map_err(|error| engine(&error))?;
    if !unresolved_inputs.is_empty() {
        let names = unresolved_inputs.iter().map(|name| format!("`{name}`")).join(", ");
        return Err(Error::model(format!("no node and no input makes {names}")));
    }
    bind_rows(&mut model)?;
    let typed = model.into_typed().map_err(|error| engine(&error))?;
    let signature = signature::signature(&typed, graph, options)?;
    let optimised = typed.into_optimized().map_err(|error| engine(&error))?;
    let runnable = optimised.into_runnable().map_err(|error| engine(&error))?;
    let plan = Plan::new(runnable, signature.clone());
    Ok(Loaded { signature, opset: opset(&proto), plan })
}

fn decode(bytes: &[u8]) -> Result<ModelProto, Error> {
    let mut reader = bytes;
    let proto = onnx().proto_model_for_read(&mut reader);
    proto.map_err(|error| Error::model(format!("not an ONNX file: {error:#}")))
}

/// Gives every variable first extent the one symbol `rows`, and each other variable extent one of
/// its own, so that one plan takes any number of rows.
fn bind_rows(model: &mut InferenceModel) -> Result<(), Error> {
    let symbols = model.symbols.clone();
    let rows = symbols.new_with_prefix("rows");
    symbols.add_assertion(format!("{rows}>=1")).map_err(|error| engine(&error))?;
    for index in 0..model.inputs.len() {
        let outlet = model.inputs[index];
        let name = model.node(outlet.node).name.clone();
        let fact = model.outlet_fact(outlet).map_err(|error| engine(&error))?.clone();
        if fact.shape.is_open() {
            return Err(Error::model(format!("input `{name}` has no shape")));
        }
        let dims: TVec<DimFact> = fact
            .shape
            .dims()
            .enumerate()
            .map(|(axis, dim)| match dim.concretize() {
                Some(known) if known.as_i64().is_some() => dim.clone(),
                _ if axis == 0 => GenericFactoid::Only(rows.clone().into()),
                Some(named) => GenericFactoid::Only(named),
                None => GenericFactoid::Only(symbols.new_with_prefix("extent").into()),
            })
            .collect();
        let fact = fact.with_shape(ShapeFactoid::closed(dims));
        model.set_outlet_fact(outlet, fact).map_err(|error| engine(&error))?;
    }
    Ok(())
}

fn opset(proto: &ModelProto) -> BTreeMap<String, i64> {
    let domain = |name: &str| if name.is_empty() { "ai.onnx".to_owned() } else { name.to_owned() };
    proto.opset_import.iter().map(|set| (domain(&set.domain), set.version)).collect()
}

/// An engine's refusal, cut to a length that a log line bears.
fn engine(error: &TractError) -> Error {
    Error::model(words(error))
}
