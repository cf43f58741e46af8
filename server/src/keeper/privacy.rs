//! Whether an endpoint's rows can be stored as its privacy rules have them: key and columns.
//!
//! Asked by `wanted`, which holds one for each spec. It fails closed: a deployment whose rows
//! cannot be covered does not serve under that spec, rather than store them plain.

use std::collections::HashMap;
use std::path::Path;

use collector::HashKey;
use model_loader::ModelRef;

use super::build;
use super::models::Models;
use crate::reloaded;
use crate::spec::EndpointSpec;

#[cfg(test)]
mod tests;

/// What is known of one spec.
#[derive(Debug, Default)]
pub(super) struct Privacy {
    /// The key of its hashes: read once, so that it is one for as long as the spec is.
    key: Option<HashKey>,
    /// Why there is none, though one is needed.
    keyless: Option<String>,
    /// Of each model looked at: why the rules cannot be kept, if so. A version's columns stay.
    checked: HashMap<ModelRef, Option<String>>,
}

// === impl Privacy ===

impl Privacy {
    /// Reads the key if it is still missing, and looks at the models that have become ready.
    pub(super) fn look(&mut self, spec: &EndpointSpec, versions: &[ModelRef], models: &Models) {
        let Some(rules) = &spec.collect.privacy else { return };
        if rules.hashes() && self.key.is_none() {
            let path = rules.hash_key_file.as_deref();
            match read(path.unwrap_or(Path::new(""))) {
                Ok(key) => (self.key, self.keyless) = (Some(key), None),
                Err(why) => {
                    let cause = format!("collect.privacy.hash_key_file: {why}");
                    if self.keyless.as_ref() != Some(&cause) {
                        let endpoint = &spec.name;
                        tracing::error!(%endpoint, cause, "privacy rules cannot be kept");
                    }
                    self.keyless = Some(cause);
                    return;
                }
            }
        }
        for (wanted, version) in spec.deployments.iter().zip(versions) {
            let Some(loaded) =
                models.ready(version).filter(|_| !self.checked.contains_key(version))
            else {
                continue;
            };
            let seat = (wanted, version);
            let cause = build::schema(spec, seat, &loaded, self.key.as_ref()).err();
            if let Some(cause) = &cause {
                tracing::error!(endpoint = %spec.name, cause, "privacy rules cannot be kept");
            }
            self.checked.insert(version.clone(), cause);
        }
    }

    /// Why no rows of a model can be stored, if so.
    pub(super) fn fault(&self, version: &ModelRef) -> Option<&str> {
        self.keyless.as_deref().or_else(|| self.checked.get(version)?.as_deref())
    }

    /// All there is to say against a spec, if anything.
    pub(super) fn faults(&self, spec: &EndpointSpec, versions: &[ModelRef]) -> Option<String> {
        let mut causes: Vec<&str> = versions.iter().filter_map(|v| self.fault(v)).collect();
        causes.dedup();
        let all = || format!("endpoint {}, {}", spec.name, causes.join("; "));
        (!causes.is_empty()).then(all)
    }

    /// The key of the hashes.
    pub(super) fn key(&self) -> Option<&HashKey> {
        self.key.as_ref()
    }
}

/// The key that a file holds; white space around it is an editor's.
fn read(path: &Path) -> Result<HashKey, String> {
    // What is no file, a pipe say, might keep whoever opens it waiting.
    let is_file = std::fs::metadata(path).map(|found| found.is_file());
    match is_file {
        Ok(false) => return Err(format!("{}: not a file", path.display())),
        Err(error) => return Err(format!("{}: {error}", path.display())),
        Ok(true) => {}
    }
    let content = reloaded::read_one(path)?;
    HashKey::new(content.trim_ascii()).map_err(|error| format!("{}: {error}", path.display()))
}
