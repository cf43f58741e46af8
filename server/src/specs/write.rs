//! Changing a stored spec: read, change, and put back only if nobody else did meanwhile.
//!
//! Called by the commands and by the admin API. A spec that has mistakes, or names a model that is
//! not registered, is never written. An alias becomes the version that it stands for now, so that
//! all replicas, and one that starts tomorrow, serve the same.

use std::sync::Arc;

use jiff::Timestamp;
use model_loader::{ModelQuery, ModelRef, Name, Registry};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde_json::{Value, json};

use super::{sound, spec_path};
use crate::audit::{self, Event, Kind};
use crate::route::Weight;
use crate::spec::{self, DeploymentSpec, EndpointSpec};

/// Times that a change is made anew because somebody else was quicker.
const TRIES: usize = 10;

/// Why a spec was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It has mistakes.
    #[error("{}", .0.join("; "))]
    Refused(Vec<String>),
    /// There is no such endpoint.
    #[error("endpoint \"{0}\": there is no spec of it in the store")]
    Unknown(Name),
    /// It is not the one that the change was meant for.
    #[error("endpoint \"{0}\": somebody else has changed its spec meanwhile")]
    Changed(Name),
    /// The store failed.
    #[error("endpoint \"{endpoint}\": {cause}")]
    Store {
        /// The endpoint.
        endpoint: Name,
        /// The store's words.
        cause: String,
    },
}

/// Writes specs into a store, on somebody's behalf.
#[derive(Clone, Debug)]
pub struct Writer {
    store: Arc<dyn ObjectStore>,
    registry: Registry,
    by: String,
    clock: fn() -> Timestamp,
}

/// A spec as it lies in the store.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its text.
    pub text: String,
    version: UpdateVersion,
}

// === impl Writer ===

impl Writer {
    /// Into `store`; the audit trail says that it was `by`, at the time of the clock.
    pub fn new(store: Arc<dyn ObjectStore>, by: String, clock: fn() -> Timestamp) -> Self {
        let registry = Registry::new(Arc::clone(&store));
        Self { store, registry, by, clock }
    }

    /// The spec of an endpoint, if there is one.
    ///
    /// # Errors
    /// [`WriteError::Store`].
    pub async fn stored(&self, endpoint: &Name) -> Result<Option<Stored>, WriteError> {
        let failed = |cause: String| WriteError::Store { endpoint: endpoint.clone(), cause };
        let got = match self.store.get(&spec_path(endpoint.as_ref())).await {
            Ok(got) if got.meta.size > spec::MAX_BYTES as u64 => {
                return Err(failed(format!("its spec is larger than {} bytes", spec::MAX_BYTES)));
            }
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        let version =
            UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| failed("not UTF-8".to_owned()))?;
        Ok(Some(Stored { text, version }))
    }

    /// Makes `text` the spec of the endpoint that it names, with versions in the place of aliases;
    /// whether that changed anything.
    ///
    /// # Errors
    /// [`WriteError`], but for [`WriteError::Unknown`].
    pub async fn apply(&self, text: &str) -> Result<(EndpointSpec, bool), WriteError> {
        // Every version must be there: a typing error is better found by who typed it.
        let registered = async |query: &ModelQuery| {
            let version = self.registry.resolve(query).await?;
            self.registry.manifest(&version).await.map(|_| version)
        };
        let (spec, models) = sound(text, registered).await.map_err(WriteError::Refused)?;
        let text = with_versions(text, &spec, &models).map_err(|e| WriteError::Refused(vec![e]))?;
        let spec = spec::parse(&text).map_err(WriteError::Refused)?;
        for _ in 0..TRIES {
            let stored = self.stored(&spec.name).await?;
            if stored.as_ref().is_some_and(|stored| stored.text == text) {
                return Ok((spec, false));
            }
            if self.put(&spec.name, &text, stored).await? {
                self.audit(Kind::EndpointApplied, &spec.name, weights_of(&spec)).await?;
                return Ok((spec, true));
            }
        }
        Err(WriteError::Changed(spec.name))
    }

