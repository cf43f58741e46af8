//! Where the bins of a numeric feature end: just above the deciles of the reference.
//!
//! Edges fixed by the reference do not move when one wild value arrives, unlike equal widths
//! between the extremes of both samples. Three rules on top of plain deciles:
//! - A decile that falls on the same value as the one before makes no second edge, so a feature
//!   with few distinct values has few bins.
//! - An edge lies halfway between the decile's value and the next greater one. Training data often
//!   has 64-bit floats where a model takes 32-bit ones: an edge on the value itself would send 0.1
//!   to one bin and its rounded copy to the next.
//! - Where a tenth of the values or more sit on the least or the greatest value (flags, capped
//!   amounts, constants), an edge stands just outside of it, so that values never seen get a bin of
//!   their own.

#[cfg(test)]
mod tests;

/// Bins that a feature with many distinct values gets.
const BINS: usize = 10;

/// Edges over `sorted`, which has no NaN: finite and strictly rising, at most 10.
pub(crate) fn edges(sorted: &[f64]) -> Vec<f64> {
    let Some(least) = sorted.first() else { return Vec::new() };
    let mut edges = Vec::with_capacity(BINS);
    if decile(sorted, 1) == *least {
        edges.push(just_below(*least));
    }
    for k in 1..BINS {
        let value = decile(sorted, k);
        let next = sorted.get(sorted.partition_point(|v| *v <= value));
        edges.push(next.map_or_else(|| just_above(value), |next| between(value, *next)));
    }
    edges.retain(|edge| edge.is_finite());
    edges.dedup();
    edges
}

/// The least value that `k` tenths of all do not exceed; `sorted` is not empty.
fn decile(sorted: &[f64], k: usize) -> f64 {
    sorted[(sorted.len() * k).div_ceil(BINS) - 1]
}

/// Halfway, or `a` where no float lies between: then `b` is above the edge all the same.
fn between(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY {
        return just_below(b);
    }
    if b == f64::INFINITY {
        return just_above(a);
    }
    let middle = a / 2.0 + b / 2.0;
    if a < middle && middle < b { middle } else { a }
}

/// Halfway from the 32-bit float at or above `value` to the next: rounding `value` to 32 bits stays
/// below it. Not finite beyond the 32-bit range.
fn just_above(value: f64) -> f64 {
    let near = value as f32;
    let at = if f64::from(near) < value { near.next_up() } else { near };
    f64::from(at) / 2.0 + f64::from(at.next_up()) / 2.0
}

fn just_below(value: f64) -> f64 {
    -just_above(-value)
}
