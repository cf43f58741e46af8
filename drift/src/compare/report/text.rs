//! The comparison as aligned plain text.
//!
//! ```text
//! tool      evidently 0.7.23
//! baseline  train.parquet: 10000 rows
//! current   live.parquet: 4500 rows
//!
//! column  kind     metric         value       drift if
//! amount  numeric  psi            0.4120      >= 0.1    drift
//!                  wasserstein *  0.2503      >= 0.1    drift
//!
//! * decides
//! not compared: comment (free text to Evidently: more than half of the values differ)
//! verdict: drift in 1 of 1 columns
//! ```

use std::fmt::Write as _;

use crate::compare::{Column, Comparison, Kind, LeftOut, Measure, Rule, Side};

type Line = [String; 6];

pub(in crate::compare) fn write(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(tool) = comparison.tool {
        let _ = writeln!(text, "tool      {} {}", tool.name(), tool.version());
    }
    let _ = writeln!(text, "baseline  {}", side(&comparison.baseline));
    let _ = writeln!(text, "current   {}\n", side(&comparison.current));
    let heading = ["column", "kind", "metric", "value", "drift if", ""].map(str::to_owned);
    let lines: Vec<Line> =
        [heading].into_iter().chain(comparison.columns.iter().flat_map(lines)).collect();
    if lines.len() > 1 {
        align(&lines, &mut text);
        text.push('\n');
    }
    if comparison.columns.iter().any(|c| c.measures.iter().any(|m| m.decides)) {
        let _ = writeln!(text, "* decides");
    }
    for note in notes(comparison) {
        let _ = writeln!(text, "{note}");
    }
    for LeftOut { column, why } in &comparison.left_out {
        let _ = writeln!(text, "not compared: {} ({})", plain(column), plain(why));
    }
    if let Some(verdict) = verdict(comparison) {
        let _ = writeln!(text, "verdict: {verdict}");
    }
    text
}

fn side(side: &Side) -> String {
    let path = plain(&side.path.display().to_string());
    let dropped = match side.dropped {
        0 => String::new(),
        dropped => format!(", {dropped} of them left out for a missing value"),
    };
    format!("{path}: {} rows{dropped}", side.rows)
}

/// A line for each number; the column's name only on the first.
fn lines(column: &Column) -> impl Iterator<Item = Line> {
    let kind = match column.kind {
        Kind::Numeric => "numeric",
        Kind::Categorical => "categorical",
    };
    column.measures.iter().enumerate().map(move |(place, measure)| {
        let first = |text: &str| if place == 0 { text.to_owned() } else { String::new() };
        let mark = if measure.decides { " *" } else { "" };
        let verdict = if measure.drift() == Some(true) { "drift" } else { "" };
        [
            first(&plain(&column.name)),
            first(kind),
            format!("{}{mark}", measure.name),
            measure.value.map_or_else(|| "-".to_owned(), number),
            measure.rule.map_or_else(String::new, rule),
            verdict.to_owned(),
        ]
    })
}

fn rule(rule: Rule) -> String {
    format!("{} {}", rule.sign(), number(rule.threshold()))
}

/// Four places, or four digits of what would be nothing with four places.
fn number(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        small if small.abs() < 1e-3 => format!("{small:.3e}"),
        large if large.abs() >= 1e6 => format!("{large:.3e}"),
        value => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// Each note once, with the metrics that it is about.
fn notes(comparison: &Comparison) -> Vec<String> {
    let all = comparison.columns.iter().flat_map(|column| &column.measures);
    let mut notes = Vec::new();
    for Measure { name, note, .. } in all {
        let line = note.map(|note| format!("{name}: {note}"));
        if let Some(line) = line.filter(|line| !notes.contains(line)) {
            notes.push(line);
        }
    }
    notes
}

fn verdict(comparison: &Comparison) -> Option<String> {
    let drift = comparison.drift()?;
    let verdicts: Vec<bool> = comparison.columns.iter().filter_map(Column::drift).collect();
    let drifted = verdicts.iter().filter(|drift| **drift).count();
    let word = if drift { "drift" } else { "no drift" };
    Some(format!("{word}: {drifted} of {} columns", verdicts.len()))
}

/// Two blanks between columns.
fn align(lines: &[Line], text: &mut String) {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or(0)).collect();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Without characters that would move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
