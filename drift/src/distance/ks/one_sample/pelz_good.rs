//! The expansion of Pelz and Good (1976): Kolmogorov's limit and three terms in `1 / sqrt(n)`.

use std::f64::consts::PI;

/// Probability that D of a sample of `n` rows is `x` or less.
pub(super) fn below(n: u64, x: f64) -> f64 {
    let rows = n as f64;
    let z = rows.sqrt() * x;
    let (z2, z3, z4, z6) = (z.powi(2), z.powi(3), z.powi(4), z.powi(6));
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let log_q = -pi2 / 8.0 / z2;
    if log_q < -708.0 {
        return 0.0;
    }
    let last = (16.0 * z / PI).ceil() as i32;
    let mut k0to3 = [0.0f64; 4];
    for odd in (1..=last).rev().map(|k| f64::from(2 * k - 1)) {
        let (m2, m4, m6) = (odd.powi(2), odd.powi(4), odd.powi(6));
        let power = (log_q * m2).exp();
        let k1 = -z2 + pi2 / 4.0 * m2;
        let k2 = 6.0 * z6
            + 2.0 * z4
            + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2
            + pi4 * (1.0 - 2.0 * z2) / 16.0 * m4;
        let k3 = -30.0 * z6 - 90.0 * z.powi(8)
            + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
            + pi4 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m4
            + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6;
        for (sum, term) in k0to3.iter_mut().zip([1.0, k1, k2, k3]) {
            *sum += term * power;
        }
    }
    let root = (2.0 * PI).sqrt();
    let scales = [z, 6.0 * z4, 72.0 * z.powi(7), 6480.0 * z.powi(10)];
    k0to3.iter_mut().zip(scales).for_each(|(sum, scale)| *sum *= root / scale);

    for k in (1..=last).rev().map(f64::from) {
        let power = k * k * (-pi2 / 2.0 / z2 * k * k).exp();
        k0to3[2] -= pi2 * root / (36.0 * z3) * power;
        k0to3[3] += pi2 * root / (216.0 * z6) * (3.0 * z2 - pi2 * k * k) * power;
    }
    k0to3[0] + k0to3[1] / rows.sqrt() + k0to3[2] / rows + k0to3[3] / rows.powf(1.5)
}
