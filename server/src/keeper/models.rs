//! The models that specs name, and how far each has come.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model_loader::ModelRef;

use super::load::{Loaded, Loader, Word};
use crate::board::State;
use crate::endpoint::Endpoints;
use crate::spec::EndpointSpec;

/// A model that failed is tried again after this, then after twice as long, ...
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// ... and so on, up to this.
const LAST_RETRY: Duration = Duration::from_secs(300);

/// All models that are wanted or served.
#[derive(Debug)]
pub(super) struct Models {
    loader: Loader,
    by_version: HashMap<ModelRef, Stage>,
}

#[derive(Debug)]
enum Stage {
    Loading { tries: u32 },
    Warming { tries: u32 },
    Ready(Arc<Loaded>),
    Failed { cause: String, tries: u32, again: Instant },
}

// === impl Models ===

impl Models {
    pub(super) fn new(loader: Loader) -> Self {
        Self { loader, by_version: HashMap::new() }
    }

    /// Has the models loaded that are not known yet.
    pub(super) fn want<'m>(&mut self, models: impl Iterator<Item = &'m ModelRef>) {
        for model in models {
            if !self.by_version.contains_key(model) {
                self.load(model.clone(), 0);
            }
        }
    }

    /// Notes what the loading thread says.
    pub(super) fn hear(&mut self, model: ModelRef, word: Word, now: Instant) {
        let tries = match self.by_version.get(&model) {
            Some(Stage::Loading { tries } | Stage::Warming { tries }) => *tries,
            _ => 0,
        };
        let stage = match word {
            Word::Warming => Stage::Warming { tries },
            Word::Done(Ok(loaded)) => Stage::Ready(Arc::new(loaded)),
            Word::Done(Err(cause)) => {
                let pause = FIRST_RETRY.saturating_mul(1 << tries.min(16)).min(LAST_RETRY);
                Stage::Failed { cause, tries: tries + 1, again: now + pause }
            }
        };
        self.by_version.insert(model, stage);
    }

    /// Loads what failed and has waited long enough.
    pub(super) fn retry(&mut self, now: Instant) {
        let due = |(model, stage): (&ModelRef, &Stage)| match stage {
            Stage::Failed { tries, again, .. } if *again <= now => Some((model.clone(), *tries)),
            _ => None,
        };
        let due: Vec<_> = self.by_version.iter().filter_map(due).collect();
        due.into_iter().for_each(|(model, tries)| self.load(model, tries));
    }

    /// Loads a model that failed without waiting.
    pub(super) fn try_again(&mut self, model: &ModelRef) {
        if let Some(Stage::Failed { .. }) = self.by_version.get(model) {
            self.load(model.clone(), 0);
        }
    }

    fn load(&mut self, model: ModelRef, tries: u32) {
        self.loader.order(model.clone());
        self.by_version.insert(model, Stage::Loading { tries });
    }

    /// Whether any is on its way.
    pub(super) fn any_pending(&self) -> bool {
        self.by_version.values().any(Stage::is_pending)
    }

    /// Whether some of a spec's models are on their way, and the causes of those that failed.
    pub(super) fn missing(
        &self,
        spec: &EndpointSpec,
        models: &[ModelRef],
    ) -> (bool, Option<String>) {
        let mut pending = false;
        let mut causes = Vec::new();
        for (deployment, model) in spec.deployments.iter().zip(models) {
            match self.by_version.get(model) {
                Some(Stage::Ready(_)) => {}
                Some(Stage::Failed { cause, .. }) => causes.push(format!(
                    "endpoint {}, deployment {}: {cause}",
                    spec.name, deployment.name
                )),
                _ => pending = true,
            }
        }
        (pending, (!causes.is_empty()).then(|| causes.join("; ")))
    }

    /// The model, when it is ready.
    pub(super) fn ready(&self, model: &ModelRef) -> Option<Arc<Loaded>> {
        match self.by_version.get(model) {
            Some(Stage::Ready(loaded)) => Some(Arc::clone(loaded)),
            _ => None,
        }
    }

    /// How far a model has come, for people.
    pub(super) fn state(&self, model: &ModelRef) -> State {
        match self.by_version.get(model) {
            None | Some(Stage::Loading { .. }) => State::Loading,
            Some(Stage::Warming { .. }) => State::Warming,
            // Of a spec that waits for another model, or does not serve.
            Some(Stage::Ready(_)) => State::Warming,
            Some(Stage::Failed { cause, .. }) => State::Failed(cause.clone()),
        }
    }

    /// Gives up the models that are neither `wanted` nor in `served`. Those still served go on
    /// living in their deployments.
    pub(super) fn keep_only<'m>(
        &mut self,
        wanted: impl Iterator<Item = &'m ModelRef>,
        served: &'m Endpoints,
    ) {
        let seats = served.iter().flat_map(|endpoint| &endpoint.seats);
        let served = seats.map(|seat| &seat.deployment.model);
        let needed: HashSet<&ModelRef> = wanted.chain(served).collect();
        // One on its way is kept until its word has come, so that it is not loaded twice at once.
        self.by_version.retain(|model, stage| stage.is_pending() || needed.contains(model));
    }
}

// === impl Stage ===

impl Stage {
    fn is_pending(&self) -> bool {
        matches!(self, Self::Loading { .. } | Self::Warming { .. })
    }
}
