//! The head of the page: the verdict, what it is of, and what stands out most.

use jiff::{SpanRound, Timestamp, Unit};

use super::escape::Text;
use super::ranking::Ranked;
use super::{badge, cards, class, figures, heads, name, quality, shape, table};
use crate::analyze::Verdict;
use crate::report::{Report, WindowReport};

/// Columns that are shown at once.
const GREATEST: usize = 10;

pub(super) fn write(report: &Report, ranking: &[Ranked<'_>]) -> String {
    let verdict = report.verdict;
    let rows: u64 = report.deployments.iter().fold(0, |sum, of| sum.saturating_add(of.rows));
    let limits = &report.thresholds;
    let risen = match quality::risen(ranking) {
        0 => "nothing rose".to_owned(),
        1 => "<a href=\"#quality\">bad values rose in 1 column</a>".to_owned(),
        many => format!(
            "<a href=\"#quality\">bad values rose in {} columns</a>",
            figures::count(many as u64)
        ),
    };
    let facts = [
        ("Window", window(&report.window)),
        ("Rows", figures::count(rows)),
        ("Deployments", figures::count(report.deployments.len() as u64)),
        ("Data quality", risen),
        (
            "Drift is",
            format!(
                "PSI \u{2265} {} or KS \u{2265} {}, beyond chance at {}",
                figures::distance(limits.psi),
                figures::distance(limits.ks),
                figures::share(limits.confidence)
            ),
        ),
    ];
    let facts = facts.map(|(what, of)| format!("<div><dt>{what}</dt><dd>{of}</dd></div>\n"));
    format!(
        "<header class=\"verdict {}\">\n<p class=\"kind\">Drift report</p>\n\
         <h1>{}<span class=\"word\">{}</span> <span class=\"of\">at endpoint <bdi>{}</bdi></span>\
         </h1>\n<p class=\"say\">{}</p>\n<dl>\n{}</dl>\n</header>\n",
        class(Some(verdict)),
        shape(Some(verdict)),
        word(verdict),
        Text(&report.endpoint),
        sentence(report, ranking),
        facts.concat(),
    )
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "OK",
        Verdict::InsufficientData => "Insufficient data",
        Verdict::Drift => "Drift",
    }
}

