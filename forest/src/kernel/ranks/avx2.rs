//! Ranks of one row by AVX2: a line is two comparisons, its rank the number of bits of both masks.

use std::arch::x86_64::*;

use super::{Line, Ranks, Slots};

impl Ranks {
    /// The ranks of one row. Slots behind the last keep what they hold.
    #[target_feature(enable = "avx2,popcnt")]
    #[inline]
    pub(in crate::kernel) fn row_avx2<const K: usize>(&self, row: &[f32], out: &mut Slots<K>) {
        let ranks = &mut out.flat()[..self.slots()];
        for (source, rank) in self.sources.iter().zip(&mut *ranks) {
            let value = row[source.feature as usize];
            let x = _mm256_set1_ps(value);
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
#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn count_below(line: &Line, x: __m256) -> u32 {
    // SAFETY: a line is 64 readable bytes, aligned to as many.
    let (front, back) =
        unsafe { (_mm256_load_ps(line.0.as_ptr()), _mm256_load_ps(line.0.as_ptr().add(8))) };
    let front = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(front, x));
    let back = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(back, x));
    (front | back << 8).count_ones()
}