    /// Gives the endpoint's deployments these weights, those not named 0; returns the new spec.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn traffic(
        &self,
        endpoint: &Name,
        weights: &[(String, Weight)],
    ) -> Result<EndpointSpec, WriteError> {
        for _ in 0..TRIES {
            let stored = self.stored(endpoint).await?;
            let stored = stored.ok_or_else(|| WriteError::Unknown(endpoint.clone()))?;
            let text =
                with_traffic(&stored.text, weights).map_err(|e| WriteError::Refused(vec![e]))?;
            let spec = spec::parse(&text).map_err(WriteError::Refused)?;
            if self.put(endpoint, &text, Some(stored)).await? {
                self.audit(Kind::TrafficChanged, endpoint, weights_of(&spec)).await?;
                return Ok(spec);
            }
        }
        Err(WriteError::Changed(endpoint.clone()))
    }

    /// Takes the endpoint away; its rows, and the models, stay.
    ///
    /// # Errors
    /// [`WriteError::Unknown`], [`WriteError::Store`].
    pub async fn delete(&self, endpoint: &Name) -> Result<(), WriteError> {
        if self.stored(endpoint).await?.is_none() {
            return Err(WriteError::Unknown(endpoint.clone()));
        }
        self.store.delete(&spec_path(endpoint.as_ref())).await.map_err(|error| {
            WriteError::Store { endpoint: endpoint.clone(), cause: error.to_string() }
        })?;
        self.audit(Kind::EndpointDeleted, endpoint, Value::Null).await
    }

    /// Says in the audit trail what has been done.
    async fn audit(&self, event: Kind, name: &Name, details: Value) -> Result<(), WriteError> {
        let (at, by, subject) = ((self.clock)(), self.by.clone(), name.to_string());
        let event = Event { event, at, by, subject, details };
        let recorded = audit::record(&*self.store, &event).await;
        recorded.map(drop).map_err(|cause| {
            let cause = format!("it is done, but {cause}");
            WriteError::Store { endpoint: name.clone(), cause }
        })
    }

    /// Puts `text` in the place of what was `stored`; not when that has changed.
    async fn put(
        &self,
        endpoint: &Name,
        text: &str,
        stored: Option<Stored>,
    ) -> Result<bool, WriteError> {
        let mode = stored.map_or(PutMode::Create, |stored| PutMode::Update(stored.version));
        let options = PutOptions { mode, ..PutOptions::default() };
        let path = spec_path(endpoint.as_ref());
        match self.store.put_opts(&path, text.to_owned().into(), options).await {
            Ok(_) => Ok(true),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. }
                | object_store::Error::NotFound { .. },
            ) => Ok(false),
            Err(error) => {
                Err(WriteError::Store { endpoint: endpoint.clone(), cause: error.to_string() })
            }
        }
    }
}

/// The shares of traffic, for the audit trail.
fn weights_of(spec: &EndpointSpec) -> Value {
    let share = |d: &DeploymentSpec| {
        let (model, traffic) = (d.model.to_string(), percent(d.weight));
        (d.name.to_string(), json!({"model": model, "traffic": traffic}))
    };
    Value::Object(spec.deployments.iter().map(share).collect())
}

/// The spec with versions where it has aliases, else as it was to the letter.
fn with_versions(text: &str, spec: &EndpointSpec, versions: &[ModelRef]) -> Result<String, String> {
    let deployments = spec.deployments.iter().zip(versions);
    let moved = deployments.filter(|(d, version)| d.model != ModelQuery::from((*version).clone()));
    let moved: Vec<_> = moved.map(|(d, version)| (d.name.as_ref(), version)).collect();
    if moved.is_empty() {
        return Ok(text.to_owned());
    }
    let mut tree: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    for (name, version) in moved {
        tree["deployments"][name]["model"] = Value::from(version.to_string());
    }
    serde_saphyr::to_string(&tree).map_err(|error| error.to_string())
}

/// The spec with other weights and every other key as it was; comments are lost.
fn with_traffic(text: &str, weights: &[(String, Weight)]) -> Result<String, String> {
    let mut spec: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let percents = weights.iter().map(|(name, weight)| (name.clone(), percent(*weight)));
    match spec.as_object_mut() {
        Some(keys) => keys.insert("traffic".to_owned(), Value::Object(percents.collect())),
        None => return Err("the spec is no mapping".to_owned()),
    };
    serde_saphyr::to_string(&spec).map_err(|error| error.to_string())
}

/// 90, not 90.0.
fn percent(weight: Weight) -> Value {
    let percent = weight.percent();
    if percent.fract() == 0.0 { Value::from(percent as u64) } else { Value::from(percent) }
}
