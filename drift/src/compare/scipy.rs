//! Formulas of SciPy that are no distance of ours.

use super::histogram::sum;

#[cfg(test)]
mod tests;

/// `scipy.stats.entropy(p, q)`: Kullback-Leibler divergence in nats of the reference's shares from
/// the current ones, after both are made to add up to 1.
pub(super) fn entropy(shares: &[(f64, f64)]) -> f64 {
    let (p, q): (Vec<f64>, Vec<f64>) = shares.iter().copied().unzip();
    let (all_p, all_q) = (sum(&p), sum(&q));
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (p / all_p, q / all_q);
        match p > 0.0 {
            true if q > 0.0 => p * (p / q).ln(),
            true => f64::INFINITY,
            false => 0.0,
        }
    };
    sum(&p.iter().zip(&q).map(term).collect::<Vec<f64>>())
}
