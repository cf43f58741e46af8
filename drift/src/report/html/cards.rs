//! A card for each column that is ranked first: both histograms and the measures, a deployment
//! beside the other.

use super::escape::Text;
use super::ranking::{Ranked, Seat};
use super::{CHARTS, badge, chart, class, figures, heads, name, table};
use crate::analyze::Verdict;
use crate::report::{MeasuresReport, Report};

/// A row of the table of measures.
struct Measure {
    name: &'static str,
    value: String,
    threshold: Option<f64>,
    critical: Option<f64>,
    p: Option<f64>,
    drifts: bool,
}

/// Sections by verdict; those that are ok are folded.
pub(super) fn sections(report: &Report, ranking: &[Ranked<'_>]) -> String {
    let is_one = report.deployments.iter().filter(|of| of.verdict.is_some()).count() == 1;
    let mut left = CHARTS;
    let mut place = 0;
    let groups = [
        (Verdict::Drift, "drift", "Drift"),
        (Verdict::InsufficientData, "unsure", "Insufficient data"),
        (Verdict::Ok, "ok", "OK"),
    ];
    let sections = groups.map(|(verdict, id, title)| {
        let group: Vec<&Ranked<'_>> = ranking.iter().filter(|of| of.verdict == verdict).collect();
        let mut cards = String::new();
        let mut drawn = 0;
        for of in &group {
            place += 1;
            if left > 0 {
                cards.push_str(&card(place, of, left, report));
                left -= of.seats.len().min(left);
                drawn += 1;
            }
        }
        let one = if is_one { " one" } else { "" };
        let cards =
            format!("<div class=\"cards{one}\">\n{cards}</div>\n{}", cut(group.len(), drawn));
        let many = columns(group.len());
        match verdict {
            _ if group.is_empty() => String::new(),
            Verdict::Ok => super::section(
                id,
                title,
                format!("<details>\n<summary>{many} without drift</summary>\n{cards}</details>\n"),
            ),
            _ => super::section(id, &format!("{title} <span class=\"dim\">{many}</span>"), cards),
        }
    });
    sections.concat()
}

/// What is not drawn, and where it is.
fn cut(all: usize, drawn: usize) -> String {
    if all == drawn {
        return String::new();
    }
    format!(
        "<p class=\"cut\">Histograms are drawn for the {CHARTS} that rank first. {} here are only \
         in the <a href=\"#psi\">table of all columns</a>.</p>\n",
        columns(all - drawn)
    )
}

/// `1 column`, `12 columns`
pub(super) fn columns(many: usize) -> String {
    let s = if many == 1 { "" } else { "s" };
    format!("{} column{s}", figures::count(many as u64))
}

fn card(place: usize, of: &Ranked<'_>, left: usize, report: &Report) -> String {
    let seats = of.seats.iter().take(left).map(|seat| self::seat(of, seat, report));
    let more = match of.seats.len().saturating_sub(left) {
        0 => String::new(),
        more => format!("<p class=\"cut\">{more} more deployments are not drawn.</p>\n"),
    };
    format!(
        "<article class=\"card {}\" id=\"c{place}\">\n<div class=\"top\"><h3><span class=\"rank\">\
         {place}</span> {}</h3><p class=\"far\">{} <span class=\"dim\">the threshold</span></p>{}\
         </div>\n<div class=\"seats\">\n{}</div>\n{more}</article>\n",
        class(Some(of.verdict)),
        name(of.name),
        figures::times(of.effect),
        badge(Some(of.verdict)),
        seats.collect::<String>(),
    )
}

fn seat(of: &Ranked<'_>, seat: &Seat<'_>, report: &Report) -> String {
    let column = seat.column;
    let title = seat.deployment.title();
    let what = format!("{} at {title}", of.short_name());
    // Two seats of one card may have two verdicts; one has the card's.
    let verdict = if of.seats.len() > 1 { badge(Some(column.verdict)) } else { String::new() };
    let drawn = chart::draw(column, &what);
    let note = if seat.is_not_logged() {
        "<p class=\"note\">Not logged: there is no current row of this column.</p>\n"
    } else {
        ""
    };
    let measures = measures(&what, &rows(&column.measures, &column.drifting, report));
    format!(
        "<div class=\"seat\">\n<h4><bdi>{}</bdi> {verdict}</h4>\n<p class=\"legend\"><span>{} \
         baseline, n = {}</span> <span>{} current, m = {}</span></p>\n<div>{note}{drawn}</div>\n\
         <div>{measures}{}</div>\n</div>\n",
        Text(&title),
        key("base"),
        figures::count(column.reference.rows),
        key("now"),
        figures::count(column.current.rows),
        also(&column.measures),
    )
}

/// What a side looks like in the histograms.
fn key(side: &str) -> String {
    format!(
        "<svg class=\"key\" viewBox=\"0 0 14 10\" aria-hidden=\"true\">\
         <rect class=\"{side}\" x=\"1\" y=\"1\" width=\"12\" height=\"8\"/></svg>"
    )
}

fn measures(what: &str, rows: &[Measure]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let dash = || "<span class=\"dim\">\u{2013}</span>".to_owned();
    let cell = |of: Option<f64>, show: fn(f64) -> String| of.map_or_else(dash, show);
    let rows = rows.iter().map(|of| {
        let (class, mark) = if of.drifts {
            (
                " class=\"rose\"",
                super::shape(Some(Verdict::Drift)) + "<span class=\"hide\">drift: </span>",
            )
        } else {
            ("", String::new())
        };
        format!(
            "<tr{class}><th scope=\"row\">{mark}{}</th><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td></tr>\n",
            of.name,
            of.value,
            cell(of.threshold, figures::distance),
            cell(of.critical, figures::distance),
            cell(of.p, figures::probability),
        )
    });
    let head = heads(&["Measure", "Value", "Threshold", "Critical", "p"]);
    table(&format!("Measures of {what}"), "measures", &head, &rows.collect::<String>())
}

fn rows(of: &MeasuresReport, drifting: &[String], report: &Report) -> Vec<Measure> {
    let drifts = |name: &str| drifting.iter().any(|of| of == name);
    let psi = of.psi.map(|psi| Measure {
        name: "PSI",
        value: figures::distance(psi.value),
        threshold: Some(report.thresholds.psi),
        critical: Some(psi.critical),
        p: Some(psi.p),
        drifts: drifts("psi"),
    });
    let ks = of.ks.map(|ks| Measure {
        name: "KS",
        value: figures::between(ks.low, ks.high),
        threshold: Some(report.thresholds.ks),
        critical: Some(ks.critical),
        p: Some(ks.p),
        drifts: drifts("ks"),
    });
    let chi_square = of.chi_square.map(|test| Measure {
        name: "Chi-square",
        value: figures::distance(test.statistic),
        threshold: None,
        critical: None,
        p: Some(test.p),
        drifts: false,
    });
    psi.into_iter().chain(ks).chain(chi_square).collect()
}

/// Distances that have no threshold, and what the others were taken over.
fn also(of: &MeasuresReport) -> String {
    let distance = |name: &str, of: Option<f64>, unit: &str| {
        of.map(|of| format!("{name}\u{A0}{}{unit}", figures::distance(of)))
    };
    let measures = [
        distance("Jensen-Shannon", of.jensen_shannon, ""),
        distance("Wasserstein", of.wasserstein, "\u{A0}std"),
        distance("greatest gap of a share", of.l_infinity, ""),
        of.psi.map(|psi| format!("PSI over {} groups", psi.groups)),
        of.chi_square.map(|test| match test.freedom {
            1 => "1 degree of freedom".to_owned(),
            freedom => format!("{freedom} degrees of freedom"),
        }),
    ];
    let measures = measures.into_iter().flatten().collect::<Vec<String>>().join(" \u{B7} ");
    if measures.is_empty() { measures } else { format!("<p class=\"also\">{measures}</p>\n") }
}