/// What the verdict rests on.
fn sentence(report: &Report, ranking: &[Ranked<'_>]) -> String {
    let of = |verdict| ranking.iter().filter(|of| of.counted() == Some(verdict)).count() as u64;
    let counted = ranking.iter().filter(|of| of.counted().is_some()).count() as u64;
    let (drift, unsure) = (of(Verdict::Drift), of(Verdict::InsufficientData));
    let all = match counted {
        1 => "1 column".to_owned(),
        counted => format!("{} columns", figures::count(counted)),
    };
    let mut text = match report.verdict {
        _ if report.deployments.is_empty() => "No rows in this window.".to_owned(),
        _ if ranking.is_empty() => "Nothing here could be held against a baseline.".to_owned(),
        _ if counted == 0 => "Only mirrored copies of requests, which do not count.".to_owned(),
        Verdict::Drift if unsure > 0 => format!(
            "{} of {all} moved away from the baseline; {} had too few rows to tell.",
            figures::count(drift),
            figures::count(unsure)
        ),
        Verdict::Drift => {
            format!("{} of {all} moved away from the baseline.", figures::count(drift))
        }
        Verdict::InsufficientData => {
            format!("Too few rows to tell for {} of {all}; none drifts.", figures::count(unsure))
        }
        Verdict::Ok => format!("None of {all} drifts, and drift that matters would have shown."),
    };
    let drifting = ranking.iter().filter(|of| of.counted() == Some(Verdict::Drift));
    let furthest = drifting.rev().max_by(|a, b| a.effect.total_cmp(&b.effect));
    if let Some((of, seat)) = furthest.and_then(|of| Some((of, of.furthest()?))) {
        text.push_str(&format!(
            " Furthest: <b>{}</b>, {} its threshold at <bdi>{}</bdi>.",
            name(of.name),
            figures::times(of.effect),
            Text(&seat.deployment.title()),
        ));
    }
    let copied = |of: &&Ranked<'_>| of.verdict == Verdict::Drift && of.counted() < Some(of.verdict);
    let copies = ranking.iter().filter(copied).count() as u64;
    if copies > 0 {
        text.push_str(&format!(
            " {} more only in mirrored copies of requests, which do not count here.",
            figures::count(copies)
        ));
    }
    text
}

/// The columns ranked first, each with a bar as long as its effect.
pub(super) fn greatest(ranking: &[Ranked<'_>]) -> String {
    if ranking.is_empty() {
        return String::new();
    }
    let shown = &ranking[..ranking.len().min(GREATEST)];
    let longest = shown.iter().map(|of| of.effect).fold(2.0, f64::max);
    let rows = shown.iter().enumerate().map(|(place, of)| row(place, of, longest));
    let head = heads(&["#", "Column", "Verdict", "Times its threshold", "Measures", "At"]);
    let label = format!("The first {} of {}", shown.len(), cards::columns(ranking.len()));
    format!(
        "<p class=\"note\">{label}: those that drift first, predictions before inputs, then by \
         effect. The tick in a bar is the threshold.</p>\n{}",
        table(&label, "greatest", &head, &rows.collect::<String>())
    )
}

fn row(place: usize, of: &Ranked<'_>, longest: f64) -> String {
    let furthest = of.furthest();
    let at = furthest.map(|seat| seat.deployment.title()).unwrap_or_default();
    let measures = furthest.map(|seat| {
        let measures = &seat.column.measures;
        let psi = measures.psi.map(|psi| format!("PSI {}", figures::distance(psi.value)));
        let ks = measures.ks.map(|ks| format!("KS {}", figures::distance(ks.low)));
        psi.into_iter().chain(ks).collect::<Vec<String>>().join(" \u{B7} ")
    });
    let place = place + 1;
    // Cards are drawn for those that rank first, and these do.
    format!(
        "<tr><td class=\"num\">{place}</td><th scope=\"row\"><a href=\"#c{place}\">{}</a></th>\
         <td>{}</td><td>{}</td><td>{}</td><td><bdi>{}</bdi></td></tr>\n",
        name(of.name),
        badge(Some(of.verdict)),
        bar(of.effect, longest, class(Some(of.verdict))),
        measures.unwrap_or_default(),
        Text(&at),
    )
}

/// A bar with a tick where the threshold is.
fn bar(effect: f64, longest: f64, class: &str) -> String {
    let (width, tick) = (120.0 * (effect / longest).clamp(0.0, 1.0), 120.0 / longest);
    let times = figures::times(effect);
    format!(
        "<span class=\"effect\"><svg class=\"bar {class}\" viewBox=\"0 0 120 14\" role=\"img\" \
         aria-label=\"{times} the threshold\"><rect class=\"rail\" width=\"120\" height=\"8\" \
         y=\"3\" rx=\"2\"/><rect class=\"fill\" width=\"{width:.1}\" height=\"8\" y=\"3\" \
         rx=\"2\"/><path class=\"tick\" d=\"M{tick:.1} 0v14\"/></svg> {times}</span>"
    )
}

/// What the words and numbers of the page mean.
pub(super) fn footer(report: &Report) -> String {
    format!(
        "<footer>\n<h2>How to read this</h2>\n<p><b>PSI</b>, the population stability index, \
         compares shares of the baseline's tenths (or of categories) and of missing values. \
         <b>KS</b>, the Kolmogorov-Smirnov distance, is the greatest gap between both cumulative \
         shares. A column drifts when one of them reaches its threshold and chance is ruled out \
         over all columns of the deployment together. It is <i>insufficient data</i> when chance \
         alone could reach the threshold with so few rows, and <i>ok</i> when drift of that size \
         would have shown.</p>\n<p>n is the number of baseline rows, m of current rows; \
         <i>critical</i> is what chance stays below in the strictest case of all columns together, \
         p the probability of as much by chance. The same numbers for programs: format {}.</p>\n\
         </footer>\n",
        Text(&report.format)
    )
}

/// From when to when, and for how long. What is no time is shown as it is.
fn window(of: &WindowReport) -> String {
    let times: Result<Vec<Timestamp>, _> =
        [&of.start, &of.end].map(|t| t.parse()).into_iter().collect();
    let long = times.ok().and_then(|times| long(times[0], times[1]));
    let long = long.map(|long| format!(" <span class=\"dim\">({long})</span>")).unwrap_or_default();
    format!("{} to {}{long}", time(&of.start), time(&of.end))
}

/// `2026-01-01 00:00:00 UTC` of RFC 3339.
fn time(of: &str) -> String {
    let shown = match of.strip_suffix('Z').and_then(|of| of.split_once('T')) {
        Some((day, time)) => format!("{day} {time} UTC"),
        None => of.to_owned(),
    };
    format!("<time datetime=\"{}\">{}</time>", Text(of), Text(&shown))
}

/// `7 days`, `1 day 6 hours`.
fn long(start: Timestamp, end: Timestamp) -> Option<String> {
    let round = SpanRound::new().smallest(Unit::Second).largest(Unit::Hour);
    let span = start.until(end).ok()?.round(round).ok()?;
    let (hours, minutes) = (i64::from(span.get_hours()), span.get_minutes());
    let parts = [
        (hours / 24, "day"),
        (hours % 24, "hour"),
        (minutes, "minute"),
        (span.get_seconds(), "second"),
    ];
    let parts = parts.into_iter().filter(|(many, _)| *many > 0);
    let parts: Vec<String> = parts
        .map(|(many, what)| format!("{many} {what}{}", if many == 1 { "" } else { "s" }))
        .take(2)
        .collect();
    Some(parts.join(" ")).filter(|text| !text.is_empty())
}
