//! Families about drift: the last look at each endpoint, on the replica that looks.

use drift::Verdict;
use drift::report::{ColumnReport, DeploymentReport};
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::{counter, family, gauge, label};
use crate::monitor::Seen;

/// None but the counts of looks while another replica looks.
pub(super) fn families(seen: &Seen) -> [MetricFamily; 5] {
    let (mut distances, mut verdicts, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (endpoint, report) in seen.reports().iter() {
        for of in &report.deployments {
            let labels = labels(endpoint, of);
            rows.push(gauge(labels.clone(), of.rows as f64));
            if let Some(verdict) = of.verdict {
                verdicts.push(gauge(labels.clone(), code(verdict)));
            }
            distances.extend(of.columns.iter().flat_map(|column| measures(&labels, column)));
        }
    }
    let (looks, failures) = seen.looks();
    let look = |outcome: &str, count: u64| counter(vec![label("outcome", outcome)], count);
    let looks = match looks {
        0 => Vec::new(),
        looks => vec![look("done", looks - failures), look("failed", failures)],
    };
    [
        family(
            "skeg_drift",
            "Distance of a column's live rows from its baseline, in the window last looked at.",
            MetricType::GAUGE,
            distances,
        ),
        family(
            "skeg_drift_verdict",
            "Of a deployment: 0 ok, 1 insufficient data, 2 drift.",
            MetricType::GAUGE,
            verdicts,
        ),
        family(
            "skeg_drift_window_rows",
            "Rows of a deployment in the window last looked at.",
            MetricType::GAUGE,
            rows,
        ),
        family(
            "skeg_drift_looks_total",
            "Looks at an endpoint's window by this replica.",
            MetricType::COUNTER,
            looks,
        ),
        family(
            "skeg_panes_lost_total",
            "Counters of a deployment's minute lost: the store was away for too long.",
            MetricType::COUNTER,
            vec![counter(Vec::new(), seen.lost_panes())],
        ),
    ]
}

fn labels(endpoint: &str, of: &DeploymentReport) -> Vec<LabelPair> {
    let mirrored = if of.mirrored { "true" } else { "false" };
    vec![
        label("endpoint", endpoint),
        label("deployment", &of.deployment),
        label("model", &of.model),
        label("version", &of.version),
        label("mirrored", mirrored),
    ]
}

fn code(verdict: Verdict) -> f64 {
    match verdict {
        Verdict::Ok => 0.0,
        Verdict::InsufficientData => 1.0,
        Verdict::Drift => 2.0,
    }
}

/// The distances of a column that could be measured.
fn measures(labels: &[LabelPair], of: &ColumnReport) -> Vec<Metric> {
    let found = [
        ("psi", of.measures.psi.map(|psi| psi.value)),
        ("jensen_shannon", of.measures.jensen_shannon),
        ("ks", of.measures.ks.map(|ks| ks.low)),
        ("wasserstein", of.measures.wasserstein),
        ("l_infinity", of.measures.l_infinity),
        ("missing_rate", of.current.missing_rate()),
        ("outside_rate", outside(of)),
    ];
    let series = |(metric, value): (&str, Option<f64>)| {
        let mut labels = labels.to_vec();
        labels.extend([label("feature", &of.name), label("metric", metric)]);
        Some(gauge(labels, value?))
    };
    found.into_iter().filter_map(series).collect()
}

/// Share of rows whose value the baseline has no place for.
fn outside(of: &ColumnReport) -> Option<f64> {
    let rows = of.current.rows;
    let outside = of.current.below + of.current.above + of.current.unseen;
    (rows > 0).then(|| outside as f64 / rows as f64)
}
