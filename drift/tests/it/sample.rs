//! Random numbers of a fixed seed, and samples drawn with them.

use std::f64::consts::TAU;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use drift::{Baseline, Rows};

/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed gives the same numbers.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Even over [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }
}

/// Features of `draw`.
pub(crate) const FEATURES: usize = 20;

/// One value of feature `feature`: heavy tails, hours, counts, rare flags, constants, caps, gaps.
pub(crate) fn draw(feature: usize, dice: &mut Dice) -> Option<f64> {
    let z = dice.normal();
    let u = dice.uniform();
    let value = match feature {
        0 => (2.0 * z).exp(),
        1 => z,
        2 => (24.0 * u).floor(),
        3 => (7.0 * u).floor(),
        4 => f64::from(u < 0.01),
        5 => f64::from(u < 0.0005),
        6 => 3.5,
        7 => (-u.ln() * 0.5).floor(),
        8 => (-u.ln() * 3.0).floor(),
        9 => {
            if u < 0.95 {
                0.0
            } else {
                z.exp()
            }
        }
        10 => return dice.chance(0.95).then_some(z),
        11 => return dice.chance(0.9995).then_some(z),
        12 => return dice.chance(0.5).then_some(u),
        13 => (-u.ln()).min(1.5),
        14 => return dice.chance(0.9998).then_some(1.0),
        15 => return dice.chance(0.999).then(|| f64::from(u < 0.0005)),
        16 => z / u.max(1e-9),
        17 => u,
        18 => (-u.ln() * 50.0).floor(),
        _ => (z * 10.0).round() / 10.0,
    };
    Some(value)
}

/// `rows` of all features, columns "x0" to "x19".
pub(crate) fn batch(rows: usize, dice: &mut Dice) -> RecordBatch {
    let columns = (0..FEATURES).map(|feature| {
        let values: Float64Array = (0..rows).map(|_| draw(feature, dice)).collect();
        (format!("x{feature}"), Arc::new(values) as ArrayRef, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub(crate) fn names() -> Vec<String> {
    (0..FEATURES).map(|feature| format!("x{feature}")).collect()
}

/// The baseline of all columns of a batch.
pub(crate) fn baseline(batch: RecordBatch) -> Baseline {
    let batches = [batch];
    let rows = Rows::of_batches(&batches).unwrap();
    Baseline::build(&rows, None, &mut |_| {}).unwrap()
}
