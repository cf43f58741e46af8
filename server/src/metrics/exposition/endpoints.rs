//! Families about what is served: weights, revisions, states, queues.

use prometheus::proto::{Metric, MetricFamily, MetricType};

use super::{family, gauge, label};
use crate::board::{Board, State};
use crate::endpoint::{Endpoint, Endpoints, Seat};

/// All of them.
pub(super) fn families(endpoints: &Endpoints, board: &Board) -> Vec<MetricFamily> {
    let gauges = |name, help, metrics| family(name, help, MetricType::GAUGE, metrics);
    let of_seats = |one: &dyn Fn(&Endpoint, &Seat) -> Option<Metric>| -> Vec<Metric> {
        let seats = endpoints.iter().flat_map(|e| e.seats.iter().map(move |seat| (e, seat)));
        seats.filter_map(|(endpoint, seat)| one(endpoint, seat)).collect()
    };
    let revisions = endpoints.iter().map(|endpoint| {
        gauge(vec![label("endpoint", endpoint.name.as_ref())], endpoint.revision as f64)
    });
    let faults = board.faults.len() + board.endpoints.iter().filter(|e| e.fault.is_some()).count();
    vec![
        gauges(
            "skeg_traffic_weight",
            "Share of the endpoint's traffic, as a ratio.",
            of_seats(&|endpoint, seat| Some(named(endpoint, seat, seat.weight.ratio()))),
        ),
        gauges(
            "skeg_mirror_weight",
            "Share of the others' traffic that is copied to the deployment, as a ratio.",
            of_seats(&|endpoint, seat| Some(named(endpoint, seat, seat.mirror.ratio()))),
        ),
        gauges(
            "skeg_queue_depth",
            "Requests that wait for a place at a deployment, to run on the pool.",
            of_seats(&|endpoint, seat| gated(endpoint, seat, |gate| gate.waiting())),
        ),
        gauges(
            "skeg_admitted",
            "Requests that have a place at a deployment, to run on the pool.",
            of_seats(&|endpoint, seat| gated(endpoint, seat, |gate| gate.admitted())),
        ),
        gauges(
            "skeg_endpoint_revision",
            "Snapshots of the endpoint that this process has served.",
            revisions.collect(),
        ),
        gauges(
            "skeg_endpoint_spec_info",
            "Always 1; the label spec is the digest of the served spec, alike on all replicas.",
            board.endpoints.iter().filter_map(spec_info).collect(),
        ),
        gauges(
            "skeg_deployment_state",
            "1 for the state that the deployment is in.",
            board.endpoints.iter().flat_map(states).collect(),
        ),
        gauges(
            "skeg_spec_faults",
            "Endpoint specs that do not serve as they stand.",
            vec![gauge(Vec::new(), faults as f64)],
        ),
    ]
}

fn named(endpoint: &Endpoint, seat: &Seat, value: f64) -> Metric {
    let deployment = seat.deployment.name.as_ref();
    gauge(vec![label("endpoint", endpoint.name.as_ref()), label("deployment", deployment)], value)
}

fn gated(
    endpoint: &Endpoint,
    seat: &Seat,
    read: impl Fn(&crate::admission::Gate) -> u32,
) -> Option<Metric> {
    let gate = seat.deployment.admission.gate()?;
    Some(named(endpoint, seat, read(gate).into()))
}

fn spec_info(endpoint: &crate::board::EndpointStatus) -> Option<Metric> {
    let spec = endpoint.spec.as_deref()?;
    Some(gauge(vec![label("endpoint", endpoint.name.as_ref()), label("spec", spec)], 1.0))
}

fn states(endpoint: &crate::board::EndpointStatus) -> Vec<Metric> {
    // One seat may have a model that serves, one that comes and one that goes.
    let one = |deployment: &crate::board::DeploymentStatus| {
        let (model, version) = (&deployment.model.model, &deployment.model.version);
        State::NAMES.map(|state| {
            let labels = vec![
                label("endpoint", endpoint.name.as_ref()),
                label("deployment", deployment.name.as_ref()),
                label("model", model.as_ref()),
                label("version", version.as_ref()),
                label("state", state),
            ];
            gauge(labels, f64::from(u8::from(state == deployment.state.name())))
        })
    };
    endpoint.deployments.iter().flat_map(one).collect()
}
