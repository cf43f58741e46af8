//! What current rows were held against beside the baseline: the window before, the same hours last
//! week, another deployment.

use super::escape::Text;
use super::{NAMES, badge, figures, heads, name, ranking, table};
use crate::analyze::Verdict;
use crate::report::{ColumnReport, ComparisonReport, Report};

/// Comparisons of one page.
const MOST: usize = 200;

pub(super) fn write(report: &Report) -> String {
    if report.comparisons.is_empty() {
        return String::new();
    }
    let head = heads(&[
        "Held against",
        "Verdict",
        "Reference",
        "Current",
        "n",
        "m",
        "Columns that differ",
    ]);
    let rows = report.comparisons.iter().take(MOST).map(|of| row(of, report));
    let table = table("Comparisons", "comparisons", &head, &rows.collect::<String>());
    let cut = match report.comparisons.len() {
        all if all <= MOST => String::new(),
        all => format!("<p class=\"cut\">The first {MOST} of {all} are shown.</p>\n"),
    };
    format!("<p>These do not make the verdict of the whole.</p>\n{table}{cut}")
}

fn row(of: &ComparisonReport, report: &Report) -> String {
    let differing = of.columns.iter().filter(|column| column.verdict == Verdict::Drift);
    let mut differing: Vec<(&ColumnReport, f64)> =
        differing.map(|of| (of, ranking::effect(of, &report.thresholds))).collect();
    differing.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let more = differing.len().saturating_sub(NAMES);
    let shown = differing.iter().take(NAMES).map(|(of, effect)| {
        let (name, times) = (name(&of.name), figures::times(*effect));
        format!("<li>{name} <span class=\"dim\">{times} the threshold</span></li>")
    });
    let mut shown: String = shown.collect();
    if more > 0 {
        shown.push_str(&format!("<li>and {} more</li>", figures::count(more as u64)));
    }
    let list = if shown.is_empty() { "none".to_owned() } else { format!("<ul>{shown}</ul>") };
    format!(
        "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{}</td><td><bdi>{}</bdi></td>\
         <td><bdi>{}</bdi></td><td class=\"num\">{}</td><td class=\"num\">{}</td>\
         <td>{list}</td></tr>\n",
        Text(&of.kind),
        badge(Some(of.verdict)),
        Text(&of.reference),
        Text(&of.current),
        figures::count(of.reference_rows),
        figures::count(of.rows),
    )
}
