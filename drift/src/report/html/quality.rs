//! What is wrong with values, the baseline beside the current rows: missing, not a number,
//! infinite, out of range, unseen.

use super::escape::Text;
use super::ranking::{Ranked, Seat};
use super::{QUALITY_ROWS, figures, name, table};
use crate::report::QualityReport;

#[cfg(test)]
mod tests;

/// How many standard errors a share must rise by to be marked.
const ERRORS: f64 = 3.0;

/// Kinds of trouble.
const KINDS: [&str; 6] = ["Null", "NaN", "Infinite", "Below", "Above", "Unseen"];

pub(super) fn write(ranking: &[Ranked<'_>]) -> String {
    let seats = ranking.iter().flat_map(|of| of.seats.iter().map(move |seat| (of, seat)));
    let (risen, calm): (Vec<_>, Vec<_>) = seats.partition(|(_, seat)| has_risen(seat));
    if risen.is_empty() && calm.is_empty() {
        return String::new();
    }
    let risen_rows = risen.len().min(QUALITY_ROWS);
    let calm_rows = QUALITY_ROWS - risen_rows;
    let mut text =
        "<p>Shares of rows for each column at each deployment, baseline beside current. \
                    Marked: a share that rose by more than three standard errors, a least or \
                    greatest value beyond the baseline's.</p>\n"
            .to_owned();
    if risen.is_empty() {
        text.push_str("<p>Nothing rose.</p>\n");
    } else {
        let rows: String = risen.iter().take(risen_rows).map(|(of, seat)| row(of, seat)).collect();
        text.push_str(&wide("Data quality where something rose", &rows));
    }
    if !calm.is_empty() {
        let rows: String = calm.iter().take(calm_rows).map(|(of, seat)| row(of, seat)).collect();
        let many = figures::count(calm.len() as u64);
        let table = wide("Data quality where nothing rose", &rows);
        let summary = format!("<summary>{many} more, where nothing rose</summary>");
        text.push_str(&format!("<details>\n{summary}\n{table}</details>\n"));
    }
    let (all, most) = (risen.len() + calm.len(), QUALITY_ROWS);
    if all > most {
        let all = figures::count(all as u64);
        text.push_str(&format!("<p class=\"cut\">The first {most} of {all} are shown.</p>\n"));
    }
    text
}

/// Columns in which a share of bad values rose, where clients are answered.
pub(super) fn risen(ranking: &[Ranked<'_>]) -> usize {
    let counts = |seat: &Seat<'_>| !seat.deployment.mirrored && has_risen(seat);
    ranking.iter().filter(|of| of.seats.iter().any(counts)).count()
}

fn wide(label: &str, rows: &str) -> String {
    let pairs = KINDS.into_iter().chain(["Least value", "Greatest value"]);
    let pair = |of| format!("<th scope=\"colgroup\" colspan=\"2\">{of}</th>");
    let above: String = pairs.clone().map(pair).collect();
    let sides = "<th scope=\"col\">base</th><th scope=\"col\">now</th>";
    let below = sides.repeat(pairs.count());
    let head = format!(
        "<tr><th scope=\"col\" rowspan=\"2\">Column</th><th scope=\"col\" rowspan=\"2\">At</th>\
         {above}</tr><tr>{below}</tr>"
    );
    table(label, "quality", &head, rows)
}

fn row(of: &Ranked<'_>, seat: &Seat<'_>) -> String {
    let (reference, current) = (&seat.column.reference, &seat.column.current);
    let sides = shares(reference).into_iter().zip(shares(current));
    let shares: String = sides
        .map(|(base, now)| {
            let rose = rises(base, reference.rows, now, current.rows);
            cells(base.map(figures::share), now.map(figures::share), rose)
        })
        .collect();
    let ends = [
        (reference.min, current.min, is_beyond(current.min, reference.min, f64::lt)),
        (reference.max, current.max, is_beyond(current.max, reference.max, f64::gt)),
    ];
    let ends = ends
        .map(|(base, now, rose)| cells(base.map(figures::value), now.map(figures::value), rose));
    format!(
        "<tr><th scope=\"row\">{}</th><td><bdi>{}</bdi></td>{shares}{}</tr>\n",
        name(of.name),
        Text(&seat.deployment.title()),
        ends.concat(),
    )
}

fn cells(base: Option<String>, now: Option<String>, rose: bool) -> String {
    let dash = || "\u{2013}".to_owned();
    let (base, now) = (base.unwrap_or_else(dash), now.unwrap_or_else(dash));
    if !rose {
        return format!("<td>{base}</td><td>{now}</td>");
    }
    format!(
        "<td>{base}</td><td class=\"rose\"><span class=\"hide\">rose: </span>\u{25B2} {now}</td>"
    )
}

/// Shares of rows in the order of [`KINDS`]; none without rows.
fn shares(of: &QualityReport) -> [Option<f64>; 6] {
    let share = |part: u64| (of.rows > 0).then(|| part as f64 / of.rows as f64);
    let outside = [share(of.below), share(of.above), share(of.unseen)];
    [of.null_rate, of.nan_rate, of.infinite_rate, outside[0], outside[1], outside[2]]
}

fn has_risen(seat: &Seat<'_>) -> bool {
    let (reference, current) = (&seat.column.reference, &seat.column.current);
    let mut sides = shares(reference).into_iter().zip(shares(current));
    sides.any(|(base, now)| rises(base, reference.rows, now, current.rows))
}

/// Whether a share rose by more than chance: the z-test of two proportions with their pooled
/// variance (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3), one-sided.
fn rises(base: Option<f64>, n: u64, now: Option<f64>, m: u64) -> bool {
    let (Some(base), Some(now)) = (base, now) else { return false };
    if n == 0 || m == 0 {
        return false;
    }
    let (n, m) = (n as f64, m as f64);
    let pooled = (base * n + now * m) / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).max(0.0).sqrt();
    now > base && now - base > ERRORS * error
}

fn is_beyond(now: Option<f64>, base: Option<f64>, beyond: fn(&f64, &f64) -> bool) -> bool {
    matches!((now, base), (Some(now), Some(base)) if beyond(&now, &base))
}
