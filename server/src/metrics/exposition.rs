//! The text of `/metrics`: series added over the workers, as Prometheus families.
//!
//! Called by `http::admin` at each scrape, off the scoring threads. Names and labels are those of
//! ARCHITECTURE.md; a label value never comes from a request.

mod alerted;
mod drift;
mod batches;
mod endpoints;
mod labelled;
mod mirror;

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use collector::Collector;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};
use prometheus::{Encoder, TextEncoder};

use super::histogram::{Snapshot, bounds_seconds};
use super::{Labels, Metrics, Series};
use crate::error::STATUSES;
use crate::protocol::Protocol;
use crate::worker::Shared;

/// Renders everything there is to scrape.
pub fn text(shared: &Shared, collector: &Collector) -> String {
    let metrics = &shared.metrics;
    let mut families = scoring(metrics);
    families.push(refused(metrics));
    families.extend(endpoints::families(&shared.endpoints.load(), &shared.board.load()));
    families.extend(mirror::families(metrics));
    families.extend(batches::families(metrics));
    families.extend(labelled::families(metrics));
    families.extend(alerted::families(metrics));
    families.extend(drift::families(&shared.seen));
    families.extend([rows(collector), sink(collector), spool(collector)]);
    families.extend(puts(collector));
    families.push(build_info());
    families.retain(|family| !family.get_metric().is_empty());
    let mut out = Vec::new();
    TextEncoder::new().encode(&families, &mut out).expect("families are well formed");
    String::from_utf8(out).expect("labels and help are text")
}

fn scoring(metrics: &Metrics) -> Vec<MetricFamily> {
    let all = metrics.series.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let duration = |series: &Series| sum(series, |cells, total| cells.duration.add_to(total));
    let inference = |series: &Series| sum(series, |cells, total| cells.inference.add_to(total));
    vec![
        family(
            "skeg_requests_total",
            "Scoring requests answered, by deployment and HTTP status.",
            MetricType::COUNTER,
            all.iter().flat_map(|series| requests(series)).collect(),
        ),
        family(
            "skeg_request_duration_seconds",
            "Time from a request's head to its encoded reply.",
            MetricType::HISTOGRAM,
            all.iter().map(|s| histogram(labels(&s.labels), &duration(s))).collect(),
        ),
        family(
            "skeg_inference_duration_seconds",
            "Time in the model.",
            MetricType::HISTOGRAM,
            all.iter()
                .filter(|series| !series.labels.deployment.is_empty())
                .map(|s| histogram(labels(&s.labels), &inference(s)))
                .collect(),
        ),
        family(
            "skeg_inflight",
            "Scoring requests being read, scored or answered.",
            MetricType::GAUGE,
            vec![gauge(Vec::new(), metrics.inflight() as f64)],
        ),
    ]
}

fn requests(series: &Series) -> Vec<Metric> {
    let of_one = |(protocol, place, status): (Protocol, usize, u16)| {
        let counts = series.cells.iter().map(|cells| &cells.requests[protocol as usize][place]);
        let total: u64 = counts.map(|count| count.load(Ordering::Relaxed)).sum();
        // One is always shown, so that a rate exists from the first scrape.
        let first = status == 200 && protocol == Protocol::OipHttp;
        let shown = total > 0 || (first && !series.labels.deployment.is_empty());
        shown.then(|| {
            let mut labels = labels(&series.labels);
            labels.push(label("protocol", protocol.name()));
            labels.push(label("code", &status.to_string()));
            counter(labels, total)
        })
    };
    let statuses = STATUSES.iter().enumerate();
    let all = Protocol::ALL.into_iter().flat_map(|protocol| {
        statuses.clone().map(move |(place, status)| (protocol, place, *status))
    });
    all.filter_map(of_one).collect()
}

fn refused(metrics: &Metrics) -> MetricFamily {
    let of_reason = |(reason, count)| counter(vec![label("reason", reason)], count);
    family(
        "skeg_refused_total",
        "Requests and connections refused or cut off at the door, by reason.",
        MetricType::COUNTER,
        metrics.refused.totals().map(of_reason).collect(),
    )
}

