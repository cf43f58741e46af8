//! The distribution of D of one sample against its law, as SciPy's `kstwo`.
//!
//! No single formula is quick and exact everywhere. The choice between them is that of Simard and
//! L'Ecuyer, "Computing the Two-Sided Kolmogorov-Smirnov Distribution" (2011), with SciPy's
//! borders, so that the numbers are SciPy's too.

mod durbin;
mod pelz_good;
mod pomeranz;
mod smirnov;

/// The largest sample of which everything is computed exactly.
const SMALL: u64 = 140;

/// Probability that D of a sample of `n` rows is `x` or more.
pub(super) fn above(n: u64, x: f64) -> f64 {
    let rows = n as f64;
    let t = rows * x;
    if x >= 1.0 {
        return 0.0;
    }
    if t <= 0.5 {
        return 1.0;
    }
    if t <= 1.0 {
        return 1.0 - ruben_gambino(n, t);
    }
    if t >= rows - 1.0 {
        return 2.0 * (rows * (-x).ln_1p()).exp();
    }
    let square = t * x;
    if x >= 0.5 {
        return 2.0 * smirnov::above(n, x);
    }
    if n <= SMALL {
        return match square {
            ..=0.754_693 => 1.0 - durbin::below(n, x),
            ..=4.0 => 1.0 - pomeranz::below(n, x),
            _ => 2.0 * smirnov::above(n, x),
        };
    }
    match square {
        370.0.. => 0.0,
        2.2.. => 2.0 * smirnov::above(n, x),
        _ if n <= 100_000 && rows * x.powf(1.5) <= 1.4 => 1.0 - durbin::below(n, x),
        _ => 1.0 - pelz_good::below(n, x),
    }
}

/// `n! (2t - 1)^n / n^n`, for t from 1/2 to 1.
fn ruben_gambino(n: u64, t: f64) -> f64 {
    let factor = |i: u64| i as f64 / n as f64 * (2.0 * t - 1.0);
    // Of many factors the product is 0 long before its end.
    (1..=n).map(factor).try_fold(1.0, |p: f64, f| (p > 0.0).then_some(p * f)).unwrap_or(0.0)
}
