//! Ranks of one row by NEON: a line is four comparisons, its rank the number of lanes that hold.

use std::arch::aarch64::*;

use super::{Line, Ranks, Slots};

impl Ranks {
    /// The ranks of one row. Slots behind the last keep what they hold.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(in crate::kernel) fn row_neon<const K: usize>(&self, row: &[f32], out: &mut Slots<K>) {
        let ranks = &mut out.flat()[..self.slots()];
        for (source, rank) in self.sources.iter().zip(&mut *ranks) {
            let value = row[source.feature as usize];
            let x = vdupq_n_f32(value);
            let first = source.first as usize;
            let block = count_below(&self.lines[first], x);
            let below = 16 * block + count_below(&self.lines[first + 1 + block as usize], x);
            *rank = if value.is_nan() { source.nan } else { below as u8 };
        }
        if !self.twins.is_empty() {
            self.fill_twins(ranks);
        }
    }
}

/// How many floats of a line are below `x`; none are below NaN.
#[target_feature(enable = "neon")]
#[inline]
fn count_below(line: &Line, x: float32x4_t) -> u32 {
    // SAFETY: a line is 64 readable bytes.
    let float32x4x4_t(a, b, c, d) = unsafe { vld1q_f32_x4(line.0.as_ptr()) };
    // A lane that holds is all ones: minus one.
    let front = vaddq_u32(vcltq_f32(a, x), vcltq_f32(b, x));
    let back = vaddq_u32(vcltq_f32(c, x), vcltq_f32(d, x));
    vaddvq_u32(vaddq_u32(front, back)).wrapping_neg()
}
