//! NumPy's histograms: which edges it chooses, and what lies between them.
//!
//! `numpy.histogram_bin_edges` and `numpy.histogram` of NumPy 2.4, operation by operation, so that
//! a value on an edge falls to the side where it falls there.

use crate::distance::Bin;

#[cfg(test)]
mod tests;

/// What Sturges' rule knows of the values, of which there is at least one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// How many values.
    pub(super) count: usize,
    pub(super) least: f64,
    pub(super) greatest: f64,
    /// Whether NumPy holds them as integers: then no bin is narrower than 1.
    pub(super) integers: bool,
    /// Whether NumPy holds them as 32-bit floats: then the edges are such too.
    pub(super) singles: bool,
}

/// Edges of `bins="sturges"`. None for what NumPy refuses: infinite values, or bins narrower than
/// floats can tell.
pub(super) fn sturges(range: Range) -> Option<Vec<f64>> {
    let width = (range.greatest - range.least) / ((range.count as f64).log2() + 1.0);
    automatic(range, width)
}

/// Edges of `bins="doane"` over sorted values. None as for [`sturges`], and of no value.
pub(super) fn doane(sorted: &[f64]) -> Option<Vec<f64>> {
    let (least, greatest) = (*sorted.first()?, *sorted.last()?);
    let range = Range { count: sorted.len(), least, greatest, integers: false, singles: false };
    let n = sorted.len() as f64;
    let deviation = deviation(sorted, 0);
    if sorted.len() <= 2 || deviation == 0.0 {
        return automatic(range, 0.0);
    }
    let spread = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
    let mean = sum(sorted) / n;
    let cubes: Vec<f64> = sorted.iter().map(|v| ((v - mean) / deviation).powi(3)).collect();
    let skew = sum(&cubes) / n;
    let bins = 1.0 + n.log2() + (1.0 + skew.abs() / spread).log2();
    automatic(range, (greatest - least) / bins)
}

/// Edges of a number of equal bins between the least and the greatest value. None as for
/// [`sturges`].
pub(super) fn equal(least: f64, greatest: f64, bins: usize, singles: bool) -> Option<Vec<f64>> {
    let (first, last) = outer(least, greatest);
    let edges = linspace(first, last, bins, singles);
    let rising = edges.windows(2).all(|pair| pair[0] < pair[1]);
    (first.is_finite() && last.is_finite() && rising).then_some(edges)
}

/// `numpy.linspace(first, last, bins + 1)`, of 64-bit floats or of 32-bit ones.
pub(super) fn linspace(first: f64, last: f64, bins: usize, singles: bool) -> Vec<f64> {
    if singles {
        let (first, last) = (first as f32, last as f32);
        let step = (last - first) / bins as f32;
        let mut edges: Vec<f64> = (0..=bins).map(|i| f64::from(i as f32 * step + first)).collect();
        edges[bins] = f64::from(last);
        return edges;
    }
    let step = (last - first) / bins as f64;
    let mut edges: Vec<f64> = (0..=bins).map(|i| i as f64 * step + first).collect();
    edges[bins] = last;
    edges
}

/// How many of the sorted values lie in each bin: from its edge on and below the next, the last
/// edge included.
pub(super) fn counts(sorted: &[f64], edges: &[f64]) -> Vec<u64> {
    let last = edges.len() - 1;
    let below = |(place, edge): (usize, &f64)| {
        let is_below = |v: &f64| if place == last { v <= edge } else { v < edge };
        sorted.partition_point(is_below) as u64
    };
    let below: Vec<u64> = edges.iter().enumerate().map(below).collect();
    below.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
}

/// [`counts`] of two samples.
pub(super) fn bins(baseline: &[f64], current: &[f64], edges: &[f64]) -> Vec<Bin> {
    let pairs = counts(baseline, edges).into_iter().zip(counts(current, edges));
    pairs.map(|(reference, current)| Bin { reference, current }).collect()
}

/// Standard deviation with `n - less` in the denominator; NaN for too few values.
pub(super) fn deviation(values: &[f64], less: usize) -> f64 {
    let mean = sum(values) / values.len() as f64;
    let squares: Vec<f64> = values.iter().map(|v| (mean - v) * (mean - v)).collect();
    (sum(&squares) / (values.len() as f64 - less as f64)).sqrt()
}

/// `numpy.sum`: by halves, and within 128 values by eight sums.
pub(super) fn sum(values: &[f64]) -> f64 {
    let n = values.len();
    if n < 8 {
        return values.iter().sum();
    }
    if n > 128 {
        let half = n / 2 - (n / 2) % 8;
        return sum(&values[..half]) + sum(&values[half..]);
    }
    let eights = values.chunks_exact(8);
    let rest = eights.remainder();
    let mut r = [0.0; 8];
    for eight in eights {
        r.iter_mut().zip(eight).for_each(|(sum, value)| *sum += value);
    }
    let whole = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    rest.iter().fold(whole, |sum, value| sum + value)
}

/// Edges of bins about as wide as `width`, or of one bin for a width of 0.
fn automatic(range: Range, width: f64) -> Option<Vec<f64>> {
    let (first, last) = outer(range.least, range.greatest);
    let width = if range.integers && width > 0.0 { width.max(1.0) } else { width };
    let bins = if width == 0.0 { 1.0 } else { ((last - first) / width).ceil() };
    // Both rules ask for far fewer; a width of NaN for none.
    if !(1.0..1e6).contains(&bins) {
        return None;
    }
    equal(range.least, range.greatest, bins as usize, range.singles)
}

/// A single value gets half a unit on each side.
fn outer(least: f64, greatest: f64) -> (f64, f64) {
    if least == greatest { (least - 0.5, greatest + 0.5) } else { (least, greatest) }
}
