//! The error function, which the standard library lacks.
//!
//! Called by the operators Erf and Gelu.

use std::f64::consts::FRAC_2_SQRT_PI;

/// Numerator of the rational approximation in single precision, highest power of x^2 first.
const NUMERATOR: [f32; 7] = [
    -2.726_142_3e-10,
    2.770_681_4e-8,
    -2.101_024e-6,
    -5.692_506_5e-5,
    -7.349_906e-4,
    -2.954_6e-3,
    -1.609_603_3e-2,
];
/// Its denominator.
const DENOMINATOR: [f32; 5] =
    [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];

/// Within a few units in the last place.
pub(super) fn single(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let horner = |sum: f32, factor: &f32| sum * square + factor;
    x * NUMERATOR.iter().fold(0.0, horner) / DENOMINATOR.iter().fold(0.0, horner)
}

/// By the series of positive terms 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!.
pub(super) fn double(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    // From here on the result rounds to one.
    if x.abs() >= 6.0 {
        return x.signum();
    }
    let square = x * x;
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    // At 6 the terms are small enough after some 130 of them.
    for _ in 0..300 {
        odd += 2.0;
        term *= 2.0 * square / odd;
        sum += term;
        if term.abs() <= sum.abs() * 1e-17 {
            break;
        }
    }
    FRAC_2_SQRT_PI * (-square).exp() * sum
}
