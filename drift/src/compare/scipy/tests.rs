//! Entropy as SciPy 1.17.1 has it.

use super::entropy;

#[test]
fn divergence_of_shares() {
    let shares = [(0.25, 0.10), (0.25, 0.20), (0.25, 0.30), (0.25, 0.40)];
    assert!((entropy(&shares) - 0.121_777_274_287_168_65).abs() < 1e-15);
    let back = shares.map(|(p, q)| (q, p));
    assert!((entropy(&back) - 0.106_440_135_286_223_15).abs() < 1e-15);
    // Made to add up to 1 first.
    let twice = shares.map(|(p, q)| (2.0 * p, 3.0 * q));
    assert!((entropy(&twice) - 0.121_777_274_287_168_65).abs() < 1e-15);
    assert_eq!(entropy(&[(1.0, 0.0), (0.0, 1.0)]), f64::INFINITY);
}
