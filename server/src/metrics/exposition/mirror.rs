//! Families about mirrored requests: how many, how often labels differ, how far scores lie apart.

use std::sync::{Arc, PoisonError};

use prometheus::proto::{Metric, MetricFamily, MetricType};

use super::{buckets, counter, family, gauge, label, labels};
use crate::metrics::mirrored::{BOUNDS, Counted};
use crate::metrics::{Metrics, Series};

/// All of them; none while nothing has been mirrored.
pub(super) fn families(metrics: &Metrics) -> Vec<MetricFamily> {
    let all = metrics.series.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let read = |series: &Arc<Series>| Some((Arc::clone(series), series.mirrored.read()?));
    let counted: Vec<(Arc<Series>, Counted)> = all.iter().filter_map(read).collect();
    let of_each = |one: &dyn Fn(&Series, &Counted) -> Vec<Metric>| -> Vec<Metric> {
        counted.iter().flat_map(|(series, counted)| one(series, counted)).collect()
    };
    vec![
        family(
            "skeg_mirror_rows_total",
            "Mirrored rows by how their labels compared with the live answer's.",
            MetricType::COUNTER,
            of_each(&|series, counted| {
                let equal = counted.rows - counted.disagreeing.min(counted.rows);
                vec![
                    result(series, "agreed", equal),
                    result(series, "disagreed", counted.disagreeing),
                ]
            }),
        ),
        family(
            "skeg_mirror_lost_total",
            "Mirrored requests that gave no comparison.",
            MetricType::COUNTER,
            of_each(&|series, counted| {
                vec![
                    result(series, "failed", counted.failed),
                    result(series, "dropped", counted.dropped),
                ]
            }),
        ),
        family(
            "skeg_mirror_disagreement_ratio",
            "Share of the mirrored rows whose label differs from the live answer's.",
            MetricType::GAUGE,
            of_each(&|series, counted| {
                let ratio = counted.disagreeing as f64 / counted.rows.max(1) as f64;
                vec![gauge(labels(&series.labels), ratio)]
            }),
        ),
        family(
            "skeg_mirror_score_difference",
            "Largest difference of a mirrored row's scores from the live answer's.",
            MetricType::HISTOGRAM,
            of_each(&|series, counted| {
                let bounds = BOUNDS.iter().copied();
                vec![buckets(labels(&series.labels), bounds, &counted.differences, counted.sum)]
            }),
        ),
    ]
}

fn result(series: &Series, result: &str, count: u64) -> Metric {
    let mut labels = labels(&series.labels);
    labels.push(label("result", result));
    counter(labels, count)
}
