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

    /// The baseline of a pane, from the registry if it is of no served version.
    pub(super) async fn of(&mut self, key: &Key) -> Option<Arc<Baseline>> {
        let digest = key.baseline.as_ref()?;
        if let Some(found) = self.found.get(digest) {
            return found.clone();
        }
        let found = self.read(key).await;
        if let Err(why) = &found {
            let (model, version) = (&key.model, &key.version);
            tracing::warn!(model, version, why, "rows of a baseline that is not to be had");
        }
        self.found.insert(digest.clone(), found.clone().ok());
        found.ok()
    }

    async fn read(&self, key: &Key) -> Result<Arc<Baseline>, String> {
        let model: ModelRef = format!("{}:{}", key.model, key.version)
            .parse()
            .map_err(|error: model_loader::Error| error.to_string())?;
        let json = self.registry.baseline(&model).await.map_err(|error| error.to_string())?;
        let json = json.ok_or("the version has none")?;
        let baseline = Baseline::from_json(&json).map_err(|error| error.to_string())?;
        Ok(Arc::new(baseline))
    }
}
