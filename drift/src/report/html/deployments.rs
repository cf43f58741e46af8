//! Deployments beside each other: what they were asked, how they answered, how far each column
//! moved.

use super::escape::Text;
use super::ranking::Ranked;
use super::{CELLS, badge, class, figures, heads, name, table};
use crate::analyze::Verdict;
use crate::report::{ColumnReport, DeploymentReport, Report, TrafficReport};

/// Columns of a table that is not folded.
const FEW: usize = 40;
/// What stands where nothing was measured.
const DASH: &str = "<span class=\"dim\">\u{2013}</span>";

pub(super) fn write(report: &Report, ranking: &[Ranked<'_>]) -> String {
    if report.deployments.is_empty() {
        return String::new();
    }
    let head = heads(&[
        "Deployment",
        "Verdict",
        "Rows",
        "Baseline",
        "Requests",
        "4xx",
        "5xx",
        "Latency p50",
        "Latency p99",
        "Drifting",
    ]);
    let rows: String = report.deployments.iter().map(row).collect();
    let side_by_side = table("Rows, requests and verdicts", "deployments", &head, &rows);
    format!("{side_by_side}{}", psi(report, ranking))
}

fn row(of: &DeploymentReport) -> String {
    let traffic = |show: fn(&TrafficReport) -> String| {
        of.traffic.as_ref().map_or_else(|| DASH.to_owned(), show)
    };
    let drifting = of.columns.iter().filter(|column| column.verdict == Verdict::Drift).count();
    let drifting = format!(
        "{} of {}",
        figures::count(drifting as u64),
        figures::count(of.columns.len() as u64)
    );
    let cells = [
        figures::count(of.rows),
        of.baseline_rows.map_or_else(|| "none".to_owned(), figures::count),
        traffic(|of| figures::count(of.requests)),
        traffic(|of| errors(of.client_errors, of.requests)),
        traffic(|of| errors(of.server_errors, of.requests)),
        traffic(|of| latency(of.latency_p50_us, of.requests)),
        traffic(|of| latency(of.latency_p99_us, of.requests)),
        of.verdict.map_or_else(|| DASH.to_owned(), |_| drifting),
    ];
    let cells: String = cells.iter().map(|cell| format!("<td class=\"num\">{cell}</td>")).collect();
    let title = of.title();
    let title = Text(&title);
    format!(
        "<tr><th scope=\"row\"><bdi>{title}</bdi></th><td>{}</td>{cells}</tr>\n",
        badge(of.verdict)
    )
}

fn errors(errors: u64, requests: u64) -> String {
    if errors == 0 || requests == 0 {
        return figures::count(errors);
    }
    let share = figures::share(errors as f64 / requests as f64);
    format!("{} <span class=\"dim\">({share})</span>", figures::count(errors))
}

/// At most so long: latencies are counted by the upper ends of ranges. Slower than the last of them
/// has no number.
fn latency(us: Option<u32>, requests: u64) -> String {
    match us {
        Some(us) => format!("\u{2264} {}", figures::latency(us)),
        None if requests == 0 => DASH.to_owned(),
        None => "slower than any range".to_owned(),
    }
}

/// The PSI of each column at each deployment.
fn psi(report: &Report, ranking: &[Ranked<'_>]) -> String {
    let judged: Vec<&DeploymentReport> =
        report.deployments.iter().filter(|of| of.verdict.is_some()).collect();
    if ranking.is_empty() {
        return String::new();
    }
    let titles: Vec<String> = judged.iter().map(|of| of.title()).collect();
    let titles = titles.iter().map(|of| format!("<bdi>{}</bdi>", Text(of)));
    let head: Vec<String> =
        ["Column".to_owned(), "Verdict".to_owned()].into_iter().chain(titles).collect();
    let head = heads(&head.iter().map(String::as_str).collect::<Vec<&str>>());
    let shown = ranking.len().min(CELLS / (judged.len() + 2));
    let rows = ranking[..shown].iter().map(|of| line(of, &judged));
    let table = table("PSI of each column", "psi", &head, &rows.collect::<String>());
    let open = if ranking.len() <= FEW { " open" } else { "" };
    let all = figures::count(ranking.len() as u64);
    let cut = if shown == ranking.len() {
        String::new()
    } else {
        let shown = figures::count(shown as u64);
        format!("<p class=\"cut\">The first {shown} of {all} columns by rank are shown.</p>\n")
    };
    format!(
        "<h3 id=\"psi\">PSI of each column</h3>\n<details{open}>\n<summary>All {all} columns by \
         rank, threshold {}</summary>\n{table}{cut}</details>\n",
        figures::distance(report.thresholds.psi)
    )
}

fn line(of: &Ranked<'_>, judged: &[&DeploymentReport]) -> String {
    let mut seats = of.seats.iter().peekable();
    let cells: String = judged
        .iter()
        .map(|deployment| {
            // Seats stand in the deployments' order.
            let seat = seats.next_if(|seat| std::ptr::eq(seat.deployment, *deployment));
            seat.map_or_else(|| format!("<td>{DASH}</td>"), |seat| cell(seat.column))
        })
        .collect();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td>{cells}</tr>\n",
        name(of.name),
        badge(Some(of.verdict))
    )
}

fn cell(of: &ColumnReport) -> String {
    let psi = of.measures.psi.map(|psi| figures::distance(psi.value));
    let psi = psi.unwrap_or_else(|| DASH.to_owned());
    match of.verdict {
        Verdict::Ok => format!("<td>{psi}</td>"),
        verdict => {
            let mark = if verdict == Verdict::Drift { "\u{25B2}" } else { "?" };
            let class = class(Some(verdict));
            format!(
                "<td class=\"{class}\"><span class=\"hide\">{verdict}: </span>{mark} {psi}</td>"
            )
        }
    }
}
