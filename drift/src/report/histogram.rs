//! Both sides of a column in a few bars, to draw: no measure is taken over them.
//!
//! **Numbers**: 24 bars of equal width between the reference's 1st and 99th percentiles, where most
//! of it is, one below and one above. The rows of a fine bin are spread evenly over its width. A
//! column of few values has a bar for each.
//! **Categories**: the 12 most frequent of the reference, the others together, and what it has not.

use serde::{Deserialize, Serialize};

use crate::baseline::{Bins, Column, Numbers};

#[cfg(test)]
mod tests;

const BARS: usize = 24;
/// Numbers that each have a bar.
const VALUES: usize = 24;
const CATEGORIES: usize = 12;

/// Bars of both sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// What each bar is of: a range, a value, a category.
    pub labels: Vec<String>,
    /// Share of the reference's values in each bar.
    pub reference: Vec<f64>,
    /// Share of the live values in each bar.
    pub current: Vec<f64>,
}

// === impl Histogram ===

impl Histogram {
    /// Of the reference's counts, which may be by bins of its own, and of the live ones.
    pub(super) fn new(
        column: &Column,
        (other, reference): (&Column, &[u64]),
        current: &[u64],
    ) -> Histogram {
        let moved = moved(other, column, reference);
        let reference = moved.as_deref().unwrap_or(reference);
        let sides = [reference, current];
        let (labels, [reference, current]) = match column.bins() {
            Bins::Categories(categories) => of_categories(categories.names(), sides),
            Bins::Numbers(numbers) => match numbers.values() {
                Some(values) if values.len() <= VALUES => of_values(&values, sides),
                _ => of_ranges(numbers, reference, sides),
            },
        };
        Histogram { labels, reference: shares(reference), current: shares(current) }
    }
}

/// Counts of numbers by the bins of another column: each bin goes whole to where its middle is.
fn moved(from: &Column, to: &Column, counts: &[u64]) -> Option<Vec<u64>> {
    let (Bins::Numbers(a), Bins::Numbers(b)) = (from.bins(), to.bins()) else { return None };
    if a == b {
        return None;
    }
    let mut moved = vec![0; b.edges().len() + 1];
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let before = bin.checked_sub(1).and_then(|before| a.edges().get(before));
        let middle = match (before, a.edges().get(bin)) {
            (Some(start), Some(end)) => start / 2.0 + end / 2.0,
            (Some(start), None) => start.next_up(),
            (None, Some(end)) => *end,
            (None, None) => 0.0,
        };
        moved[b.bin(middle)] += count;
    }
    Some(moved)
}

fn shares(bars: Vec<f64>) -> Vec<f64> {
    let all: f64 = bars.iter().sum();
    bars.into_iter().map(|bar| if all > 0.0 { bar / all } else { 0.0 }).collect()
}

type Bars = (Vec<String>, [Vec<f64>; 2]);

fn of_categories(names: &[String], sides: [&[u64]; 2]) -> Bars {
    let shown = names.len().min(CATEGORIES);
    let rest = names.len() - shown;
    let mut labels: Vec<String> = names[..shown].to_vec();
    if rest > 0 {
        labels.push(format!("{rest} others"));
    }
    labels.push("not in the baseline".to_owned());
    let bars = sides.map(|counts| {
        let mut bars: Vec<f64> = counts[..shown].iter().map(|count| *count as f64).collect();
        if rest > 0 {
            bars.push(counts[shown..names.len()].iter().sum::<u64>() as f64);
        }
        bars.push(counts[names.len()] as f64);
        bars
    });
    (labels, bars)
}

fn of_values(values: &[f64], sides: [&[u64]; 2]) -> Bars {
    let (least, greatest) = (values[0], values[values.len() - 1]);
    let inner = values.iter().map(|value| number(*value));
    let labels = [format!("< {}", number(least))].into_iter().chain(inner);
    let labels = labels.chain([format!("> {}", number(greatest))]).collect();
    (labels, sides.map(|counts| counts.iter().map(|count| *count as f64).collect()))
}

fn of_ranges(numbers: &Numbers, reference: &[u64], sides: [&[u64]; 2]) -> Bars {
    let edges = numbers.edges();
    let Some((low, high)) = middle(edges, reference) else {
        let labels = vec!["all".to_owned()];
        return (labels, sides.map(|counts| vec![counts.iter().sum::<u64>() as f64]));
    };
    let width = (high - low) / BARS as f64;
    let at = |bar: usize| low + width * bar as f64;
    let inner = (0..BARS).map(|bar| format!("{} to {}", number(at(bar)), number(at(bar + 1))));
    let labels = [format!("< {}", number(low))].into_iter().chain(inner);
    let labels = labels.chain([format!("> {}", number(high))]).collect();
    // Where a value lies among the bars, as a real number of bars from the left.
    let place = |value: f64| ((value - low) / width).clamp(-1.0, BARS as f64 + 1.0) + 1.0;
    let bars = sides.map(|counts| {
        let mut bars = vec![0.0; BARS + 2];
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let start = bin.checked_sub(1).map_or(0.0, |edge| place(edges[edge]));
            let end = edges.get(bin).map_or(BARS as f64 + 2.0, |edge| place(*edge));
            spread(*count as f64, start, end, &mut bars);
        }
        bars
    });
    (labels, bars)
}

/// Puts `count` evenly over the bars between two places.
fn spread(count: f64, start: f64, end: f64, bars: &mut [f64]) {
    let last = bars.len() - 1;
    if end - start < 1e-9 {
        bars[(start as usize).min(last)] += count;
        return;
    }
    for (bar, to) in bars.iter_mut().enumerate().take(end.ceil() as usize).skip(start as usize) {
        let overlap = end.min(bar as f64 + 1.0) - start.max(bar as f64);
        *to += count * (overlap / (end - start)).max(0.0);
    }
}

/// Edges around the reference's 1st and 99th percentiles.
fn middle(edges: &[f64], reference: &[u64]) -> Option<(f64, f64)> {
    let all = reference.iter().sum::<u64>() as f64;
    let edge_at = |share: f64| {
        let mut below = 0;
        let bin = reference.iter().position(|count| {
            below += count;
            below as f64 >= share * all
        })?;
        Some(bin)
    };
    let low = *edges.get(edge_at(0.01)?.saturating_sub(1))?;
    let high = edges.get(edge_at(0.99)?).or(edges.last()).copied()?;
    (all > 0.0 && (high - low).is_finite() && high > low).then_some((low, high))
}

/// Four significant digits are enough beside a bar.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if !(-3..=6).contains(&digits) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.*}", digits.max(0) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
