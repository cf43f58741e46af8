//! The report as one page for people: no script, nothing fetched, the same bytes for the same
//! report.
//!
//! The order is that of the questions: the verdict (`summary`), the columns by how far they moved
//! (`ranking`, `cards`, `chart`), what is wrong with values (`quality`), each deployment beside the
//! others (`deployments`), other times (`comparisons`), and what no verdict covers (`leftover`).
//!
//! Names, categories and reasons come from clients' models and from stored files: all of them go
//! through [`Text`]. What a page may hold is bounded here, whatever the report holds, and the page
//! says where it was cut.

mod cards;
mod chart;
mod comparisons;
mod deployments;
mod escape;
mod figures;
mod leftover;
mod quality;
mod ranking;
mod summary;

#[cfg(test)]
mod tests;

use super::Report;
use crate::analyze::Verdict;
use crate::baseline::{INPUT, OUTPUT};
use escape::Text;

/// Histograms of one page, a deployment's column each.
const CHARTS: usize = 100;
/// Cells of one table that has a row for each column.
const CELLS: usize = 24_000;
/// Rows of the table of data quality.
const QUALITY_ROWS: usize = 500;
/// Names in one sentence or cell.
const NAMES: usize = 50;

const STYLE: &str = include_str!("html/page.css");
/// Shapes that verdicts have beside their colours.
const SHAPES: &str = include_str!("html/shapes.svg");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn write(report: &Report) -> String {
    let ranking = ranking::rank(report);
    let sections = [
        section("first", "What moved most", summary::greatest(&ranking)),
        cards::sections(report, &ranking),
        section("quality", "Data quality", quality::write(&ranking)),
        section("deployments", "Deployments side by side", deployments::write(report, &ranking)),
        section("comparisons", "Other times and deployments", comparisons::write(report)),
        section("leftover", "Not compared", leftover::write(report)),
    ];
    let mut page = head(report);
    page.push_str(SHAPES);
    page.push_str(&summary::write(report, &ranking));
    page.push_str(&contents(&sections.concat()));
    page.push_str("<main>\n");
    page.extend(sections);
    page.push_str("</main>\n");
    page.push_str(&summary::footer(report));
    page.push_str("</body>\n</html>\n");
    page
}

fn head(report: &Report) -> String {
    let (endpoint, verdict) = (Text(&report.endpoint), report.verdict);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{verdict}: {endpoint}, drift report</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n"
    )
}

/// A section with its heading; nothing without content.
fn section(id: &str, title: &str, content: String) -> String {
    if content.is_empty() {
        return content;
    }
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{content}</section>\n")
}

/// Links to the sections that are there.
fn contents(sections: &str) -> String {
    let links = [
        ("drift", "Drift"),
        ("unsure", "Insufficient data"),
        ("ok", "OK"),
        ("quality", "Data quality"),
        ("deployments", "Deployments"),
        ("comparisons", "Other times"),
        ("leftover", "Not compared"),
    ];
    // A name cannot forge the start of a section: its `<` is escaped.
    let there = |id: &str| sections.contains(&format!("<section id=\"{id}\">"));
    let links = links.into_iter().filter(|(id, _)| there(id));
    let links: String =
        links.map(|(id, title)| format!("<li><a href=\"#{id}\">{title}</a></li>")).collect();
    if links.is_empty() {
        return links;
    }
    format!("<nav aria-label=\"Sections\"><ul>{links}</ul></nav>\n")
}

/// A verdict in a word, a colour and a shape.
fn badge(verdict: Option<Verdict>) -> String {
    let class = class(verdict);
    let word = verdict.map_or("not judged", Verdict::name);
    format!("<span class=\"badge {class}\">{}{word}</span>", shape(verdict))
}

/// The shape alone, for eyes.
fn shape(verdict: Option<Verdict>) -> String {
    let class = class(verdict);
    format!("<svg class=\"shape\" aria-hidden=\"true\"><use href=\"#s-{class}\"/></svg>")
}

fn class(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Drift) => "drift",
        Some(Verdict::InsufficientData) => "unsure",
        Some(Verdict::Ok) => "ok",
        None => "none",
    }
}

/// The name of a column without its side, and its side where it is a prediction.
fn name(of: &str) -> String {
    let (side, tag) = match of.strip_prefix(OUTPUT) {
        Some(name) => (name, " <span class=\"tag\">prediction</span>"),
        None => (of.strip_prefix(INPUT).unwrap_or(of), ""),
    };
    format!("<bdi class=\"name\">{}</bdi>{tag}", Text(side))
}

/// A table that scrolls sideways by itself, and by keyboard.
fn table(label: &str, class: &str, head: &str, rows: &str) -> String {
    let label = Text(label);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\
         <table class=\"{class}\">\n<caption>{label}</caption>\n<thead>{head}</thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// Cells that head a column.
fn heads(of: &[&str]) -> String {
    let cells = of.iter().map(|of| format!("<th scope=\"col\">{of}</th>"));
    format!("<tr>{}</tr>", cells.collect::<String>())
}

/// The first names of many, and how many more there are.
fn names<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = all.len().saturating_sub(NAMES);
    let shown = all.take(NAMES).map(name);
    let mut shown: Vec<String> = shown.collect();
    if more > 0 {
        shown.push(format!("and {} more", figures::count(more as u64)));
    }
    shown.join(", ")
}
