//! The exact p-value of D between two samples, by counting paths on a lattice.
//!
//! Every order of `n` and `m` values is a path from (0, 0) to (n, m), and all are equally likely; D
//! is reached by those that leave the band `|i/n - j/m| < D`. As SciPy's `_attempt_exact_2kssamp`:
//! a closed form for samples of one size, else probabilities point by point, all of them sums of
//! what is not negative, so that tiny ones keep their digits.

/// Probability of `distance` or more between samples of `n` and `m` rows, both above 0. At most
/// `n m` additions and 8 bytes a row of the smaller sample.
pub(super) fn p_value(distance: f64, n: u64, m: u64) -> f64 {
    let common = gcd(n, m);
    // In units of 1 / lcm(n, m), of which D is a whole number.
    let band = (distance * (n / common * m) as f64).round() as u64;
    match (band, n == m) {
        (0, _) => 1.0,
        (_, true) => outside_square(n, band),
        (_, false) => outside(n.max(m), n.min(m), common, band),
    }
}

/// `2 (C(2n, n-h) - C(2n, n-2h) + ...) / C(2n, n)` with common factors taken out.
fn outside_square(n: u64, band: u64) -> f64 {
    let mut p = 0.0;
    for k in (0..=n / band).rev() {
        let mut factor = 1.0;
        for j in 0..band {
            // Once n is used up the factor is 0 and stays 0.
            let above = n.saturating_sub(k * band + j) as f64;
            factor = above * factor / (n + k * band + j + 1) as f64;
        }
        p = factor * (1.0 - p);
    }
    2.0 * p
}

/// Column by column of the longer side: `p[j]` is the probability that a path to (i, j) has left
/// the band.
fn outside(long: u64, short: u64, common: u64, band: u64) -> f64 {
    let (up, right) = (long / common, short / common);
    let mut p = vec![1.0f64; short as usize + 1];
    // Of column 0: |0 - j up| < band.
    let mut first = 0;
    p[..band.div_ceil(up).min(short + 1) as usize].fill(0.0);
    for i in 1..=long {
        let at = right * i;
        // Inside are the j with at - band < j up < at + band.
        let start = if at < band { 0 } else { ((at - band) / up + 1).min(short) };
        let end = (at + band).div_ceil(up).min(short + 1);
        if end <= start {
            return 1.0;
        }
        p[first..start as usize].fill(1.0);
        first = start as usize;
        let mut below = 1.0;
        let column = i as f64;
        for (j, cell) in (start..end).zip(&mut p[start as usize..end as usize]) {
            let row = j as f64;
            below = (*cell * column + below * row) / (column + row);
            *cell = below;
        }
    }
    p[short as usize]
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
