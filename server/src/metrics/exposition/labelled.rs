//! Families about labels: those that came for each endpoint, and bodies that were refused.

use std::sync::PoisonError;

use prometheus::proto::{MetricFamily, MetricType};

use super::{counter, family, label};
use crate::metrics::{Metrics, Series};

/// Name and help, in the order of what `Labelled::read` gives.
const FAMILIES: [(&str, &str); 2] = [
    ("skeg_labels_total", "Labels that the store has taken."),
    ("skeg_labels_refused_total", "Bodies with labels that were not taken."),
];

/// Both, for every endpoint, so that a rate exists from the first scrape.
pub(super) fn families(metrics: &Metrics) -> impl Iterator<Item = MetricFamily> {
    let all = metrics.series.lock().unwrap_or_else(PoisonError::into_inner).clone();
    FAMILIES.iter().enumerate().map(move |(place, (name, help))| {
        // An endpoint's own series is that without a deployment.
        let is_endpoints = |series: &&Series| {
            !series.labels.endpoint.is_empty() && series.labels.deployment.is_empty()
        };
        let of_endpoints = all.iter().map(|series| &**series).filter(is_endpoints);
        let counted = of_endpoints.map(|series| {
            let of = vec![label("endpoint", &series.labels.endpoint)];
            counter(of, series.labelled.read()[place])
        });
        family(name, help, MetricType::COUNTER, counted.collect())
    })
}
