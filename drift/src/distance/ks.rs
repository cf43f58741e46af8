//! Kolmogorov-Smirnov distance: the greatest difference between two empirical distributions.
//!
//! `D = sup_x |F_r(x) - F_c(x)|`, from 0 to 1, symmetric, the same for every rising change of the
//! values' scale. Exact on sorted values ([`distance`]); on counters over shared edges no more can
//! be said than between which numbers it lies ([`bracket`]).
//!
//! Two p-values: [`p_value`] is that of SciPy's `ks_2samp`, number for number; [`limit_p`] is
//! Kolmogorov's limit, which costs nothing and is close for samples of hundreds of rows. With a
//! million rows either rejects what nobody would call different: look at D first.

use super::{Bin, totals};

mod lattice;
mod one_sample;

#[cfg(test)]
mod tests;

/// The largest sample of which SciPy gives the exact p-value.
const EXACT_ROWS: u64 = 10_000;

/// What D is at least and at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    /// D is this or more.
    pub low: f64,
    /// D is this or less.
    pub high: f64,
}

/// D of two samples in rising order, without NaN. `None` when one is empty.
pub fn distance(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (n, m) = (reference.len(), current.len());
    let (mut i, mut j, mut widest) = (0, 0, 0u128);
    while i < n && j < m {
        let value = reference[i].min(current[j]);
        i += reference[i..].iter().take_while(|v| **v <= value).count();
        j += current[j..].iter().take_while(|v| **v <= value).count();
        // Shares of whole numbers of rows: no rounding until the end.
        widest = widest.max((i as u128 * m as u128).abs_diff(j as u128 * n as u128));
    }
    (n > 0 && m > 0).then(|| widest as f64 / (n as u128 * m as u128) as f64)
}

/// What counters over shared edges say of D: `bins` in the order of their values. The bracket is as
/// wide as the fullest bin; `None` when a side has no row.
///
/// With cumulative shares `R_k` and `C_k`: `low = max |R_k - C_k|`, which D has at the edges, and
/// `high = max(R_k - C_{k-1}, C_k - R_{k-1})`, which it would have if within a bin all rows of one
/// side came before those of the other.
pub fn bracket(bins: &[Bin]) -> Option<Bracket> {
    bracket_with_points(bins, |_| false)
}

/// [`bracket`], knowing of which bins (`is_point`, by place) all rows have one and the same value:
/// within these nothing comes before anything else. Of nothing but points, the bracket is D.
pub fn bracket_with_points(bins: &[Bin], is_point: impl Fn(usize) -> bool) -> Option<Bracket> {
    let (n, m) = totals(bins);
    let (mut low, mut high) = (0.0f64, 0.0f64);
    // Rows so far are whole numbers, so that sums are exact.
    let (mut i, mut j) = (0, 0);
    for (place, bin) in bins.iter().enumerate() {
        let before = (i as f64 / n, j as f64 / m);
        i += bin.reference;
        j += bin.current;
        let after = (i as f64 / n, j as f64 / m);
        low = low.max((after.0 - after.1).abs());
        if !is_point(place) {
            high = high.max((after.0 - before.1).max(after.1 - before.0));
        }
    }
    (n > 0.0 && m > 0.0).then(|| Bracket { low, high: high.max(low) })
}

/// What counters over edges of their own say of D: each side has rising edges and one count more.
/// `None` when a side has no row or no edge.
///
/// At any value both distribution functions lie between what they are at their edges before and
/// after it. `low` is the least by which they lie apart at some edge of either, `high` the most by
/// which they can between two of them.
pub fn bracket_apart(reference: (&[f64], &[u64]), current: (&[f64], &[u64])) -> Option<Bracket> {
    let (a, b) = (Steps::new(reference)?, Steps::new(current)?);
    let mut all: Vec<f64> = reference.0.iter().chain(current.0).copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    let (mut low, mut high) = (0.0f64, 0.0f64);
    let (mut a_before, mut b_before) = (0.0, 0.0);
    for edge in all {
        let (a_at, b_at) = (a.at(edge), b.at(edge));
        low = low.max(a_at.0 - b_at.1).max(b_at.0 - a_at.1);
        high = high.max(a_at.1 - b_before).max(b_at.1 - a_before);
        (a_before, b_before) = (a_at.0, b_at.0);
    }
    high = high.max(1.0 - a_before).max(1.0 - b_before).min(1.0);
    Some(Bracket { low, high: high.max(low) })
}

/// A distribution function, known at its edges.
struct Steps<'a> {
    edges: &'a [f64],
    /// Share of the rows up to each edge; one more than edges.
    shares: Vec<f64>,
}

// === impl Steps ===

impl<'a> Steps<'a> {
    fn new((edges, counts): (&'a [f64], &[u64])) -> Option<Steps<'a>> {
        let all: u64 = counts.iter().sum();
        if all == 0 || edges.is_empty() || counts.len() != edges.len() + 1 {
            return None;
        }
        let mut below = 0;
        let share = |count: &u64| {
            below += count;
            below as f64 / all as f64
        };
        Some(Steps { edges, shares: counts.iter().map(share).collect() })
    }

    /// Between what the function is at `value`: exact at an edge.
    fn at(&self, value: f64) -> (f64, f64) {
        let place = self.edges.partition_point(|edge| *edge < value);
        if self.edges.get(place) == Some(&value) {
            return (self.shares[place], self.shares[place]);
        }
        (place.checked_sub(1).map_or(0.0, |before| self.shares[before]), self.shares[place])
    }
}

/// Probability of D or more between samples of `n` and `m` rows of one continuous distribution, as
/// SciPy's `ks_2samp` has it: exact when both have at most 10,000 rows, else the distribution of
/// one sample of `nm / (n + m)` rows against its law. 1 for an empty sample.
///
/// Up to 10^8 additions when exact; up to 10^6 logarithms when not.
pub fn p_value(distance: f64, n: u64, m: u64) -> f64 {
    if n == 0 || m == 0 {
        return 1.0;
    }
    if n.max(m) <= EXACT_ROWS {
        return lattice::p_value(distance, n, m).clamp(0.0, 1.0);
    }
    let (n, m) = (n as f64, m as f64);
    let rows = (n * m / (n + m)).round_ties_even();
    one_sample::above(rows as u64, distance).clamp(0.0, 1.0)
}

/// Kolmogorov's limit of [`p_value`] for many rows: `2 sum_k (-1)^(k-1) exp(-2 k^2 z^2)` with
/// `z = D sqrt(nm / (n + m))`. 1 for an empty sample.
pub fn limit_p(distance: f64, n: u64, m: u64) -> f64 {
    let (n, m) = (n as f64, m as f64);
    let z = if n > 0.0 && m > 0.0 { distance * (n * m / (n + m)).sqrt() } else { 0.0 };
    let square = z * z;
    let p = if z < 0.04 {
        1.0
    } else if z < 1.0 {
        // The same by the other form of the theta function, which is quick here.
        let step = std::f64::consts::PI.powi(2) / (8.0 * square);
        let terms = [1.0f64, 3.0, 5.0, 7.0].map(|odd| (-odd * odd * step).exp());
        1.0 - (2.0 * std::f64::consts::PI).sqrt() / z * terms.iter().sum::<f64>()
    } else {
        let terms = [1.0f64, 2.0, 3.0, 4.0].map(|k| (-2.0 * k * k * square).exp());
        2.0 * (terms[0] - terms[1] + terms[2] - terms[3])
    };
    p.clamp(0.0, 1.0)
}