fn rows(collector: &Collector) -> MetricFamily {
    let metric = |counted: collector::Counted| {
        let labels = vec![
            label("endpoint", &counted.endpoint),
            label("stage", counted.stage),
            label("reason", counted.reason),
        ];
        counter(labels, counted.rows)
    };
    family(
        "skeg_rows_total",
        "Scored rows by how far they came: offered = sampled_out + dropped + spooled, \
         spooled + recovered = written + lost + those still pending.",
        MetricType::COUNTER,
        collector.counters().into_iter().map(metric).collect(),
    )
}

fn sink(collector: &Collector) -> MetricFamily {
    let puts = collector.put_seconds();
    let bounds = puts.bounds_seconds.iter().copied();
    family(
        "skeg_sink_duration_seconds",
        "Time the store takes to accept a row file.",
        MetricType::HISTOGRAM,
        vec![buckets(Vec::new(), bounds, &puts.counts, puts.sum_seconds)],
    )
}

fn spool(collector: &Collector) -> MetricFamily {
    let help = "Bytes of this process's segments in the spool, written to or not.";
    let bytes = gauge(Vec::new(), collector.spool_bytes() as f64);
    family("skeg_spool_bytes", help, MetricType::GAUGE, vec![bytes])
}

fn puts(collector: &Collector) -> [MetricFamily; 4] {
    let of = |name, help, value| {
        family(name, help, MetricType::COUNTER, vec![counter(Vec::new(), value)])
    };
    let [files, bytes, retries, lost] = collector.puts();
    [
        of("skeg_sink_files_total", "Files that the store has taken.", files),
        of("skeg_sink_bytes_total", "Bytes of the files that the store has taken.", bytes),
        of("skeg_sink_retries_total", "Puts that failed and were repeated.", retries),
        of("skeg_sink_files_lost_total", "Files that were given up.", lost),
    ]
}

fn build_info() -> MetricFamily {
    let labels = vec![label("version", env!("CARGO_PKG_VERSION"))];
    let help = "Always 1; the labels name the build.";
    family("skeg_build_info", help, MetricType::GAUGE, vec![gauge(labels, 1.0)])
}

fn sum(series: &Series, add: impl Fn(&super::Cells, &mut Snapshot)) -> Snapshot {
    let mut total = Snapshot::default();
    for cells in &series.cells {
        add(cells, &mut total);
    }
    total
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

fn labels(of: &Labels) -> Vec<LabelPair> {
    vec![
        label("endpoint", &of.endpoint),
        label("deployment", &of.deployment),
        label("model", &of.model),
        label("version", &of.version),
    ]
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

fn counter(labels: Vec<LabelPair>, value: u64) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(value as f64);
    let mut metric = Metric::from_label(labels);
    metric.set_counter(counter);
    metric
}

fn gauge(labels: Vec<LabelPair>, value: f64) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::from_label(labels);
    metric.set_gauge(gauge);
    metric
}

fn histogram(labels: Vec<LabelPair>, snapshot: &Snapshot) -> Metric {
    buckets(labels, bounds_seconds(), &snapshot.counts, snapshot.sum_ns as f64 / 1e9)
}

/// `counts` has one entry more than `bounds`, the unbounded bucket.
fn buckets(
    labels: Vec<LabelPair>,
    bounds: impl Iterator<Item = f64>,
    counts: &[u64],
    sum_seconds: f64,
) -> Metric {
    let mut below = 0;
    let bucket = |(bound, count): (f64, &u64)| {
        below += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound);
        bucket.set_cumulative_count(below);
        bucket
    };
    let mut histogram = Histogram::default();
    histogram.set_bucket(bounds.zip(counts).map(bucket).collect());
    histogram.set_sample_count(counts.iter().sum());
    histogram.set_sample_sum(sum_seconds);
    let mut metric = Metric::from_label(labels);
    metric.set_histogram(histogram);
    metric
}
