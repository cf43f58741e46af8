//! A spec and its loaded models -> an endpoint that serves; what has not changed stays the same.

use std::sync::Arc;
use std::time::Duration;

use collector::{Collector, HashKey, RowSchema, Sampling, Source};
use model_loader::ModelRef;

use super::load::Loaded;
use crate::admission::Admission;
use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Seat, Sticky, Unready};
use crate::metrics::{Labels, Metrics};
use crate::panes::Subject;
use crate::pool::Lane;
use crate::record;
use crate::route::{Rendezvous, RouteTable, Weight};
use crate::spec::{DeploymentSpec, EndpointSpec, Execution};

/// What takes longer, a row of the model or all rows of a request, does not run on a thread that
/// reads sockets.
const INLINE_MAX: Duration = Duration::from_micros(200);

/// What deployments are made with.
#[derive(Debug)]
pub(super) struct Workbench<'a> {
    /// Gives each deployment its series.
    pub(super) metrics: &'a Metrics,
    /// Gives each deployment its appender.
    pub(super) collector: &'a Collector,
    /// Scoring threads.
    pub(super) workers: usize,
    /// The key of the endpoint's hashes, if it has any.
    pub(super) hash_key: Option<&'a HashKey>,
}

/// Builds revision `revision` of an endpoint over the models that `loaded` gives; a deployment
/// whose model is not there becomes unready. Deployments of `before` that are to be the same are
/// kept.
///
/// # Errors
/// A sentence that names the deployment, when its rows have no schema.
pub(super) fn endpoint(
    (spec, models): (&EndpointSpec, &[ModelRef]),
    revision: u64,
    before: Option<&Endpoint>,
    loaded: impl Fn(&ModelRef) -> Option<Arc<Loaded>>,
    bench: &Workbench<'_>,
) -> Result<Endpoint, String> {
    let unready = unready(spec, models, |version| loaded(version).is_some());
    let mut seats = Vec::new();
    for (wanted, version) in spec.deployments.iter().zip(models) {
        let Some(model) = loaded(version) else {
            seats.extend(before.and_then(|before| stand_in(spec, wanted, before, bench)));
            continue;
        };
        let made = deployment(spec, (wanted, version), &model, bench)?;
        let same = before.and_then(|before| before.seats.iter().find(|seat| same(seat, &made)));
        let deployment = same.map_or_else(|| Arc::new(made), |seat| Arc::clone(&seat.deployment));
        seats.push(Seat { deployment, weight: wanted.weight, mirror: wanted.mirror });
    }
    warn_of_mirrors(spec, &seats);
    let weights: Vec<Weight> = seats.iter().map(|seat| seat.weight).collect();
    let named = seats.iter().map(|seat| (seat.deployment.name.as_ref(), seat.weight));
    let keys = Rendezvous::new(named);
    let sticky = spec.sticky.clone().map(|header| Sticky { header, keys });
    let labels = Labels { endpoint: spec.name.to_string(), ..Labels::default() };
    Ok(Endpoint {
        name: spec.name.clone(),
        revision,
        routes: RouteTable::over(&weights),
        sticky,
        seats,
        unready,
        unrouted: bench.metrics.series(labels),
        drift: spec.drift.clone().map(Arc::new),
    })
}

/// What sat in a seat before, where what is to sit there is not ready and has no traffic: whoever
/// asks for the deployment by name still finds it. Not where its rows would be stored under other
/// privacy rules than the spec's.
fn stand_in(
    spec: &EndpointSpec,
    wanted: &DeploymentSpec,
    before: &Endpoint,
    bench: &Workbench<'_>,
) -> Option<Seat> {
    let seat = before.seats.iter().find(|seat| seat.deployment.name == wanted.name)?;
    let (rules, key) = (&seat.deployment.collect.privacy, seat.deployment.hash_key.as_ref());
    if *rules != spec.collect.privacy || key != bench.hash_key {
        return None;
    }
    let (weight, mirror) = (wanted.weight, Weight::default());
    (weight == Weight::default()).then(|| Seat {
        deployment: Arc::clone(&seat.deployment),
        weight,
        mirror,
    })
}

/// Says which mirrors cannot be given what others are asked: their copies will only be counted.
fn warn_of_mirrors(spec: &EndpointSpec, seats: &[Seat]) {
    let none = Weight::default();
    for mirror in seats.iter().filter(|seat| seat.mirror > none) {
        for live in seats.iter().filter(|seat| seat.weight > none) {
            let signature = mirror.deployment.runnable.signature();
            if let Err(error) = signature.takes_from(live.deployment.runnable.signature()) {
                let (to, of) = (&mirror.deployment.name, &live.deployment.name);
                tracing::warn!(endpoint = %spec.name, %to, %of, %error, "a mirror lacks inputs");
            }
        }
    }
}

