//! Arithmetic in vectors as wide as the processor has them, chosen when the program runs.
//!
//! `Packed` multiplies rows by weights that are known when a model is loaded; `curves` has the
//! functions that activations are made of. Used by the dense and the learned operators.

pub(super) mod curves;
mod narrow;
mod packed;
mod tile;

pub(super) use curves::After;
pub(super) use packed::Packed;

/// Floats of a [`Line`].
const LANES: usize = 16;

/// The floats of one cache line, which is also the widest vector: no load of one crosses two.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

// === impl Line ===

impl Line {
    const ZERO: Line = Line([0.0; LANES]);

    /// Values, with zeros behind them.
    ///
    /// # Panics
    /// When there are more than fit.
    fn padded(values: impl Iterator<Item = f32>) -> Line {
        let mut line = Line::ZERO;
        for (lane, value) in values.enumerate() {
            line.0[lane] = value;
        }
        line
    }
}

#[cfg(test)]
mod tests;
