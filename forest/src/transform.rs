//! Post transforms of scores, in single precision as ONNX Runtime computes them.
//!
//! Called by `regress`, `classify` and model-loader's LinearClassifier for each row. The formulas
//! are those of ONNX Runtime, `onnxruntime/core/providers/cpu/ml/ml_common.h`.

use crate::{Error, Kernels};

/// What is done to a row of scores last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transform {
    /// Nothing.
    #[default]
    None,
    /// `exp(s_i) / sum(exp(s))`.
    Softmax,
    /// `1 / (1 + exp(-s))`.
    Logistic,
    /// Softmax over the scores that are not zero; zeros stay zeros.
    SoftmaxZero,
    /// The inverse of the normal distribution function, by Winitzki's approximation.
    Probit,
}

// === impl Transform ===

impl Transform {
    /// The transform of an ONNX name such as `LOGISTIC`.
    pub fn from_name(name: &str) -> Result<Transform, Error> {
        Ok(match name {
            "NONE" => Transform::None,
            "SOFTMAX" => Transform::Softmax,
            "LOGISTIC" => Transform::Logistic,
            "SOFTMAX_ZERO" => Transform::SoftmaxZero,
            "PROBIT" => Transform::Probit,
            other => return Err(Error::name("post transform", other)),
        })
    }

    /// The kernels whose sums are near enough to ONNX Runtime's: the inverse normal distribution
    /// is steep where probabilities end, so that it wants them rounded tree by tree.
    pub(crate) fn kernels(self, kernels: Kernels) -> Kernels {
        if self == Transform::Probit { Kernels::PLAIN } else { kernels }
    }

    /// Transforms one row of scores in place.
    pub fn apply(self, scores: &mut [f32]) {
        match self {
            Transform::None => {}
            Transform::Softmax => softmax(scores),
            Transform::Logistic => scores.iter_mut().for_each(|score| *score = logistic(*score)),
            Transform::SoftmaxZero => softmax_zero(scores),
            Transform::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
        }
    }
}

fn logistic(score: f32) -> f32 {
    logistic_pair(score)[1]
}

/// The logistic function of `-score` and of `score`. As in ONNX Runtime, both come from that of the
/// score's magnitude, so that nothing overflows.
#[inline(always)]
pub(crate) fn logistic_pair(score: f32) -> [f32; 2] {
    let of_abs = 1.0 / (1.0 + exp_not_positive(-score.abs()));
    let rest = 1.0 - of_abs;
    [if score > 0.0 { rest } else { of_abs }, if score < 0.0 { rest } else { of_abs }]
}

/// `exp(x)` for `x <= 0` within two units of the last place, and 0 below -87; written so that a
/// loop of it becomes vector instructions on any processor. NaN gives NaN.
///
/// `exp(x) = 2^n exp(r)` with `n` the integer next to `x / ln 2`; `exp(r)` by its Taylor polynomial
/// of degree 6, whose error on `|r| <= ln 2 / 2` is below 2^-24.
#[inline(always)]
fn exp_not_positive(x: f32) -> f32 {
    /// Adding it rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// `ln 2` in two parts, the first with room for `n` times it to be exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    // Terms in pairs, so that they need not wait for each other.
    let square = r * r;
    let low = (1.0 + r) + square * (0.5 + r * (1.0 / 6.0));
    let high = (1.0 / 24.0 + r * (1.0 / 120.0)) + square * (1.0 / 720.0);
    let of_r = low + square * square * high;
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_shl(23);
    let scaled = f32::from_bits(of_r.to_bits().wrapping_add(exponent));
    if x < -87.0 { 0.0 } else { scaled }
}

pub(crate) fn probit(score: f32) -> f32 {
    std::f32::consts::SQRT_2 * erf_inv(2.0 * score - 1.0)
}

/// S. Winitzki, "A handy approximation for the error function and its inverse", with a = 0.147.
fn erf_inv(x: f32) -> f32 {
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let v = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    let v2 = 1.0 / 0.147 * log;
    sign * (-v + (v * v - v2).sqrt()).sqrt()
}

fn greatest(scores: &[f32]) -> f32 {
    scores.iter().fold(f32::MIN, |max, &score| if score > max { score } else { max })
}

fn softmax(scores: &mut [f32]) {
    let max = greatest(scores);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - max).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

fn softmax_zero(scores: &mut [f32]) {
    let max = greatest(scores);
    let of_zero = (-max).exp();
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if *score > 1e-7 || *score < -1e-7 {
            *score = (*score - max).exp();
            sum += *score;
        } else {
            *score *= of_zero;
        }
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

#[cfg(test)]
mod tests;
