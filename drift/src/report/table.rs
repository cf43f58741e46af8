//! The report as aligned plain text; at most 100 columns wide for two deployments with short names.
//!
//! ```text
//! endpoint  fraud
//! window    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
//! rows      green fraud:1: 4500, baseline 10000, ok
//!           blue fraud:2: 500, baseline 10000, drift
//!
//! column    green fraud:1  blue fraud:2  missing  threshold  verdict
//! amount           0.0031       0.4120!    0.00%        0.2  drift
//!
//! ! drift
//! verdict: drift
//! ```
//! A PSI ends in `!` where that deployment drifts, in `?` where it has too few rows to tell.

use std::fmt::Write as _;

use super::{ColumnReport, Report};
use crate::analyze::Verdict;
use crate::baseline::INPUT;

/// Cells of one line; the first is flushed left, and so is the last, which ends the line.
type Line = Vec<String>;

pub(crate) fn write(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "endpoint  {}", report.endpoint);
    let window = &report.window;
    let _ = writeln!(text, "window    {} to {}", window.start, window.end);
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
    for line in comparisons(report) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "verdict: {}", report.verdict());
    text
}

/// How many rows each deployment has, and how it does.
fn rows(report: &Report) -> Vec<String> {
    let mut label = "rows";
    let mut lines = Vec::new();
    for of in &report.deployments {
        let against = match (of.baseline_rows, of.verdict) {
            (Some(rows), Some(verdict)) => format!("baseline {rows}, {verdict}"),
            _ => "no baseline".to_owned(),
        };
        lines.push(format!("{label:<8}  {}: {}, {against}", of.title(), of.rows));
        label = "";
    }
    if lines.is_empty() {
        lines.push("rows      none in this window".to_owned());
    }
    lines
}

/// The header and a line for each column of any deployment.
fn lines(report: &Report) -> Vec<Line> {
    let judged = || report.deployments.iter().filter(|of| of.verdict.is_some());
    let mut names: Vec<&str> = Vec::new();
    for column in judged().flat_map(|of| &of.columns) {
        if !names.contains(&column.name.as_str()) {
            names.push(&column.name);
        }
    }
    let mut header = vec!["column".to_owned()];
    header.extend(judged().map(|of| of.title()));
    header.extend(["missing", "threshold", "verdict"].map(str::to_owned));
    let mut lines = vec![header];
    for name in names {
        let find = |columns: &'_ [ColumnReport]| columns.iter().position(|of| of.name == name);
        let found: Vec<Option<&ColumnReport>> =
            judged().map(|of| find(&of.columns).map(|at| &of.columns[at])).collect();
        lines.push(line(name, &found, report.thresholds.psi));
    }
    lines
}

/// One column over the deployments: missing values of all rows, the worst verdict counts.
fn line(name: &str, found: &[Option<&ColumnReport>], threshold: f64) -> Line {
    let all = found.iter().flatten();
    let rows: u64 = all.clone().map(|of| of.current.rows).sum();
    let missing =
        |of: &&&ColumnReport| of.current.missing_rate().unwrap_or(0.0) * of.current.rows as f64;
    let missing: f64 = all.clone().map(|of| missing(&of)).sum();
    let worst = all.map(|of| of.verdict).max().unwrap_or(Verdict::InsufficientData);
    let missing = match rows {
        0 => "-".to_owned(),
        rows => format!("{:.2}%", 100.0 * missing / rows as f64),
    };
    let mut line = vec![short(name).to_owned()];
    line.extend(found.iter().map(|of| of.map_or_else(|| "- ".to_owned(), psi)));
    line.extend([missing, threshold.to_string(), worst.to_string()]);
    line
}

/// The PSI and a mark, which is blank when all is well, so that digits stand under digits.
fn psi(of: &ColumnReport) -> String {
    let psi = of.measures.psi.map(|psi| format!("{:.4}", psi.value));
    format!("{}{}", psi.unwrap_or_else(|| "-".to_owned()), mark(of.verdict))
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
    let columns = || report.deployments.iter().flat_map(|of| &of.columns);
    let drift = columns().any(|of| of.verdict == Verdict::Drift);
    let unsure = columns().any(|of| of.verdict == Verdict::InsufficientData);
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
    for of in &report.deployments {
        let title = of.title();
        if of.verdict.is_none() {
            lines.push(format!("not judged: {} rows of {title}, which has no baseline", of.rows));
            continue;
        }
        let mut reasons: Vec<&str> = of.not_compared.iter().map(|of| of.why.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for why in reasons {
            let names = of.not_compared.iter().filter(|of| of.why == why);
            let names: Vec<&str> = names.map(|of| short(&of.name)).collect();
            lines.push(format!("not compared in {title}, {why}: {}", names.join(", ")));
        }
        let absent = of.columns.iter().filter(|column| column.current.rows == 0 && of.rows > 0);
        let names: Vec<&str> = absent.map(|column| short(&column.name)).collect();
        if !names.is_empty() {
            lines.push(format!("not logged by {title}: {}", names.join(", ")));
        }
    }
    lines
}

/// A line for what is held against something else than a baseline.
fn comparisons(report: &Report) -> impl Iterator<Item = String> {
    report.comparisons.iter().map(|of| {
        let drifting = of.columns.iter().filter(|column| column.verdict == Verdict::Drift);
        let names: Vec<&str> = drifting.map(|column| short(&column.name)).collect();
        let names =
            if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        format!("{} against {} ({}): {}{names}", of.current, of.reference, of.kind, of.verdict)
    })
}

/// A name without what says that it is an input.
fn short(name: &str) -> &str {
    name.strip_prefix(INPUT).unwrap_or(name)
}
