//! The activations and other functions of each element that have attributes.
//!
//! Called through the group's table. Refuses other types than floats, and unknown variants.

use anyhow::{Result, bail};

use super::erf;
use super::map::map_floats;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};

/// A function with up to two parameters.
macro_rules! activations {
    ($($build:ident, $name:ident($p:ident: $p_name:literal = $p_default:expr,
        $q:ident: $q_name:literal = $q_default:expr), $x:ident => $body:expr;)*) => {$(
        #[derive(Debug)]
        struct $name(f32, f32);

        impl Op for $name {
            fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
                let $name($p, $q) = *self;
                let single = |$x: f32| $body;
                let ($p, $q) = (f64::from($p), f64::from($q));
                let double = |$x: f64| $body;
                // A function that has one parameter only leaves the second unread.
                let _ = $q;
                map_floats(inputs, single, double)
            }
        }

        pub(super) fn $build(node: &Node<'_>) -> Result<Box<dyn Op>> {
            let attributes = node.attributes();
            Ok(Box::new($name(
                attributes.float($p_name)?.unwrap_or($p_default),
                attributes.float($q_name)?.unwrap_or($q_default),
            )))
        }
    )*};
}

activations! {
    leaky_relu, LeakyRelu(alpha: "alpha" = 0.01, _q: "" = 0.0), x =>
        if x < 0.0 { alpha * x } else { x };
    thresholded_relu, ThresholdedRelu(alpha: "alpha" = 1.0, _q: "" = 0.0), x =>
        if x > alpha { x } else { 0.0 };
    elu, Elu(alpha: "alpha" = 1.0, _q: "" = 0.0), x =>
        if x < 0.0 { alpha * x.exp_m1() } else { x };
    celu, Celu(alpha: "alpha" = 1.0, _q: "" = 0.0), x =>
        if x < 0.0 { alpha * (x / alpha).exp_m1() } else { x };
    selu, Selu(alpha: "alpha" = 1.673_263_2, gamma: "gamma" = 1.050_701), x =>
        gamma * if x > 0.0 { x } else { alpha * x.exp_m1() };
    hard_sigmoid, HardSigmoid(alpha: "alpha" = 0.2, beta: "beta" = 0.5), x =>
        (alpha * x + beta).clamp(0.0, 1.0);
    swish, Swish(alpha: "alpha" = 1.0, _q: "" = 0.0), x => x / (1.0 + (-alpha * x).exp());
    shrink, Shrink(lambd: "lambd" = 0.5, bias: "bias" = 0.0), x =>
        if x < -lambd { x + bias } else if x > lambd { x - bias } else { 0.0 };
}

#[derive(Debug)]
struct Gelu {
    by_tanh: bool,
}

pub(super) fn gelu(node: &Node<'_>) -> Result<Box<dyn Op>> {
    match node.attributes().string("approximate")? {
        None | Some("none") => Ok(Box::new(Gelu { by_tanh: false })),
        Some("tanh") => Ok(Box::new(Gelu { by_tanh: true })),
        Some(other) => bail!("attribute `approximate` is `{other}`, neither none nor tanh"),
    }
}

macro_rules! gelu_of {
    ($self:ident, $inputs:ident, $($type:ident, $erf:path);*) => {
        map_floats($inputs, $(
            |x: $type| if $self.by_tanh {
                let root = std::$type::consts::FRAC_2_SQRT_PI * std::$type::consts::FRAC_1_SQRT_2;
                0.5 * x * (1.0 + (root * (x + 0.044_715 * x * x * x)).tanh())
            } else {
                0.5 * x * (1.0 + $erf(x * std::$type::consts::FRAC_1_SQRT_2))
            },
        )*)
    };
}

impl Op for Gelu {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        gelu_of!(self, inputs, f32, erf::single; f64, erf::double)
    }
}
