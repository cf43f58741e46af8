//! The report's JSON, format "skeg-drift-report/2". Keys are added, never renamed or dropped.
//!
//! Rates are shares of rows, 0 to 1. What could not be measured is null.

use serde::{Deserialize, Serialize};

use super::Histogram;
use crate::analyze::{ColumnAnalysis, Measures, Quality, Thresholds, Verdict};
use crate::baseline::{Bins, Column};
use crate::window::{Window, instant};

/// What the key `format` says.
pub const FORMAT: &str = "skeg-drift-report/2";

/// One endpoint over one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// "skeg-drift-report/2".
    pub format: String,
    /// The endpoint.
    pub endpoint: String,
    /// The time looked at.
    pub window: WindowReport,
    /// Of the whole.
    pub verdict: Verdict,
    /// What counts as drift.
    pub thresholds: ThresholdsReport,
    /// Each model version at each deployment, against its baseline.
    pub deployments: Vec<DeploymentReport>,
    /// Against each other, and against other times.
    #[serde(default)]
    pub comparisons: Vec<ComparisonReport>,
}

/// A window, half-open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowReport {
    /// RFC 3339.
    pub start: String,
    /// RFC 3339, the first instant after it.
    pub end: String,
}

/// What counts as drift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdsReport {
    /// Least PSI.
    pub psi: f64,
    /// Least Kolmogorov-Smirnov distance.
    pub ks: f64,
    /// How rarely chance may be called drift, over all columns of a deployment together.
    pub confidence: f64,
}

/// One model version at one deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentReport {
    /// The deployment.
    pub deployment: String,
    /// Its model.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// Whether these are answers to copies of others' requests.
    pub mirrored: bool,
    /// Rows in the window.
    pub rows: u64,
    /// Requests in the window; null when only rows were read.
    pub traffic: Option<TrafficReport>,
    /// Null without a baseline; so is the verdict.
    pub baseline_rows: Option<u64>,
    /// The worst of its columns.
    pub verdict: Option<Verdict>,
    /// In the baseline's order.
    pub columns: Vec<ColumnReport>,
    /// Columns without a verdict.
    pub not_compared: Vec<NotCompared>,
}

/// Requests of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficReport {
    /// All of them.
    pub requests: u64,
    /// Answered with 400 to 499.
    pub client_errors: u64,
    /// Answered with 500 to 599.
    pub server_errors: u64,
    /// Median of the time to answer, microseconds, rounded up to an edge of its histogram.
    pub latency_p50_us: Option<u32>,
    /// Its 99th percentile.
    pub latency_p99_us: Option<u32>,
}

/// A profile held against another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonReport {
    /// What the reference is: "previous window", "same hour last week", "deployment".
    pub kind: String,
    /// Its name.
    pub reference: String,
    /// The name of what is held against it.
    pub current: String,
    /// Rows of the reference.
    pub reference_rows: u64,
    /// Rows held against it.
    pub rows: u64,
    /// The worst of its columns.
    pub verdict: Verdict,
    /// In the baseline's order.
    pub columns: Vec<ColumnReport>,
    /// Columns without a verdict.
    pub not_compared: Vec<NotCompared>,
}

/// A column without a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCompared {
    /// Its name.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnReport {
    /// Its name in row files: `in.amount`, `out.probability`.
    pub name: String,
    /// "number" or "category".
    pub kind: String,
    /// Of this column.
    pub verdict: Verdict,
    /// The measures that are drift: "psi", "ks".
    pub drifting: Vec<String>,
    /// Distances.
    pub measures: MeasuresReport,
    /// Live rows.
    pub current: QualityReport,
    /// Rows of the reference.
    pub reference: QualityReport,
    /// Both sides, to draw.
    pub histogram: Histogram,
}

/// Distances of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuresReport {
    /// PSI over reference deciles (or categories) and missing values, 1 added to each count.
    pub psi: Option<PsiReport>,
    /// Jensen-Shannon distance, base 2, over the same.
    pub jensen_shannon: Option<f64>,
    /// Kolmogorov-Smirnov distance of numbers.
    pub ks: Option<KsReport>,
    /// Wasserstein distance in standard deviations of the baseline, within its range.
    pub wasserstein: Option<f64>,
    /// Two-sample chi-square of categories.
    pub chi_square: Option<TestReport>,
    /// Greatest difference of a category's share.
    pub l_infinity: Option<f64>,
}

