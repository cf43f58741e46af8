//! The baselines that panes were counted over, by their digests.

use std::collections::HashMap;
use std::sync::Arc;

use drift::Baseline;
use drift::pane::Key;
use model_loader::{ModelRef, Registry};

use crate::endpoint::Endpoint;

/// Baselines that were needed so far.
pub(super) struct Baselines {
    registry: Registry,
    /// None for one that is not to be had: its rows are counted, not compared.
    found: HashMap<String, Option<Arc<Baseline>>>,
}

// === impl Baselines ===

impl Baselines {
    pub(super) fn new(registry: Registry) -> Self {
        Self { registry, found: HashMap::new() }
    }

    /// Takes those of what is served now.
    pub(super) fn take(&mut self, endpoint: &Endpoint) {
        for seat in &endpoint.seats {
            let subject = &seat.deployment.subject;
            if let Some(digest) = &subject.baseline {
                let baseline = Arc::clone(subject.plan.baseline());
                self.found.insert(digest.clone(), Some(baseline));
            }
        }
    }

    /// The baseline of a pane, from the registry if it is of no served version; none when there is
    /// no such version any more, or what it has cannot be read.
    ///
    /// # Errors
    /// The store's words: it may be there the next time.
    pub(super) async fn of(&mut self, key: &Key) -> Result<Option<Arc<Baseline>>, String> {
        let Some(digest) = &key.baseline else { return Ok(None) };
        if let Some(found) = self.found.get(digest) {
            return Ok(found.clone());
        }
        let found = match format!("{}:{}", key.model, key.version).parse::<ModelRef>() {
            Ok(model) => self.read(&model).await?,
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = &found {
            let (model, version) = (&key.model, &key.version);
            tracing::warn!(model, version, why, "rows of a baseline that is not to be had");
        }
        let found = found.ok();
        self.found.insert(digest.clone(), found.clone());
        Ok(found)
    }

    /// The version's baseline, or why it has none for good; an error may pass.
    async fn read(&self, model: &ModelRef) -> Result<Result<Arc<Baseline>, String>, String> {
        let json = match self.registry.baseline(model).await {
            Ok(Some(json)) => json,
            Ok(None) => return Ok(Err("the version has none".to_owned())),
            Err(error @ model_loader::Error::NotRegistered { .. }) => {
                return Ok(Err(error.to_string()));
            }
            Err(error) => return Err(error.to_string()),
        };
        Ok(Baseline::from_json(&json).map(Arc::new).map_err(|error| error.to_string()))
    }
}
