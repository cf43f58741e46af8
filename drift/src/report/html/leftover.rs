//! What no verdict covers, and why.

use std::collections::BTreeMap;

use super::escape::Text;
use super::{figures, names};
use crate::report::{DeploymentReport, NotCompared, Report};

/// Reasons that are told apart in one list.
const REASONS: usize = 20;

pub(super) fn write(report: &Report) -> String {
    let deployments = report.deployments.iter().map(|of| (of.title(), deployment(of)));
    let comparisons = report.comparisons.iter().map(|of| {
        let title = format!("{} against {} ({})", of.current, of.reference, of.kind);
        (title, reasons(&of.not_compared))
    });
    let all = deployments.chain(comparisons).filter(|(_, items)| !items.is_empty());
    let all: String = all
        .map(|(title, items)| {
            let items: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
            format!("<dt><bdi>{}</bdi></dt><dd><ul>\n{items}</ul></dd>\n", Text(&title))
        })
        .collect();
    if all.is_empty() { all } else { format!("<dl class=\"left\">\n{all}</dl>\n") }
}

fn deployment(of: &DeploymentReport) -> Vec<String> {
    if of.verdict.is_none() {
        let rows = figures::count(of.rows);
        return vec![format!("{rows} rows are not judged: the version has no baseline")];
    }
    let mut items = reasons(&of.not_compared);
    let absent = of.columns.iter().filter(|column| column.current.rows == 0 && of.rows > 0);
    let absent: Vec<&str> = absent.map(|column| column.name.as_str()).collect();
    if !absent.is_empty() {
        items.push(format!("not logged: {}", names(absent.into_iter())));
    }
    items
}

/// Names by what they have in common.
fn reasons(of: &[NotCompared]) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for NotCompared { name, why } in of {
        reasons.entry(why).or_default().push(name);
    }
    let more = reasons.len().saturating_sub(REASONS);
    let shown = reasons.into_iter().take(REASONS);
    let mut items: Vec<String> =
        shown.map(|(why, all)| format!("{}: {}", Text(why), names(all.into_iter()))).collect();
    if more > 0 {
        items.push(format!("and {} other reasons", figures::count(more as u64)));
    }
    items
}
