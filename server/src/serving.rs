//! Specs -> a snapshot of endpoints: reads them, loads their models, builds what requests run
//! under.
//!
//! Called by `app` on a thread of its own, since loading, optimising and warming a model takes
//! seconds and must never happen on a scoring thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use collector::{Collector, Source};
use futures_util::TryStreamExt;
use model_loader::Registry;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Endpoints};
use crate::metrics::{Labels, Metrics};
use crate::record;
use crate::route::{RouteTable, Weight};
use crate::spec::{self, DeploymentSpec, EndpointSpec};

/// The store's folder of endpoint specs.
const SPECS: &str = "endpoints";

/// Where endpoint specs are read from.
#[derive(Clone, Debug)]
pub enum SpecSource {
    /// `endpoints/*.yaml` of the store.
    Store,
    /// `*.yaml` of a local folder, such as a mounted ConfigMap.
    Folder(PathBuf),
}

/// What building needs beside the specs.
#[derive(Debug)]
pub struct Workshop<'a> {
    /// Where models are.
    pub registry: Registry,
    /// Gives each deployment its series.
    pub metrics: &'a Metrics,
    /// Gives each deployment its appender.
    pub collector: &'a Collector,
}

/// Reads every spec of `source`.
///
/// # Errors
/// Every mistake in every file, each with the file's name.
pub async fn specs(
    source: &SpecSource,
    store: &dyn ObjectStore,
) -> Result<Vec<EndpointSpec>, Vec<String>> {
    let texts = match source {
        SpecSource::Store => stored(store).await,
        SpecSource::Folder(folder) => mounted(folder),
    };
    let texts = texts.map_err(|error| vec![error])?;
    let mut specs: Vec<EndpointSpec> = Vec::new();
    let mut mistakes = Vec::new();
    for (file, text) in texts {
        match spec::parse(&text) {
            Ok(spec) if specs.iter().any(|known| known.name == spec.name) => {
                mistakes.push(format!("{file}: name: another file has endpoint {}", spec.name));
            }
            Ok(spec) => specs.push(spec),
            Err(found) => mistakes.extend(found.iter().map(|mistake| format!("{file}: {mistake}"))),
        }
    }
    if mistakes.is_empty() { Ok(specs) } else { Err(mistakes) }
}

/// Where the store keeps the spec of `endpoint`.
pub fn spec_path(endpoint: &str) -> ObjectPath {
    ObjectPath::from(format!("{SPECS}/{endpoint}.yaml"))
}

async fn stored(store: &dyn ObjectStore) -> Result<Vec<(String, String)>, String> {
    let listed = store.list(Some(&ObjectPath::from(SPECS)));
    let mut files: Vec<_> = listed.try_collect().await.map_err(|e| format!("endpoints: {e}"))?;
    files.retain(|file| file.location.as_ref().ends_with(".yaml"));
    files.sort_by(|a, b| a.location.cmp(&b.location));
    let mut texts = Vec::new();
    for file in files {
        let name = file.location.to_string();
        if file.size > spec::MAX_BYTES as u64 {
            return Err(format!("{name}: larger than {} bytes", spec::MAX_BYTES));
        }
        let got = store.get(&file.location).await.map_err(|e| format!("{name}: {e}"))?;
        let bytes = got.bytes().await.map_err(|e| format!("{name}: {e}"))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| format!("{name}: not UTF-8"))?;
        texts.push((name, text));
    }
    Ok(texts)
}

fn mounted(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let at = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(folder).map_err(|error| at(folder, error))?;
    let mut texts = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| at(folder, error))?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let size = std::fs::metadata(&path).map_err(|error| at(&path, error))?.len();
        if size > spec::MAX_BYTES as u64 {
            return Err(format!("{}: larger than {} bytes", path.display(), spec::MAX_BYTES));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| at(&path, error))?;
        texts.push((path.display().to_string(), text));
    }
    texts.sort();
    Ok(texts)
}

/// Loads every model the specs name and builds the snapshot.
///
/// # Errors
/// Every deployment that cannot be served, with its cause.
pub async fn build(
    specs: Vec<EndpointSpec>,
    workshop: &Workshop<'_>,
) -> Result<Endpoints, Vec<String>> {
    let mut endpoints = Vec::new();
    let mut failures = Vec::new();
    for spec in specs {
        let mut deployments = Vec::new();
        for seat in &spec.deployments {
            match deployment(&spec, seat, workshop).await {
                Ok(deployment) => deployments.push(Arc::new(deployment)),
                Err(cause) => failures
                    .push(format!("endpoint {}, deployment {}: {cause}", spec.name, seat.name)),
            }
        }
        let weights: Vec<Weight> = deployments.iter().map(|d| d.weight).collect();
        match RouteTable::new(&weights) {
            Ok(routes) => endpoints.push(endpoint(spec, deployments, routes, workshop.metrics)),
            // Only when a deployment above has failed.
            Err(error) => failures.push(format!("endpoint {}: {error}", spec.name)),
        }
    }
    if failures.is_empty() { Ok(Endpoints::new(endpoints)) } else { Err(failures) }
}

fn endpoint(
    spec: EndpointSpec,
    deployments: Vec<Arc<Deployment>>,
    routes: RouteTable,
    metrics: &Metrics,
) -> Endpoint {
    let labels = Labels { endpoint: spec.name.to_string(), ..Labels::default() };
    let unrouted = metrics.series(labels);
    Endpoint { name: spec.name, revision: 1, deployments, routes, unrouted }
}

async fn deployment(
    endpoint: &EndpointSpec,
    seat: &DeploymentSpec,
    workshop: &Workshop<'_>,
) -> Result<Deployment, String> {
    let (manifest, runnable) =
        workshop.registry.open(&seat.model).await.map_err(|e| e.to_string())?;
    runnable.warm_up().map_err(|error| format!("warm-up: {error}"))?;
    let (name, version) = (seat.model.model.to_string(), seat.model.version.to_string());
    let source = Source {
        endpoint: endpoint.name.to_string(),
        deployment: seat.name.to_string(),
        model: name.clone(),
        version: version.clone(),
        model_digest: manifest.model_digest,
    };
    let labels = Labels {
        endpoint: source.endpoint.clone(),
        deployment: source.deployment.clone(),
        model: name,
        version,
    };
    let schema = record::row_schema(source, runnable.signature()).map_err(|e| e.to_string())?;
    let rows = workshop.collector.appender(Arc::new(schema));
    let series = workshop.metrics.series(labels);
    let (name, model, weight) = (seat.name.clone(), seat.model.clone(), seat.weight);
    let id = Deployment::next_id();
    Ok(Deployment { id, name, model, weight, runnable, series, rows })
}
