//! What an analysis says of an endpoint: JSON for programs, a table and a page for people.
//!
//! Built from counters of each deployment's rows. Pure. Rows that could not be judged, for want of
//! a baseline, are named and never passed over. [`Report`] is the JSON's own shape (`shape`), so
//! that a stored report can be shown again.

use crate::analyze::{Analysis, Thresholds, Verdict, analyze, analyze_against};
use crate::pane::Traffic;
use crate::profile::Profile;
use crate::window::{DeploymentProfile, Window};

mod histogram;
mod html;
mod shape;
mod table;

#[cfg(test)]
mod tests;

pub use histogram::Histogram;
pub use shape::{
    ColumnReport, ComparisonReport, DeploymentReport, FORMAT, KsReport, MeasuresReport,
    NotCompared, PsiReport, QualityReport, Report, TestReport, ThresholdsReport, TrafficReport,
    WindowReport,
};

/// What a report is made of.
#[derive(Clone, Debug)]
pub struct Findings<'a> {
    /// The endpoint.
    pub endpoint: &'a str,
    /// The time looked at.
    pub window: Window,
    /// What counts as drift.
    pub thresholds: Thresholds,
    /// Each model version at each deployment that has rows in the window.
    pub deployments: &'a [DeploymentProfile],
    /// What they are held against beside their baselines.
    pub comparisons: Vec<Comparison<'a>>,
}

/// Two profiles held against each other.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// What the reference is: "previous window", "same hour last week", "deployment".
    pub kind: &'a str,
    /// Names of the reference and of what is held against it, such as "green fraud:1".
    pub names: (&'a str, &'a str),
    /// The reference.
    pub reference: &'a Profile,
    /// What is held against it.
    pub current: &'a Profile,
}

// === impl Report ===

impl Report {
    /// Judges the profiles of an endpoint's deployments.
    pub fn new(findings: &Findings<'_>) -> Report {
        let thresholds = &findings.thresholds;
        let deployments = findings.deployments.iter();
        let deployments: Vec<_> =
            deployments.map(|of| DeploymentReport::new(of, thresholds)).collect();
        let comparisons = findings.comparisons.iter();
        let comparisons = comparisons.map(|of| ComparisonReport::new(of, thresholds)).collect();
        // One deployment with too few rows keeps the whole from being ok; copies of others'
        // requests and versions without a baseline say nothing of the whole.
        let judged = deployments.iter().filter(|of| !of.mirrored).filter_map(|of| of.verdict);
        let verdict = judged.max().unwrap_or(Verdict::InsufficientData);
        Report {
            format: FORMAT.to_owned(),
            endpoint: findings.endpoint.to_owned(),
            window: WindowReport::new(findings.window),
            verdict,
            thresholds: ThresholdsReport::new(thresholds),
            deployments,
            comparisons,
        }
    }

    /// The worst verdict of the deployments that have a baseline and answer clients. Without any,
    /// there is too little data to say anything.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The report for people: plain text, a line for each column, the verdict last.
    pub fn table(&self) -> String {
        table::write(self)
    }

    /// The report as a page for people: HTML that needs nothing beside itself, no script and no
    /// network. The same bytes for the same report, and bounded: what is cut, the page says.
    pub fn to_html(&self) -> String {
        html::write(self)
    }

    /// The report for programs, format "skeg-drift-report/2": one line of JSON, the same bytes for
    /// the same report.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialise")
    }
}

// === impl DeploymentReport ===

impl DeploymentReport {
    fn new(of: &DeploymentProfile, thresholds: &Thresholds) -> DeploymentReport {
        let analysis = of.profile.as_ref().map(|profile| analyze(profile, thresholds));
        let skipped = of.profile.iter().flat_map(|profile| profile.baseline().skipped());
        let skipped = skipped.map(|s| NotCompared { name: s.name.clone(), why: s.why.clone() });
        let covered = analysis.iter().flat_map(|analysis| &analysis.covered);
        let covered = covered
            .map(|name| NotCompared { name: name.clone(), why: "under a privacy rule".to_owned() });
        let not_compared = skipped.chain(covered).collect();
        let columns = of.profile.iter().zip(&analysis);
        let columns = columns.flat_map(|(profile, analysis)| columns_of(profile, None, analysis));
        DeploymentReport {
            deployment: of.deployment.clone(),
            model: of.model.clone(),
            version: of.version.clone(),
            mirrored: of.is_mirrored,
            rows: of.rows,
            traffic: of.traffic.as_ref().map(TrafficReport::new),
            baseline_rows: analysis.as_ref().map(|analysis| analysis.reference_rows),
            verdict: analysis.as_ref().map(Analysis::verdict),
            columns: columns.collect(),
            not_compared,
        }
    }

    /// `green fraud:1`
    pub fn title(&self) -> String {
        let mirrored = if self.mirrored { " (mirrored)" } else { "" };
        format!("{} {}:{}{mirrored}", self.deployment, self.model, self.version)
    }
}

// === impl ComparisonReport ===

impl ComparisonReport {
    fn new(of: &Comparison<'_>, thresholds: &Thresholds) -> ComparisonReport {
        let analysis = analyze_against(of.reference, of.current, thresholds);
        let why =
            |why: &str, name: &String| NotCompared { name: name.clone(), why: why.to_owned() };
        let covered = analysis.covered.iter().map(|name| why("under a privacy rule", name));
        let other = analysis.incomparable.iter();
        let other = other.map(|name| why("not there, or counted by other bins", name));
        ComparisonReport {
            kind: of.kind.to_owned(),
            reference: of.names.0.to_owned(),
            current: of.names.1.to_owned(),
            reference_rows: analysis.reference_rows,
            rows: analysis.rows,
            verdict: analysis.verdict(),
            columns: columns_of(of.current, Some(of.reference), &analysis).collect(),
            not_compared: covered.chain(other).collect(),
        }
    }
}

/// The columns of an analysis, each with its histogram.
fn columns_of<'a>(
    profile: &'a Profile,
    reference: Option<&'a Profile>,
    analysis: &'a Analysis,
) -> impl Iterator<Item = ColumnReport> + 'a {
    analysis.columns.iter().filter_map(move |of| {
        let (column, tally) = profile.columns().find(|(column, _)| column.name() == of.name)?;
        let (other, counts) = match reference {
            None => (column, column.counts()),
            Some(reference) => {
                let mut columns = reference.columns();
                let (other, tally) = columns.find(|(other, _)| other.name() == of.name)?;
                (other, tally.counts())
            }
        };
        let histogram = Histogram::new(column, (other, counts), tally.counts());
        Some(ColumnReport::new(column, of, tally.range(), histogram))
    })
}

// === impl TrafficReport ===

impl TrafficReport {
    fn new(of: &Traffic) -> TrafficReport {
        TrafficReport {
            requests: of.requests,
            client_errors: of.client_errors,
            server_errors: of.server_errors,
            latency_p50_us: of.latency_quantile_us(0.5),
            latency_p99_us: of.latency_quantile_us(0.99),
        }
    }
}
