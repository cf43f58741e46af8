//! The report as aligned plain text; at most 100 columns wide for two deployments with short names.
//!
//! ```text
//! endpoint  fraud
//! window    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
//! rows      green fraud:1: 4500, baseline 10000, ok
//!           blue fraud:2: 500, baseline 10000, drift
//!
//! feature   green fraud:1  blue fraud:2  missing  threshold  verdict
//! amount           0.0031       0.4120!    0.00%        0.2  drift
//!
//! ! drift
//! verdict: drift
//! ```
//! A PSI ends in `!` where that deployment drifts, in `?` where it has too few rows to tell.

use std::fmt::Write as _;

use super::{Judged, Report};
use crate::analyze::{FeatureAnalysis, Verdict};

/// Cells of one line; the first is flushed left, and so is the last, which ends the line.
type Line = Vec<String>;

pub(crate) fn write(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "endpoint  {}", report.endpoint);
    let _ = writeln!(text, "window    {}", report.window);
    for line in rows(report) {
        let _ = writeln!(text, "{line}");
    }
    let lines = lines(report);
    if lines.len() > 1 {
        text.push('\n');
        align(&lines, &mut text);
    }
    text.push('\n');
    if let Some(legend) = legend(report) {
        let _ = writeln!(text, "{legend}");
    }
    for line in not_judged(report) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "verdict: {}", report.verdict());
    text
}

/// How many rows each deployment has, and how it does.
fn rows(report: &Report) -> Vec<String> {
    let mut label = "rows";
    let mut lines = Vec::new();
    for entry in &report.deployments {
        let against = match &entry.judged {
            Some(Judged { analysis, .. }) => {
                format!("baseline {}, {}", analysis.baseline_rows, analysis.verdict())
            }
            None => "no baseline".to_owned(),
        };
        lines.push(format!("{label:<8}  {}: {}, {against}", entry.title(), entry.rows));
        label = "";
    }
    if lines.is_empty() {
        lines.push("rows      none in this window".to_owned());
    }
    lines
}

/// The header and a line for each feature of any deployment.
fn lines(report: &Report) -> Vec<Line> {
    let judged: Vec<_> = report.judged().collect();
    let mut features: Vec<&str> = Vec::new();
    for feature in judged.iter().flat_map(|(_, judged)| &judged.analysis.features) {
        if !features.contains(&feature.feature.as_str()) {
            features.push(&feature.feature);
        }
    }
    let titles = judged.iter().map(|(entry, _)| entry.title());
    let mut header = vec!["feature".to_owned()];
    header.extend(titles);
    header.extend(["missing", "threshold", "verdict"].map(str::to_owned));
    let mut lines = vec![header];
    for feature in features {
        let found: Vec<Option<&FeatureAnalysis>> = judged
            .iter()
            .map(|(_, judged)| judged.analysis.features.iter().find(|f| f.feature == feature))
            .collect();
        lines.push(line(feature, &found, report.thresholds.psi()));
    }
    lines
}

/// One feature over the deployments: rows and missing values are summed, the worst verdict counts.
fn line(feature: &str, found: &[Option<&FeatureAnalysis>], threshold: f64) -> Line {
    let all = found.iter().flatten();
    let rows: u64 = all.clone().map(|f| f.rows).sum();
    let missing: u64 = all.clone().map(|f| f.missing).sum();
    let worst = all.map(|f| f.verdict).max().unwrap_or(Verdict::InsufficientData);
    let missing = match rows {
        0 => "-".to_owned(),
        rows => format!("{:.2}%", 100.0 * missing as f64 / rows as f64),
    };
    let mut line = vec![feature.to_owned()];
    line.extend(found.iter().map(|of| of.map_or_else(|| "- ".to_owned(), psi)));
    line.extend([missing, threshold.to_string(), worst.to_string()]);
    line
}

/// The PSI and a mark, which is blank when all is well, so that digits stand under digits.
fn psi(of: &FeatureAnalysis) -> String {
    let number = of.psi.map_or_else(|| "-".to_owned(), |psi| format!("{psi:.4}"));
    format!("{number}{}", mark(of.verdict))
}

fn mark(verdict: Verdict) -> char {
    match verdict {
        Verdict::Ok => ' ',
        Verdict::InsufficientData => '?',
        Verdict::Drift => '!',
    }
}

/// Two blanks between columns; numbers are flushed right.
fn align(lines: &[Line], text: &mut String) {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for line in lines {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "{cell:<width$}"),
                last if last + 1 == columns => write!(text, "  {cell}"),
                _ => write!(text, "  {cell:>width$}"),
            };
        }
        text.push('\n');
    }
}

/// What the marks mean, when there are any.
fn legend(report: &Report) -> Option<String> {
    let features = || report.judged().flat_map(|(_, judged)| &judged.analysis.features);
    let drift = features().any(|f| f.verdict == Verdict::Drift);
    let unsure = features().any(|f| f.verdict == Verdict::InsufficientData);
    match (drift, unsure) {
        (false, false) => None,
        (true, false) => Some("! drift".to_owned()),
        (false, true) => Some("? too few rows to tell".to_owned()),
        (true, true) => Some("! drift  ? too few rows to tell".to_owned()),
    }
}

/// What no verdict covers.
fn not_judged(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in &report.deployments {
        let title = entry.title();
        let Some(Judged { analysis, skipped }) = &entry.judged else {
            lines
                .push(format!("not judged: {} rows of {title}, which has no baseline", entry.rows));
            continue;
        };
        let names: Vec<&str> = skipped.iter().map(|s| s.name.as_str()).collect();
        if !names.is_empty() {
            lines.push(format!("not compared in {title}, no numbers: {}", names.join(", ")));
        }
        if !analysis.covered.is_empty() {
            let names = analysis.covered.join(", ");
            lines.push(format!("not compared in {title}, under privacy rules: {names}"));
        }
        let absent = analysis.features.iter().filter(|f| f.rows == 0 && analysis.rows > 0);
        let names: Vec<&str> = absent.map(|f| f.feature.as_str()).collect();
        if !names.is_empty() {
            lines.push(format!("not in the row files of {title}: {}", names.join(", ")));
        }
    }
    lines
}
