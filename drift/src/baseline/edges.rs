//! Where the bins of a numeric column end: at about 1,000 quantiles of the reference.
//!
//! Edges fixed by the reference do not move when one wild value arrives, unlike equal widths
//! between the extremes of both samples; and so many of them bracket the Kolmogorov-Smirnov
//! distance to about 0.001. Three rules on top of plain quantiles:
//! - Up to 1,000 distinct values have an edge between each two.
//! - An edge lies halfway between a value and the next greater one. Training data often has 64-bit
//!   floats where a model takes 32-bit ones: an edge on the value itself would send 0.1 to one bin
//!   and its rounded copy to the next.
//! - The outermost edges stand just outside of the least and the greatest value, so that the first
//!   and the last bin count what is below and above everything the reference has.
//!
//! A multiple of ten quantiles, so that the reference's deciles are edges, too.

#[cfg(test)]
mod tests;

/// Equal parts of the reference, the bins outside of it not among them.
const PARTS: usize = 1000;

/// Edges between the values of `sorted`, which are finite, distinct and rising; at most 1,000 of
/// them, and one at least.
pub(super) fn edges_of_distinct(sorted: &[f64]) -> Vec<f64> {
    let inner = sorted.windows(2).map(|pair| between(pair[0], pair[1])).collect();
    framed(inner, sorted[0], sorted[sorted.len() - 1])
}

/// Edges at the quantiles of `sorted`, a rising sample of finite values between `min` and `max`,
/// which need not be in it.
pub(super) fn edges_of_sample(sorted: &[f64], min: f64, max: f64) -> Vec<f64> {
    let mut inner = Vec::with_capacity(PARTS);
    for k in 1..PARTS {
        let Some(value) = quantile(sorted, k) else { break };
        let above = &sorted[sorted.partition_point(|v| *v <= value)..];
        match above.first() {
            Some(next) => inner.push(between(value, *next)),
            None if value < max => inner.push(between(value, max)),
            None => break,
        }
    }
    framed(inner, min, max)
}

/// With an edge below `min` and one above `max`, where there is a float for it.
fn framed(inner: Vec<f64>, min: f64, max: f64) -> Vec<f64> {
    let mut edges = vec![just_below(min)];
    edges.extend(inner);
    edges.push(just_above(max));
    edges.retain(|edge| edge.is_finite());
    edges.dedup();
    edges
}

/// The least value that `k` thousandths of all do not exceed.
fn quantile(sorted: &[f64], k: usize) -> Option<f64> {
    sorted.get((sorted.len() * k).div_ceil(PARTS).checked_sub(1)?).copied()
}

/// Halfway, or `a` where no float lies between: then `b` is above the edge all the same.
fn between(a: f64, b: f64) -> f64 {
    let middle = a / 2.0 + b / 2.0;
    if a < middle && middle < b { middle } else { a }
}

/// Halfway from the 32-bit float at or above `value` to the next: rounding `value` to 32 bits stays
/// below it. Beyond the 32-bit range, the next 64-bit float.
fn just_above(value: f64) -> f64 {
    let near = value as f32;
    let at = if f64::from(near) < value { near.next_up() } else { near };
    let above = f64::from(at) / 2.0 + f64::from(at.next_up()) / 2.0;
    if above.is_finite() { above } else { value.next_up() }
}

fn just_below(value: f64) -> f64 {
    -just_above(-value)
}
