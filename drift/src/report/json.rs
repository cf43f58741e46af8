//! The report's JSON, format "skeg-drift-report/1". Keys are added, never renamed or dropped.

use serde::Serialize;

use super::{Entry, Report};
use crate::analyze::{FeatureAnalysis, Verdict};
use crate::window::instant;

const FORMAT: &str = "skeg-drift-report/1";

#[derive(Debug, Serialize)]
struct ReportFile<'a> {
    format: &'a str,
    endpoint: &'a str,
    /// RFC 3339, half-open.
    window: WindowFile,
    /// "ok", "insufficient data" or "drift", here and below.
    verdict: String,
    metric: &'a str,
    threshold: f64,
    confidence: f64,
    deployments: Vec<DeploymentFile<'a>>,
}

#[derive(Debug, Serialize)]
struct WindowFile {
    start: String,
    end: String,
}

#[derive(Debug, Serialize)]
struct DeploymentFile<'a> {
    deployment: &'a str,
    model: &'a str,
    version: &'a str,
    rows: u64,
    /// Null without a baseline; so is the verdict.
    baseline_rows: Option<u64>,
    verdict: Option<String>,
    features: Vec<FeatureFile<'a>>,
    not_compared: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct FeatureFile<'a> {
    feature: &'a str,
    verdict: String,
    /// Null without rows; so are `critical` and `missing_rate`.
    psi: Option<f64>,
    critical: Option<f64>,
    threshold: f64,
    bins: usize,
    rows: u64,
    missing_rate: Option<f64>,
    baseline_missing_rate: f64,
    below_min: u64,
    above_max: u64,
}

pub(crate) fn write(report: &Report) -> String {
    let window = report.window;
    let file = ReportFile {
        format: FORMAT,
        endpoint: &report.endpoint,
        window: WindowFile {
            start: instant(window.start()).to_string(),
            end: instant(window.end()).to_string(),
        },
        verdict: report.verdict().to_string(),
        metric: "PSI over reference deciles and missing values, 1 added to each count",
        threshold: report.thresholds.psi(),
        confidence: report.thresholds.confidence(),
        deployments: report.deployments.iter().map(DeploymentFile::new).collect(),
    };
    serde_json::to_string(&file).expect("strings and numbers always serialise")
}

// === impl DeploymentFile ===

impl<'a> DeploymentFile<'a> {
    fn new(entry: &'a Entry) -> Self {
        let analysis = entry.judged.as_ref().map(|judged| &judged.analysis);
        let baseline_rows = analysis.map(|analysis| analysis.baseline_rows);
        let features = analysis.iter().flat_map(|analysis| &analysis.features);
        let skipped = entry.judged.iter().flat_map(|judged| &judged.skipped);
        let skipped = skipped.map(|skipped| skipped.name.as_str());
        let covered = analysis.iter().flat_map(|analysis| &analysis.covered).map(String::as_str);
        DeploymentFile {
            deployment: &entry.deployment,
            model: &entry.model,
            version: &entry.version,
            rows: entry.rows,
            baseline_rows,
            verdict: analysis.map(|analysis| analysis.verdict().to_string()),
            features: features.map(|f| FeatureFile::new(f, baseline_rows.unwrap_or(0))).collect(),
            not_compared: skipped.chain(covered).collect(),
        }
    }
}

// === impl FeatureFile ===

impl<'a> FeatureFile<'a> {
    fn new(of: &'a FeatureAnalysis, baseline_rows: u64) -> Self {
        let rate = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        FeatureFile {
            feature: &of.feature,
            verdict: Verdict::to_string(&of.verdict),
            psi: of.psi,
            critical: of.critical,
            threshold: of.threshold,
            bins: of.bins,
            rows: of.rows,
            missing_rate: rate(of.missing, of.rows),
            baseline_missing_rate: rate(of.baseline_missing, baseline_rows).unwrap_or(0.0),
            below_min: of.below_min,
            above_max: of.above_max,
        }
    }
}