/// The deployments of a spec whose models are not there.
pub(super) fn unready(
    spec: &EndpointSpec,
    models: &[ModelRef],
    is_there: impl Fn(&ModelRef) -> bool,
) -> Vec<Unready> {
    let missing = spec.deployments.iter().zip(models).filter(|(_, model)| !is_there(model));
    let unready = missing.map(|(wanted, model)| Unready {
        name: wanted.name.clone(),
        version: model.version.clone(),
        weight: wanted.weight,
    });
    unready.collect()
}

/// Whether nothing about a deployment is to change.
fn same(seat: &Seat, made: &Deployment) -> bool {
    let there = &seat.deployment;
    there.name == made.name
        && there.model == made.model
        && Arc::ptr_eq(&there.runnable, &made.runnable)
        && there.admission.same(&made.admission)
        && there.batching() == made.batching()
        && there.timeout == made.timeout
        && there.collect == made.collect
        && there.hash_key == made.hash_key
}

fn deployment(
    spec: &EndpointSpec,
    (wanted, model): (&DeploymentSpec, &ModelRef),
    loaded: &Loaded,
    bench: &Workbench<'_>,
) -> Result<Deployment, String> {
    let (name, version) = (model.model.to_string(), model.version.to_string());
    let labels = Labels {
        endpoint: spec.name.to_string(),
        deployment: wanted.name.to_string(),
        model: name,
        version,
    };
    if wanted.batching.is_on() {
        let signature = loaded.model.signature();
        signature.batchable().map_err(|why| format!("deployment {}: {why}", wanted.name))?;
    }
    let schema = schema(spec, (wanted, model), loaded, bench.hash_key)?;
    let sampling = Sampling::new(spec.collect.sampling);
    let rows = bench.collector.appender(Arc::new(schema), sampling);
    let rows = rows.map_err(|error| format!("deployment {}: {error}", wanted.name))?;
    Ok(Deployment {
        id: Deployment::next_id(),
        name: wanted.name.clone(),
        model: model.clone(),
        runnable: Arc::clone(&loaded.model),
        admission: admission(wanted, loaded, bench.workers),
        lane: Lane::new(wanted.batching),
        timeout: wanted.timeout,
        series: bench.metrics.series(labels),
        collect: spec.collect.clone(),
        hash_key: bench.hash_key.cloned(),
        rows,
        subject: Arc::new(subject(spec, (wanted, model), loaded)),
    })
}

/// How a deployment's rows are counted.
fn subject(
    spec: &EndpointSpec,
    (wanted, model): (&DeploymentSpec, &ModelRef),
    loaded: &Loaded,
) -> Subject {
    let signature = loaded.model.signature();
    let mut blocks = record::inputs(signature);
    blocks.extend(record::outputs(signature));
    let baseline = loaded.baseline.as_ref();
    let covered = record::covered(&spec.collect);
    Subject {
        endpoint: spec.name.to_string(),
        deployment: wanted.name.to_string(),
        model: model.model.to_string(),
        version: model.version.to_string(),
        digest: loaded.digest.clone(),
        baseline: baseline.map(|(digest, _)| digest.clone()),
        plan: Subject::plan(baseline.map(|(_, baseline)| baseline), &blocks, |name| {
            covered.contains(name)
        }),
    }
}

/// The schema of a deployment's rows.
///
/// # Errors
/// A sentence that names the deployment, when the spec asks of the model's rows what cannot be.
pub(super) fn schema(
    spec: &EndpointSpec,
    (wanted, model): (&DeploymentSpec, &ModelRef),
    loaded: &Loaded,
    key: Option<&HashKey>,
) -> Result<RowSchema, String> {
    let source = Source {
        endpoint: spec.name.to_string(),
        deployment: wanted.name.to_string(),
        model: model.model.to_string(),
        version: model.version.to_string(),
        model_digest: loaded.digest.clone(),
        baseline: loaded.baseline.as_ref().map(|(digest, _)| digest.clone()),
    };
    let schema = record::row_schema(source, loaded.model.signature(), &spec.collect, key);
    schema.map_err(|error| format!("deployment {}: {error}", wanted.name))
}

fn admission(wanted: &DeploymentSpec, loaded: &Loaded, workers: usize) -> Admission {
    let limits @ (max_concurrent, queue) = (wanted.max_concurrent, wanted.queue);
    // What one row costs is more than each of several does: this errs towards the pool.
    let inline_rows = INLINE_MAX.as_nanos() / loaded.cost.as_nanos().max(1);
    let inline_rows = usize::try_from(inline_rows).unwrap_or(usize::MAX);
    // Inline, every worker runs one: fewer at once than there are workers takes a gate, and those
    // that wait to be run together wait at the pool.
    let fits = max_concurrent as usize >= workers && !wanted.batching.is_on();
    match wanted.execution {
        Execution::Inline => Admission::inline(limits, workers, None),
        Execution::Auto if inline_rows > 0 && fits => {
            Admission::inline(limits, workers, Some(inline_rows))
        }
        Execution::Auto | Execution::Pool => Admission::pool(max_concurrent, queue),
    }
}