/// A PSI.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PsiReport {
    /// The index.
    pub value: f64,
    /// Groups it was taken over.
    pub groups: usize,
    /// What chance stays below, in the strictest case of all columns together.
    pub critical: f64,
    /// Probability of as much by chance.
    pub p: f64,
}

/// A Kolmogorov-Smirnov distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KsReport {
    /// It is this or more.
    pub low: f64,
    /// It is this or less.
    pub high: f64,
    /// What chance stays below, in the strictest case of all columns together.
    pub critical: f64,
    /// Probability of `low` or more by chance.
    pub p: f64,
}

/// A test statistic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: usize,
    /// Probability of as much by chance.
    pub p: f64,
}

/// Rows of one side and what is wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// Rows of this column; 0 when it is not logged.
    pub rows: u64,
    /// Share of rows without a value.
    pub null_rate: Option<f64>,
    /// Share of rows that are not a number.
    pub nan_rate: Option<f64>,
    /// Share of infinite values.
    pub infinite_rate: Option<f64>,
    /// Rows below the baseline's least value.
    pub below: u64,
    /// Rows above the baseline's greatest value.
    pub above: u64,
    /// Rows with a text that the baseline has no bin for.
    pub unseen: u64,
    /// Least value of numbers.
    pub min: Option<f64>,
    /// Greatest value of numbers.
    pub max: Option<f64>,
}

// === impl WindowReport ===

impl WindowReport {
    pub(super) fn new(of: Window) -> WindowReport {
        let [start, end] = [of.start(), of.end()].map(|time| instant(time).to_string());
        WindowReport { start, end }
    }
}

// === impl ThresholdsReport ===

impl ThresholdsReport {
    pub(super) fn new(of: &Thresholds) -> ThresholdsReport {
        ThresholdsReport { psi: of.psi(), ks: of.ks(), confidence: of.confidence() }
    }
}

// === impl ColumnReport ===

impl ColumnReport {
    pub(super) fn new(
        column: &Column,
        of: &ColumnAnalysis,
        range: Option<(f64, f64)>,
        histogram: Histogram,
    ) -> ColumnReport {
        let (kind, reference) = match column.bins() {
            Bins::Numbers(numbers) => ("number", numbers.summary().map(|s| (s.min, s.max))),
            Bins::Categories(_) => ("category", None),
        };
        ColumnReport {
            name: of.name.clone(),
            kind: kind.to_owned(),
            verdict: of.verdict,
            drifting: of.drifting.iter().map(|measure| (*measure).to_owned()).collect(),
            measures: MeasuresReport::new(&of.measures),
            current: QualityReport::new(&of.current, range),
            reference: QualityReport::new(&of.reference, reference),
            histogram,
        }
    }
}

// === impl MeasuresReport ===

impl MeasuresReport {
    fn new(of: &Measures) -> MeasuresReport {
        MeasuresReport {
            psi: of.psi.map(|psi| PsiReport {
                value: psi.value,
                groups: psi.groups,
                critical: psi.critical,
                p: psi.p,
            }),
            jensen_shannon: of.jensen_shannon,
            ks: of.ks.map(|ks| KsReport {
                low: ks.low,
                high: ks.high,
                critical: ks.critical,
                p: ks.p,
            }),
            wasserstein: of.wasserstein,
            chi_square: of.chi_square.as_ref().map(|test| TestReport {
                statistic: test.statistic,
                freedom: test.freedom,
                p: test.p,
            }),
            l_infinity: of.l_infinity,
        }
    }
}

// === impl QualityReport ===

impl QualityReport {
    fn new(of: &Quality, range: Option<(f64, f64)>) -> QualityReport {
        let rate = |part: u64| (of.rows > 0).then(|| part as f64 / of.rows as f64);
        QualityReport {
            rows: of.rows,
            null_rate: rate(of.nulls),
            nan_rate: rate(of.nans),
            infinite_rate: rate(of.infinite),
            below: of.below,
            above: of.above,
            unseen: of.unseen,
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
        }
    }

    /// Share of rows without a value: null or NaN.
    pub fn missing_rate(&self) -> Option<f64> {
        Some(self.null_rate? + self.nan_rate?)
    }
}
