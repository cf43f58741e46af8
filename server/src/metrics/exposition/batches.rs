//! Families about batches: how often a model ran, and for how many requests and rows.

use std::sync::PoisonError;

use prometheus::proto::{MetricFamily, MetricType};

use super::{counter, family, labels};
use crate::metrics::Metrics;

/// Name and help, in the order of what `Batched::read` gives.
const FAMILIES: [(&str, &str); 3] = [
    ("skeg_batches_total", "Runs of a model whose deployment batches."),
    ("skeg_batch_requests_total", "Requests in those runs."),
    ("skeg_batch_rows_total", "Rows in those runs."),
];

/// All of them; none while no deployment has batched.
pub(super) fn families(metrics: &Metrics) -> impl Iterator<Item = MetricFamily> {
    let all = metrics.series.lock().unwrap_or_else(PoisonError::into_inner).clone();
    FAMILIES.iter().enumerate().map(move |(place, (name, help))| {
        let counted = all.iter().filter_map(|series| {
            Some(counter(labels(&series.labels), series.batched.read()?[place]))
        });
        family(name, help, MetricType::COUNTER, counted.collect())
    })
}
