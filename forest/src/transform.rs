//! Post transforms of scores, in single precision as ONNX Runtime computes them.
//!
//! Called by `regress`, `classify` and model-loader's LinearClassifier for each row. The formulas
//! are those of ONNX Runtime, `onnxruntime/core/providers/cpu/ml/ml_common.h`.

use crate::Error;

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

/// Never overflows: the exponent is at most zero.
pub(crate) fn logistic(score: f32) -> f32 {
    let of_abs = 1.0 / (1.0 + (-score.abs()).exp());
    if score < 0.0 { 1.0 - of_abs } else { of_abs }
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
