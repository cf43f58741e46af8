//! What an analysis says of an endpoint, as JSON for programs and as a table for people.
//!
//! Built by the command line from `window::profiles`. Pure. Rows that could not be judged, for want
//! of a baseline, are named and never passed over.

use crate::analyze::{Analysis, Thresholds, Verdict, analyze};
use crate::baseline::Skipped;
use crate::window::{DeploymentProfile, Window};

mod json;
mod table;

#[cfg(test)]
mod tests;

/// One endpoint over one window.
#[derive(Clone, Debug)]
pub struct Report {
    endpoint: String,
    window: Window,
    thresholds: Thresholds,
    deployments: Vec<Entry>,
}

/// One model version at one deployment.
#[derive(Clone, Debug)]
struct Entry {
    deployment: String,
    model: String,
    version: String,
    rows: u64,
    /// None when the version has no baseline.
    judged: Option<Judged>,
}

#[derive(Clone, Debug)]
struct Judged {
    analysis: Analysis,
    /// Columns of the training rows that are not compared.
    skipped: Vec<Skipped>,
}

// === impl Report ===

impl Report {
    /// Judges the profiles of an endpoint's deployments.
    pub fn new(
        endpoint: &str,
        window: Window,
        profiles: &[DeploymentProfile],
        thresholds: &Thresholds,
    ) -> Report {
        let deployments = profiles.iter().map(|of| Entry {
            deployment: of.deployment.clone(),
            model: of.model.clone(),
            version: of.version.clone(),
            rows: of.rows,
            judged: of.profile.as_ref().map(|profile| Judged {
                analysis: analyze(profile, thresholds),
                skipped: profile.baseline().skipped().to_vec(),
            }),
        });
        Report {
            endpoint: endpoint.to_owned(),
            window,
            thresholds: *thresholds,
            deployments: deployments.collect(),
        }
    }

    /// The worst verdict of the deployments that have a baseline: one deployment with too few rows
    /// keeps the whole from being ok. Without any, there is too little data to say anything.
    pub fn verdict(&self) -> Verdict {
        let worst = self.judged().map(|(_, judged)| judged.analysis.verdict()).max();
        worst.unwrap_or(Verdict::InsufficientData)
    }

    /// The report for people: plain text, a line for each feature, the verdict last.
    pub fn table(&self) -> String {
        table::write(self)
    }

    /// The report for programs, format "skeg-drift-report/1": one line of JSON, the same bytes for
    /// the same report.
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    fn judged(&self) -> impl Iterator<Item = (&Entry, &Judged)> {
        self.deployments.iter().filter_map(|entry| Some((entry, entry.judged.as_ref()?)))
    }
}

// === impl Entry ===

impl Entry {
    /// `green fraud:1`
    fn title(&self) -> String {
        format!("{} {}:{}", self.deployment, self.model, self.version)
    }
}
