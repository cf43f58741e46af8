//! Wasserstein-1 distance: how far, on average, a value would have to be moved to make one sample
//! of the other.
//!
//! `integral |F_r(x) - F_c(x)| dx`, in the unit of the values; divide it by a standard deviation of
//! the reference to compare features. Symmetric. One wild value moves it as far as it is wild.

use super::{Bin, totals};

#[cfg(test)]
mod tests;

/// Distance of two samples in rising order, all finite, as `scipy.stats.wasserstein_distance`.
/// `None` when one is empty.
pub fn distance(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (n, m) = (reference.len(), current.len());
    let (mut i, mut j) = (0, 0);
    let mut last = reference.first()?.min(*current.first()?);
    let mut area = Sum::default();
    while i < n || j < m {
        let next = match (reference.get(i), current.get(j)) {
            (Some(a), Some(b)) => a.min(*b),
            (Some(value), None) | (None, Some(value)) => *value,
            (None, None) => break,
        };
        area.add((i as f64 / n as f64 - j as f64 / m as f64).abs() * (next - last));
        i += reference[i..].iter().take_while(|v| **v <= next).count();
        j += current[j..].iter().take_while(|v| **v <= next).count();
        last = next;
    }
    Some(area.total())
}

/// An estimate from counters over shared, rising edges: both distributions are taken to be straight
/// between two edges. There is one bin more than edges; the first starts and the last ends with the
/// `range` (least, greatest) of the values, so that rows beyond it count as if they lay within.
/// `None` when a side has no row, or the number of bins is another.
pub fn distance_of_counts(bins: &[Bin], edges: &[f64], range: (f64, f64)) -> Option<f64> {
    let (n, m) = totals(bins);
    if bins.len() != edges.len() + 1 || n == 0.0 || m == 0.0 {
        return None;
    }
    let ends = edges.iter().copied().chain([range.1]);
    let (mut start, mut before) = (range.0, 0.0f64);
    let (mut i, mut j) = (0, 0);
    let mut area = Sum::default();
    for (bin, end) in bins.iter().zip(ends) {
        i += bin.reference;
        j += bin.current;
        let after = i as f64 / n - j as f64 / m;
        area.add((end - start).max(0.0) * mean_of_line(before, after));
        (start, before) = (start.max(end), after);
    }
    Some(area.total())
}

/// Mean of the absolute value of a line from `a` to `b`, which may cross 0.
fn mean_of_line(a: f64, b: f64) -> f64 {
    let ends = a.abs() + b.abs();
    if a * b >= 0.0 { ends / 2.0 } else { (a * a + b * b) / (2.0 * ends) }
}

/// A sum that keeps what rounding would lose (Neumaier).
#[derive(Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

// === impl Sum ===

impl Sum {
    fn add(&mut self, term: f64) {
        let next = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() {
            (self.sum - next) + term
        } else {
            (term - next) + self.sum
        };
        self.sum = next;
    }

    fn total(&self) -> f64 {
        self.sum + self.lost
    }
}
