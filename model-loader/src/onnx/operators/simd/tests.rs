//! Products against sums in double precision, at every level that this processor has, and curves
//! against the standard library's.

use fearless_simd::Level;
use ndarray::{Array2, ArrayView2};
use proptest::prelude::*;

use super::curves::{self, After, Curve};
use super::packed::Packed;

/// The levels that this processor has, the best one first.
fn levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    {
        use fearless_simd::Simd as _;
        let lower = [
            best.as_avx2().map(|level| level.level()),
            best.as_sse4_2().map(|level| level.level()),
            best.as_sse2().map(|level| level.level()),
        ];
        std::iter::once(best).chain(lower.into_iter().flatten()).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    vec![best]
}

/// Numbers without a pattern, between -1 and 1.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Each product and the sum of its terms' magnitudes, which bounds what rounding may do.
fn plain(a: &[f32], weights: &ArrayView2<'_, f32>, bias: &[f32], rows: usize) -> Vec<(f64, f64)> {
    let (inner, columns) = weights.dim();
    let mut all = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let (mut sum, mut size) = (f64::from(bias[column]), f64::from(bias[column].abs()));
            for at in 0..inner {
                let term = f64::from(a[row * inner + at]) * f64::from(weights[(at, column)]);
                sum += term;
                size += term.abs();
            }
            all.push((sum, size));
        }
    }
    all
}

fn check(rows: usize, inner: usize, columns: usize, seed: u32) {
    let a = numbers(rows * inner, seed);
    let weights = numbers(inner * columns, seed ^ 77);
    let weights = Array2::from_shape_vec((inner, columns), weights).unwrap();
    let bias = numbers(columns, seed ^ 99);
    let wanted = plain(&a, &weights.view(), &bias, rows);
    for level in levels() {
        let mut packed = Packed::of_level(&weights.view(), level);
        packed.set_bias(&bias);
        let product = packed.product(&a, rows);
        packed.set_after(After::Relu);
        let positive = packed.product(&a, rows);
        assert_eq!(product.len(), wanted.len());
        for (place, (sum, size)) in wanted.iter().enumerate() {
            let words = || format!("{level:?} {rows} x {inner} x {columns} at {place}");
            let off = (f64::from(product[place]) - sum).abs();
            assert!(off <= size * 1e-6 * (inner as f64).sqrt().max(1.0), "{}: {off}", words());
            assert_eq!(positive[place], product[place].max(0.0), "{}", words());
        }
    }
}

proptest! {
    #[test]
    fn products_are_those_of_a_plain_loop(
        rows in 0..40_usize, inner in 0..70_usize, columns in 0..70_usize, seed: u32,
    ) {
        check(rows, inner, columns, seed);
    }
}

#[test]
fn every_height_width_and_tail_is_right() {
    for rows in 0..=26 {
        for columns in [1, 15, 16, 17, 32, 33, 48, 49] {
            check(rows, 5, columns, 1);
        }
    }
    for inner in 0..=36 {
        check(3, inner, 1, 2);
        check(9, inner, 3, 3);
    }
    // More rows than a block, and weights of few columns with many rows.
    check(200, 19, 34, 4);
    check(9, 300, 7, 5);
}

/// One input or weight that is not finite makes its own row or column so, and nothing else.
#[test]
fn what_is_not_finite_goes_where_it_belongs() {
    for (rows, inner, columns) in [(1, 30, 1), (5, 30, 1), (5, 3, 1), (7, 9, 20), (13, 16, 40)] {
        for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for level in levels() {
                for at in 0..inner {
                    let mut a = vec![1.0; rows * inner];
                    a[at] = special;
                    let mut weights = Array2::from_elem((inner, columns), 1.0);
                    let mut product = Packed::of_level(&weights.view(), level).product(&a, rows);
                    let rest = product.split_off(columns);
                    let same = |x: &f32| if special.is_nan() { x.is_nan() } else { *x == special };
                    assert!(product.iter().all(same), "{level:?} {inner} {at} {product:?}");
                    assert!(rest.iter().all(|x| *x == inner as f32), "{level:?} {inner} {at}");
                    // Zero times what is not finite is no number: no term may be left out.
                    weights.row_mut(at).fill(0.0);
                    let mut packed = Packed::of_level(&weights.view(), level);
                    packed.set_after(After::Relu);
                    let product = packed.product(&a, rows);
                    assert!(product[..columns].iter().all(|x| x.is_nan()), "{level:?} {at}");
                }
            }
        }
    }
}

/// The distance in units in the last place; subnormal numbers count as zero.
fn ulps(got: f32, wanted: f64) -> f64 {
    let unit = f64::from(f32::EPSILON) * wanted.abs().max(f64::from(f32::MIN_POSITIVE));
    (f64::from(got) - wanted).abs() / unit
}

#[test]
fn curves_follow_the_true_ones() {
    let xs: Vec<f32> = (-120_000..=120_000).map(|x| x as f32 * 1e-3 + 1e-5).collect();
    let curve_at = |curve, x: f64| match curve {
        Curve::Relu => x.max(0.0),
        Curve::Exp => x.exp(),
        Curve::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Curve::Tanh => x.tanh(),
    };
    for level in levels() {
        for curve in [Curve::Relu, Curve::Exp, Curve::Sigmoid, Curve::Tanh] {
            let mut ys = xs.clone();
            curves::each(level, curve, &mut ys);
            for (x, y) in xs.iter().zip(ys) {
                let wanted = curve_at(curve, f64::from(*x));
                if wanted > f64::from(f32::MAX) {
                    assert_eq!(y, f32::INFINITY, "{level:?} {curve:?}({x})");
                } else {
                    let off = ulps(y, wanted);
                    assert!(off < 3.0, "{level:?} {curve:?}({x}) is {y}, {off} off");
                }
            }
        }
    }
}

#[test]
fn curves_keep_what_is_no_number_and_end_at_their_limits() {
    let xs = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MAX, f32::MIN, 1e-40];
    for (curve, wanted) in [
        (Curve::Exp, [f32::INFINITY, 0.0, 1.0, 1.0, f32::INFINITY, 0.0, 1.0]),
        (Curve::Sigmoid, [1.0, 0.0, 0.5, 0.5, 1.0, 0.0, 0.5]),
        (Curve::Tanh, [1.0, -1.0, 0.0, 0.0, 1.0, -1.0, 1e-40]),
        (Curve::Relu, [f32::INFINITY, 0.0, 0.0, 0.0, f32::MAX, 0.0, 1e-40]),
    ] {
        for level in levels() {
            // Whole vectors and the rest of one.
            for count in [1, 2, 3] {
                let mut ys = xs.repeat(count);
                curves::each(level, curve, &mut ys);
                for ys in ys.chunks_exact(xs.len()) {
                    assert!(ys[0].is_nan(), "{level:?} {curve:?}");
                    assert_eq!(ys[1..], wanted, "{level:?} {curve:?}");
                }
            }
        }
    }
}
