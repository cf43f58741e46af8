//! Families about alerts: what became of them, and how many wait.

use prometheus::proto::{MetricFamily, MetricType};

use super::{counter, family, gauge, label};
use crate::metrics::Metrics;
use crate::metrics::alerted::Counted;

/// None of both while no endpoint has alerts.
pub(super) fn families(metrics: &Metrics) -> [MetricFamily; 2] {
    let counted = metrics.alerts.read();
    let pending = match counted.is_empty() {
        true => Vec::new(),
        false => vec![gauge(Vec::new(), metrics.alerts.pending() as f64)],
    };
    let of = |one: Counted| {
        let labels = vec![
            label("endpoint", &one.endpoint),
            label("format", &one.form),
            label("outcome", one.outcome),
        ];
        counter(labels, one.count)
    };
    let alerts = counted.into_iter().map(of).collect();
    let told = "Tries to deliver an alert that were taken or failed, and alerts given up.";
    let waiting = "Alerts that wait for their delivery; shown by the replica that delivers.";
    [
        family("skeg_alerts_total", told, MetricType::COUNTER, alerts),
        family("skeg_alerts_pending", waiting, MetricType::GAUGE, pending),
    ]
}

#[cfg(test)]
mod tests {
    //! What is counted is shown under its labels; nothing is before there are alerts.

    use prometheus::{Encoder as _, TextEncoder};

    use crate::metrics::Metrics;
    use crate::metrics::alerted::Outcome;

    fn text(metrics: &Metrics) -> String {
        let mut families = Vec::from(super::families(metrics));
        families.retain(|family| !family.get_metric().is_empty());
        let mut out = Vec::new();
        TextEncoder::new().encode(&families, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn outcomes_have_their_labels() {
        let metrics = Metrics::new(1);
        assert_eq!(text(&metrics), "");
        metrics.alerts.expect("fraud", "github");
        metrics.alerts.count("fraud", "github", Outcome::Failed);
        metrics.alerts.count("fraud", "github", Outcome::Failed);
        metrics.alerts.count("fraud", "github", Outcome::GivenUp);
        metrics.alerts.set_pending(3);
        let text = text(&metrics);
        for (outcome, count) in [("sent", 0), ("failed", 2), ("given_up", 1)] {
            let labels = r#"endpoint="fraud",format="github",outcome="#;
            let line = format!("skeg_alerts_total{{{labels}\"{outcome}\"}} {count}\n");
            assert!(text.contains(&line), "{line} is not in {text}");
        }
        assert!(text.contains("\nskeg_alerts_pending 3\n"), "{text}");
    }
}
