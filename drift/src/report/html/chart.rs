//! A histogram of both sides as inline SVG: the baseline filled, the current side an outline.
//!
//! Numbers stand upright side by side, categories lie under each other so that their names have
//! room. Each bar tells its label and both shares to a pointer.

use std::fmt::Write as _;

use super::escape::{Cut, Text};
use super::figures;
use crate::report::{ColumnReport, Histogram};

/// More than a histogram has; a stored report may hold anything.
const MOST: usize = 64;

const WIDTH: f64 = 360.0;
/// The plot of numbers.
const LEFT: f64 = 36.0;
const RIGHT: f64 = 356.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 118.0;
/// What is beyond the range of most values stands a little apart.
const APART: f64 = 5.0;
/// Categories: where their bars begin and end, and the height of one.
const NAMES: f64 = 112.0;
const BARS: f64 = 262.0;
const LINE: f64 = 24.0;

/// One bar of both sides.
struct Bar<'a> {
    label: &'a str,
    reference: f64,
    current: f64,
}

/// Draws a column's histogram; `what` says whose it is.
pub(super) fn draw(column: &ColumnReport, what: &str) -> String {
    let bars = bars(&column.histogram);
    if bars.is_empty() {
        return "<p class=\"dim\">No histogram.</p>\n".to_owned();
    }
    let is_category = column.kind == "category";
    let (height, content) =
        if is_category { categories(&bars) } else { (BOTTOM + 20.0, numbers(&bars)) };
    let furthest = bars.iter().max_by(|a, b| a.gap().total_cmp(&b.gap()));
    let furthest = furthest.map(|bar| format!("; widest apart at {}", bar.says()));
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Shares of {}, {} bars{}\">\n{content}</svg>\n",
        Text(what),
        bars.len(),
        furthest.unwrap_or_default(),
    )
}

fn bars(of: &Histogram) -> Vec<Bar<'_>> {
    let share = |shares: &[f64], bar| {
        let share: Option<&f64> = shares.get(bar);
        share.copied().filter(|share| share.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0)
    };
    let labels = of.labels.iter().take(MOST).enumerate();
    let bars = labels.map(|(bar, label)| Bar {
        label,
        reference: share(&of.reference, bar),
        current: share(&of.current, bar),
    });
    bars.collect()
}

fn numbers(bars: &[Bar<'_>]) -> String {
    let top = top(bars);
    let y = |share: f64| BOTTOM - (BOTTOM - TOP) * share / top;
    let mut text = String::new();
    for share in [top, top / 2.0] {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"end\" x=\"32\" \
             y=\"{:.1}\">{}</text>",
            y(share) + 3.5,
            figures::share(share),
            y = y(share),
        );
    }
    let (places, runs) = places(bars);
    for (bar, [from, to]) in bars.iter().zip(&places) {
        let _ = writeln!(
            text,
            "<g><title>{}</title><path class=\"hit\" d=\"M{from:.1} {TOP}H{to:.1}V{BOTTOM}\
             H{from:.1}z\"/><path class=\"base\" d=\"M{from:.1} {BOTTOM}V{:.1}H{to:.1}\
             V{BOTTOM}z\"/></g>",
            bar.says(),
            y(bar.reference),
        );
    }
    let mut line = String::new();
    for run in runs {
        let _ = write!(line, "M{:.1} {BOTTOM}", places[run.start][0]);
        for bar in run.clone() {
            let _ = write!(line, "V{:.1}H{:.1}", y(bars[bar].current), places[bar][1]);
        }
        let _ = write!(line, "V{BOTTOM}");
    }
    let _ = writeln!(text, "<path class=\"now\" d=\"{line}\"/>");
    let _ = writeln!(text, "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{RIGHT}\"/>");
    text + &labels(bars, &places)
}

