//! The thread that loads models: one after the other, at low priority, away from all scoring.
//!
//! Asked by the keeper, which hears when a model is being warmed and what became of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drift::Baseline;
use model_loader::{Manifest, Model, ModelRef, NamedTensor, Registry, Tensor, Values};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::background;

/// Longest warming: a model whose time has not settled by then is taken as it is.
const WARMING: Duration = Duration::from_millis(500);

/// A model that is ready to be served.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The model.
    pub(super) model: Arc<Model>,
    /// Of its files.
    pub(super) digest: String,
    /// What its live rows are counted over, with its digest, if the version came with one.
    pub(super) baseline: Option<(String, Arc<Baseline>)>,
    /// What one row costs, once warm.
    pub(super) cost: Duration,
}

/// What the thread says of a model.
#[derive(Debug)]
pub(super) enum Word {
    /// It is being warmed.
    Warming,
    /// It is there, or why not.
    Done(Result<Loaded, String>),
}

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Loader {
    orders: UnboundedSender<ModelRef>,
}

// === impl Loader ===

impl Loader {
    /// Starts the thread "skeg-load". It ends after the model in hand when the loader is dropped.
    pub(super) fn start(
        registry: Registry,
        now: fn() -> Instant,
    ) -> std::io::Result<(Loader, UnboundedReceiver<(ModelRef, Word)>)> {
        let (orders, ordered) = unbounded_channel();
        let (says, words) = unbounded_channel();
        let runtime = crate::runtime::new()?;
        std::thread::Builder::new().name("skeg-load".to_owned()).spawn(move || {
            background::yield_to_scoring();
            runtime.block_on(work(registry, now, ordered, says));
        })?;
        Ok((Loader { orders }, words))
    }

    /// Has a model loaded.
    pub(super) fn order(&self, model: ModelRef) {
        // The thread ends only with its loader.
        let _ = self.orders.send(model);
    }
}

async fn work(
    registry: Registry,
    now: fn() -> Instant,
    mut orders: UnboundedReceiver<ModelRef>,
    says: UnboundedSender<(ModelRef, Word)>,
) {
    while let Some(model) = orders.recv().await {
        let warming = || {
            let _ = says.send((model.clone(), Word::Warming));
        };
        let loaded = load(&registry, &model, now, warming).await;
        if says.send((model, Word::Done(loaded))).is_err() {
            return;
        }
    }
}

async fn load(
    registry: &Registry,
    model: &ModelRef,
    now: fn() -> Instant,
    warming: impl FnOnce(),
) -> Result<Loaded, String> {
    let (manifest, runnable) = registry.open(model).await.map_err(|error| error.to_string())?;
    warming();
    let baseline = baseline(registry, model, &manifest).await?;
    let row = baseline.as_ref().and_then(|(_, of)| typical(of, &manifest, &runnable));
    let settled = runnable.settle(row.as_deref(), WARMING, now);
    // A made-up mixture of typical values may be none that the model takes.
    let settled = if row.is_some() {
        settled.or_else(|_| runnable.settle(None, WARMING, now))
    } else {
        settled
    };
    let cost = settled.map_err(|error| format!("warm-up: {error}"))?;
    let (model, digest) = (Arc::new(runnable), manifest.model_digest);
    Ok(Loaded { model, digest, baseline, cost })
}

/// The version's baseline and its digest. One that cannot be read keeps the version from serving:
/// it would be served without being watched.
async fn baseline(
    registry: &Registry,
    model: &ModelRef,
    manifest: &Manifest,
) -> Result<Option<(String, Arc<Baseline>)>, String> {
    let Some(digest) = manifest.baseline().map(str::to_owned) else { return Ok(None) };
    let json = registry.baseline(model).await.map_err(|error| error.to_string())?;
    let Some(json) = json else { return Ok(None) };
    let baseline = Baseline::from_json(&json).map_err(|error| error.to_string())?;
    Ok(Some((digest, Arc::new(baseline))))
}

/// A row of the training data's medians.
fn typical(baseline: &Baseline, manifest: &Manifest, runnable: &Model) -> Option<Vec<Tensor>> {
    let median = |name: &str| {
        let mut columns = baseline.columns().iter();
        columns.find(|of| !of.is_output() && of.short_name() == name)?.median()
    };
    let mut named = Vec::new();
    for (spec, entry) in runnable.signature().inputs().iter().zip(&manifest.inputs) {
        let names = &spec.feature_names;
        let row: Option<Vec<f32>> =
            names.iter().map(|name| median(name).map(|m| m as f32)).collect();
        let tensor = Tensor::new([1, names.len()].as_slice().into(), Values::Fp32(row?)).ok()?;
        named.push(NamedTensor { name: entry.name.as_str().into(), tensor });
    }
    let inputs = runnable.signature().place(named).ok()?;
    Some(inputs.into_tensors())
}
