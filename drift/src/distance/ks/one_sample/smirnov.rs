//! The one-sided distribution, Smirnov's sum, as `scipy.special.smirnov`.
//!
//! `sum_j x / p_j B(j; n, p_j)` with `p_j = x + j / n` and B the binomial probability. B is
//! evaluated as Loader does ("Fast and Accurate Computation of Binomial Probabilities", 2000): from
//! how far j is from its expectation, so that nothing large is subtracted from anything large.

use std::f64::consts::PI;

/// The largest sample that is summed up; above, SciPy has a formula of the limit.
const SUMMED: u64 = 1_000_000;

/// Probability that the one-sided D of a sample of `n` rows is `x` or more, for x from 0 to 1.
pub(super) fn above(n: u64, x: f64) -> f64 {
    let rows = n as f64;
    if n > SUMMED {
        return (-(6.0 * rows * x + 1.0).powi(2) / 18.0 / rows).exp();
    }
    let first = (rows * (-x).ln_1p()).exp();
    let last = (rows * (1.0 - x)).floor().min(rows - 1.0) as u64;
    let errors = stirling(rows);
    let term = |j: u64| {
        let (hits, misses) = (j as f64, rows - j as f64);
        let (expected, other) = (hits + rows * x, misses - rows * x);
        if other <= 0.0 {
            return 0.0;
        }
        let log = errors
            - stirling(hits)
            - stirling(misses)
            - deviance(hits, expected, rows * x)
            - deviance(misses, other, -rows * x);
        rows * x / expected * (rows / (2.0 * PI * hits * misses)).sqrt() * log.exp()
    };
    first + (1..=last).map(term).sum::<f64>()
}

/// `k ln(k / expected) + expected - k`, where `away` is `expected - k`.
fn deviance(k: f64, expected: f64, away: f64) -> f64 {
    let v = -away / (k + expected);
    if v.abs() >= 0.1 {
        return k * (k / expected).ln() + away;
    }
    // k ln((1 + v) / (1 - v)) - v (k + expected), by the series of the logarithm.
    let mut sum = -away * v;
    let mut power = 2.0 * k * v;
    for odd in (3..).step_by(2).map(f64::from) {
        power *= v * v;
        let next = sum + power / odd;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln k! - (k + 1/2) ln k + k - ln(2 pi) / 2`, for whole k of 1 or more.
fn stirling(k: f64) -> f64 {
    if k < 16.0 {
        // 15! and all below are exact.
        let factorial: f64 = (1..=k as u32).map(f64::from).product();
        return factorial.ln() - (k + 0.5) * k.ln() + k - (2.0 * PI).ln() / 2.0;
    }
    let square = k * k;
    let series = [1.0 / 1188.0, 1.0 / 1680.0, 1.0 / 1260.0, 1.0 / 360.0, 1.0 / 12.0];
    series.iter().fold(0.0, |sum, term| term - sum / square) / k
}
