//! Ranks by AVX-512: a line is one comparison, its rank the number of bits of the mask.

use std::arch::x86_64::*;

use super::{Line, Ranks, Slots};

impl Ranks {
    /// The ranks of one row. Slots behind the last keep what they hold.
    #[target_feature(enable = "avx512f,popcnt")]
    #[inline]
    pub(in crate::kernel) fn row_avx512<const K: usize>(&self, row: &[f32], out: &mut Slots<K>) {
        let ranks = &mut out.flat()[..self.slots()];
        for (source, rank) in self.sources.iter().zip(&mut *ranks) {
            let value = row[source.feature as usize];
            let x = _mm512_set1_ps(value);
            let mut line = source.first as usize;
            let mut below = 0;
            if source.pivots {
                let block = count_below(&self.lines[line], x);
                line += 1 + block as usize;
                below = 16 * block;
            }
            below += count_below(&self.lines[line], x);
            *rank = if value.is_nan() { source.nan } else { below as u8 };
        }
        if !self.twins.is_empty() {
            self.fill_twins(ranks);
        }
    }
}

/// How many floats of a line are below `x`; none are below NaN.
#[target_feature(enable = "avx512f,popcnt")]
#[inline]
fn count_below(line: &Line, x: __m512) -> u32 {
    // SAFETY: a line is 64 readable bytes, aligned to as many.
    let thresholds = unsafe { _mm512_load_ps(line.0.as_ptr()) };
    _mm512_cmp_ps_mask::<_CMP_LT_OQ>(thresholds, x).count_ones()
}
