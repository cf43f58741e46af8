//! Exponential, logistic function and hyperbolic tangent of many floats at once.
//!
//! The approximations are those of Cephes' single-precision library (`expf.c`, `tanhf.c`): within
//! 2 units in the last place of the true value. NaN stays NaN, nothing overflows on the way. Used
//! by `Packed` and by the operators of these names.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f32x16, i32x16};

use super::LANES;

/// What is done to each sum of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::onnx::operators) enum After {
    Nothing,
    Relu,
    Sigmoid,
    Tanh,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Curve {
    Relu,
    Exp,
    Sigmoid,
    Tanh,
}

/// Below it the exponential is zero, and above it infinite, in single precision.
const EXP_RANGE: [f32; 2] = [-104.0, 89.0];
/// ln 2 in two parts; products of the first with small integers are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Of `(exp(x) - 1 - x) / x^2` near zero, highest power first.
const EXP: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];
/// Of `(tanh(x) - x) / x^3` in `x^2`, highest power first.
const TANH: [f32; 5] =
    [-5.704_988_7e-3, 2.063_908_8e-2, -5.373_971_6e-2, 0.133_314_42, -0.333_332_8];
/// Where the polynomial of the hyperbolic tangent ends.
const TANH_SMALL: f32 = 0.625;

/// The exponential of each value.
pub(in crate::onnx::operators) fn exp(values: &mut [f32]) {
    each(Level::new(), Curve::Exp, values);
}

/// The logistic function of each value.
pub(in crate::onnx::operators) fn sigmoid(values: &mut [f32]) {
    each(Level::new(), Curve::Sigmoid, values);
}

/// The hyperbolic tangent of each value.
pub(in crate::onnx::operators) fn tanh(values: &mut [f32]) {
    each(Level::new(), Curve::Tanh, values);
}

/// What stands behind a product.
pub(super) fn apply(level: Level, after: After, values: &mut [f32]) {
    match after {
        After::Nothing => {}
        After::Relu => each(level, Curve::Relu, values),
        After::Sigmoid => each(level, Curve::Sigmoid, values),
        After::Tanh => each(level, Curve::Tanh, values),
    }
}

pub(super) fn each(level: Level, curve: Curve, values: &mut [f32]) {
    dispatch!(level, simd => {
        let (chunks, rest) = values.as_chunks_mut::<LANES>();
        for chunk in chunks {
            of(simd, curve, f32x16::load_array_ref(simd, chunk)).store_array(chunk);
        }
        if !rest.is_empty() {
            let mut padded = [0.0; LANES];
            padded[..rest.len()].copy_from_slice(rest);
            of(simd, curve, f32x16::load_array(simd, padded)).store_array(&mut padded);
            rest.copy_from_slice(&padded[..rest.len()]);
        }
    });
}

#[inline(always)]
fn of<S: Simd>(simd: S, curve: Curve, x: f32x16<S>) -> f32x16<S> {
    match curve {
        Curve::Relu => relu_of(simd, x),
        Curve::Exp => exp_of(simd, x),
        Curve::Sigmoid => sigmoid_of(simd, x),
        Curve::Tanh => tanh_of(simd, x),
    }
}

/// A polynomial, highest power first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: f32x16<S>, factors: [f32; N]) -> f32x16<S> {
    let mut sum = f32x16::splat(simd, factors[0]);
    for factor in &factors[1..] {
        sum = sum.mul_add(x, f32x16::splat(simd, *factor));
    }
    sum
}

#[inline(always)]
fn relu_of<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let zero = f32x16::splat(simd, 0.0);
    x.simd_lt(zero).select(zero, x)
}

/// `2^n * exp(r)` with `x = n * ln 2 + r`.
#[inline(always)]
fn exp_of<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let low = f32x16::splat(simd, EXP_RANGE[0]);
    let high = f32x16::splat(simd, EXP_RANGE[1]);
    // By comparisons, which leave NaN as it is.
    let x = x.simd_lt(low).select(low, x);
    let x = x.simd_gt(high).select(high, x);
    let n = (x * std::f32::consts::LOG2_E).round_ties_even();
    let r = n.mul_add(f32x16::splat(simd, -LN_2[0]), x);
    let r = n.mul_add(f32x16::splat(simd, -LN_2[1]), r);
    let p = polynomial(simd, r, EXP).mul_add(r * r, r) + 1.0;
    // In two steps, since 2^n alone may not be a normal number.
    let n: i32x16<S> = n.to_int();
    let half = n >> 1;
    p * power_of_two(half) * power_of_two(n - half)
}

/// `2^n` for exponents of normal numbers.
#[inline(always)]
fn power_of_two<S: Simd>(n: i32x16<S>) -> f32x16<S> {
    ((n + 127) << 23).bitcast()
}

/// Neither side of zero overflows.
#[inline(always)]
fn sigmoid_of<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let (zero, one) = (f32x16::splat(simd, 0.0), f32x16::splat(simd, 1.0));
    let e = exp_of(simd, -x.abs());
    x.simd_lt(zero).select(e, one) / (one + e)
}

#[inline(always)]
fn tanh_of<S: Simd>(simd: S, x: f32x16<S>) -> f32x16<S> {
    let one = f32x16::splat(simd, 1.0);
    let size = x.abs();
    let square = x * x;
    let small = (polynomial(simd, square, TANH) * square).mul_add(x, x);
    let e = exp_of(simd, size * -2.0);
    let great = ((one - e) / (one + e)).copysign(x);
    size.simd_lt(f32x16::splat(simd, TANH_SMALL)).select(small, great)
}