/// From where to where each bar reaches, and which of them stand together.
fn places(bars: &[Bar<'_>]) -> (Vec<[f64; 2]>, Vec<std::ops::Range<usize>>) {
    let (many, last) = (bars.len(), bars.len() - 1);
    let below = many > 2 && bars[0].label.starts_with("< ");
    let above = many > 2 && bars[last].label.starts_with("> ");
    let apart = |is: bool| if is { APART } else { 0.0 };
    let width = (RIGHT - LEFT - apart(below) - apart(above)) / many as f64;
    let places = (0..many).map(|bar| {
        let moved = apart(below && bar > 0) + apart(above && bar == last);
        let from = LEFT + moved + width * bar as f64;
        [from, from + width]
    });
    let (start, end) = (usize::from(below), many - usize::from(above));
    let runs = [0..start, start..end, end..many].into_iter().filter(|run| !run.is_empty());
    (places.collect(), runs.collect())
}

/// Each label where there is room, or that of the first, the middle and the last bar.
fn labels(bars: &[Bar<'_>], places: &[[f64; 2]]) -> String {
    let y = BOTTOM + 14.0;
    let middle = |bar: usize| (places[bar][0] + places[bar][1]) / 2.0;
    let last = bars.len() - 1;
    let centred = |bar: usize, most: usize| {
        let label = Cut(bars[bar].label, most);
        format!("<text class=\"mid\" x=\"{:.1}\" y=\"{y}\">{label}</text>\n", middle(bar))
    };
    if bars.len() <= 6 {
        return (0..bars.len()).map(|bar| centred(bar, 54 / bars.len())).collect();
    }
    format!(
        "<text x=\"{LEFT}\" y=\"{y}\">{}</text>\n{}<text class=\"end\" x=\"{RIGHT}\" y=\"{y}\">{}\
         </text>\n",
        Cut(bars[0].label, 14),
        centred(last / 2, 24),
        Cut(bars[last].label, 14),
    )
}

fn categories(bars: &[Bar<'_>]) -> (f64, String) {
    let top = bars.iter().map(|bar| bar.reference.max(bar.current)).fold(0.0, f64::max);
    let width = |share: f64| if top > 0.0 { (BARS - NAMES) * share / top } else { 0.0 };
    let mut text = String::new();
    for (place, bar) in bars.iter().enumerate() {
        let y = 4.0 + LINE * place as f64;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "<g><title>{}</title><path class=\"hit\" d=\"M0 {y}H{WIDTH}v{LINE}H0z\"/>\
             <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
             <rect class=\"base\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"8\"/>\
             <rect class=\"now\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"8\"/>\
             <text class=\"end\" x=\"{RIGHT}\" y=\"{:.1}\">{} \u{2192} {}</text></g>",
            bar.says(),
            NAMES - 6.0,
            y + 14.5,
            Cut(bar.label, 18),
            y + 2.0,
            width(bar.reference),
            y + 11.5,
            width(bar.current),
            y + 14.5,
            percent(bar.reference),
            percent(bar.current),
        );
    }
    let _ = writeln!(
        text,
        "<path class=\"axis\" d=\"M{NAMES} 2V{:.1}\"/>",
        LINE * bars.len() as f64 + 4.0
    );
    (LINE * bars.len() as f64 + 8.0, text)
}

/// Without a fraction, which has no room beside a bar.
fn percent(share: f64) -> String {
    match 100.0 * share {
        0.0 => "0%".to_owned(),
        p if p < 0.5 => "&lt; 1%".to_owned(),
        p => format!("{p:.0}%"),
    }
}

/// The end of the scale: a round share that no bar reaches beyond.
fn top(bars: &[Bar<'_>]) -> f64 {
    let greatest = bars.iter().map(|bar| bar.reference.max(bar.current)).fold(0.0, f64::max);
    let round = [0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.16, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8];
    round.into_iter().find(|top| *top >= greatest).unwrap_or(1.0)
}

// === impl Bar ===

impl Bar<'_> {
    fn gap(&self) -> f64 {
        (self.reference - self.current).abs()
    }

    /// `48.2 to 52.1: baseline 4.1%, current 8.2%`
    fn says(&self) -> String {
        let (reference, current) = (figures::share(self.reference), figures::share(self.current));
        format!("{}: baseline {reference}, current {current}", Cut(self.label, 80))
    }
}
