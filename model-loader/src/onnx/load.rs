//! Bytes to a runnable plan: decode, check, build, describe.
//!
//! Called by `Model::load`. Refuses files over the limit, and graphs that take longer than the
//! deadline. All work is done on a thread of its own with a stack for deeply nested graphs, so that
//! a panic becomes an error of this file's caller.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use anyhow::Result as Anyhow;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::Framework as _;

use super::build::{self, Built, File, Prefer, Purse};
use super::gate::Gate;
use super::operators::budget::OverLimit;
use super::plan::Plan;
use super::words::{panic_words, words};
use super::{cast, check, clean, functions, halves, scopes, signature, widths, wire};
use crate::{Error, Options, Shape, Signature};

/// Larger files are refused; protobuf itself ends at twice as much.
pub(crate) const BYTES_MAX: usize = 1 << 30;
/// The engine's passes recurse over the graph. Only what is used is ever backed by memory.
const STACK_BYTES: usize = 1 << 28;

/// What a model file becomes.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) signature: Signature,
    pub(crate) opset: BTreeMap<String, i64>,
    pub(crate) plan: Plan,
    /// Shapes of the inputs that the plan was tried on.
    pub(crate) tried: Vec<Shape>,
    /// Made-up values may be none that the model can run on.
    pub(crate) parametric: bool,
}

/// Loads on a thread of its own and waits for it, but not for longer than the deadline.
pub(crate) fn load(bytes: &[u8], options: &Options) -> Result<Loaded, Error> {
    if bytes.len() > BYTES_MAX {
        let size = bytes.len();
        return Err(Error::model(format!("{size} bytes, more than the {BYTES_MAX} allowed")));
    }
    let cancelled = Arc::new(AtomicBool::new(false));
    let (send, receive) = sync_channel(1);
    let work = {
        let (bytes, options, cancelled) = (bytes.to_vec(), options.clone(), Arc::clone(&cancelled));
        move || {
            let load = AssertUnwindSafe(|| load_here(&bytes, &options, &cancelled));
            let loaded = catch_unwind(load).unwrap_or_else(|panic| {
                let words = panic_words(panic.as_ref());
                Err(Error::model(format!("the engine panicked: {words}")))
            });
            // Nobody listens any more after the deadline.
            drop(send.send(loaded));
        }
    };
    thread::Builder::new()
        .name("model-load".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(|error| Error::model(format!("no thread to load on: {error}")))?;
    receive.recv_timeout(options.deadline).unwrap_or_else(|error| {
        cancelled.store(true, Ordering::Relaxed);
        let seconds = options.deadline.as_secs_f32();
        Err(Error::model(match error {
            RecvTimeoutError::Timeout => format!("it takes longer than {seconds} s to load"),
            RecvTimeoutError::Disconnected => "the loading thread ended".to_owned(),
        }))
    })
}

fn load_here(
    bytes: &[u8],
    options: &Options,
    cancelled: &Arc<AtomicBool>,
) -> Result<Loaded, Error> {
    let mut framework = tract_onnx::onnx();
    cast::register(&mut framework.op_register);
    let mut proto = decode(bytes)?;
    rewrite(&mut proto, bytes).map_err(|error| Error::model(words(&error)))?;
    let engine = &framework.op_register;
    let graph = check::check(&proto, engine)?;
    let all_ours = graph.node.iter().all(check::is_ours);
    // A tabular graph gives tract only what it must, since its shapes may depend on values; any
    // other gives it all it can take, in as few pieces as possible. What fails one way is tried
    // the other way.
    let tabular = all_ours || graph.node.iter().any(|node| node.domain == "ai.onnx.ml");
    let order = [Prefer::Ours, Prefer::Engine];
    let order = if tabular { order } else { [order[1], order[0]] };
    let inputs = signature::inputs(graph, options)?;
    let parametric = signature::is_parametric(&inputs);
    let gate = Gate::new(bytes, options.trial.as_ref(), cancelled);
    let (purse, mut refusal) = (Purse::default(), None);
    let guesses = widths::guesses(graph, inputs);
    let ways = guesses.iter().flat_map(|guess| order.map(|prefer| (guess, prefer)));
    for (guess, prefer) in ways {
        purse.again();
        let (proto, kernels, thorough) = (&proto, options.kernels, refusal.is_none());
        let (gate, purse) = (&gate, &purse);
        let file =
            File { proto, engine, prefer, kernels, parametric, thorough, gate, purse, cancelled };
        match guess.seeds().and_then(|seeds| build::build(file, graph, seeds)) {
            Ok(Built { plan, outputs }) => {
                let inputs = guess.inputs.clone();
                let mut outputs = signature::outputs(&inputs, graph, &outputs, parametric)?;
                signature::label(&mut outputs, options)?;
                let signature = Signature::new(inputs, outputs);
                let (opset, tried) = (opset(proto), guess.tried());
                return Ok(Loaded { signature, opset, plan, tried, parametric });
            }
            Err(error) if error.is::<OverLimit>() => return Err(Error::model(words(&error))),
            Err(error) => refusal = refusal.or(Some(error)),
        }
        if gate.refused() {
            break;
        }
    }
    // What is wrong with the nodes of ours says more than what became of a child.
    Err(Error::model(refusal.map_or_else(String::new, |error| words(&error))))
}

/// Functions, sequences, FP16 at the border and names that repeat become what the builder knows.
fn rewrite(proto: &mut ModelProto, bytes: &[u8]) -> Anyhow<()> {
    let defaults = wire::defaults(bytes).map(|bytes| decode(&bytes)).transpose()?;
    functions::inline(proto, defaults.and_then(|defaults| defaults.graph))?;
    scopes::separate(proto);
    proto.graph.as_mut().map_or(Ok(()), |graph| {
        clean::sequences(graph)?;
        clean::dead(graph);
        halves::widen(graph);
        Ok(())
    })
}

pub(super) fn decode(bytes: &[u8]) -> Result<ModelProto, Error> {
    if wire::too_many(bytes) {
        return Err(Error::model("too many nodes, attributes and values"));
    }
    let mut reader = bytes;
    let proto = tract_onnx::onnx().proto_model_for_read(&mut reader);
    proto.map_err(|error| Error::model(format!("not an ONNX file: {error:#}")))
}

fn opset(proto: &ModelProto) -> BTreeMap<String, i64> {
    let domain = |name: &str| if name.is_empty() { "ai.onnx".to_owned() } else { name.to_owned() };
    proto.opset_import.iter().map(|set| (domain(&set.domain), set.version)).collect()
}
