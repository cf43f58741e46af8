//! Ranks by AVX-512.
//!
//! Of one row: a line is one comparison, its rank the number of bits of the mask. Of sixteen rows:
//! a binary search in registers, a lane a row, since a level of the search fits a few vectors.

use std::arch::x86_64::*;

use super::{Line, NAN_HIGH, Ranks, Slots, Source};
use crate::kernel::lanes::{self, LANES, Lanes};

/// Fewer rows are ranked one by one.
const FEW: usize = 6;
/// Slots of a vector.
const SLOTS: usize = 64;
/// Slots that share a lane.
const SLOTS_OF_LANE: usize = 4;

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

impl Ranks {
    /// The ranks of up to sixteen rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    pub(in crate::kernel) fn rows_avx512<const K: usize>(
        &self,
        rows: &[f32],
        stride: usize,
        out: &mut [Slots<K>],
    ) {
        if rows.len() <= FEW * stride {
            for (row, out) in rows.chunks_exact(stride).zip(out) {
                self.row_avx512(row, out);
            }
            return;
        }
        let mut columns = [Lanes([0.0; LANES]); SLOTS];
        for (group, sources) in self.sources.chunks(SLOTS).enumerate() {
            let features = sources.iter().map(|source| source.feature as usize);
            lanes::turn(rows, stride, features, &mut columns);
            let mut packed = [_mm512_setzero_si512(); LANES];
            let places = packed.iter_mut().zip(sources.chunks(SLOTS_OF_LANE));
            for ((packed, sources), columns) in places.zip(columns.chunks(SLOTS_OF_LANE)) {
                for (source, column) in sources.iter().zip(columns).rev() {
                    let ranks = self.search(source, lanes::load(column));
                    *packed = _mm512_or_si512(_mm512_slli_epi32::<8>(*packed), ranks);
                }
            }
            lanes::transpose(&mut packed);
            for (packed, out) in packed.into_iter().zip(&mut *out) {
                // SAFETY: 64 bytes that can be written.
                unsafe { _mm512_storeu_si512(out.0[group].as_mut_ptr().cast(), packed) };
            }
        }
        if !self.twins.is_empty() {
            for out in &mut out[..rows.len() / stride] {
                self.fill_twins(&mut out.flat()[..self.slots()]);
            }
        }
    }

    /// The rank of a source in sixteen rows.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn search(&self, source: &Source, x: __m512) -> __m512i {
        let (lines, _) = self.searches[source.search as usize..].split_at(1 << (source.levels - 4));
        let one = _mm512_set1_epi32(1);
        // The entry that is looked at, and after the last level the rank and `2 ^ levels`.
        let mut at = one;
        let top = load(&lines[0]);
        for _ in 0..4 {
            at = step(at, _mm512_permutexvar_ps(at, top), x, one);
        }
        if source.levels > 4 {
            at = step(at, _mm512_permutexvar_ps(at, load(&lines[1])), x, one);
        }
        if source.levels > 5 {
            at = step(at, pair(&lines[2..4], at), x, one);
        }
        if source.levels > 6 {
            at = step(at, four(&lines[4..8], at), x, one);
        }
        if source.levels > 7 {
            let upper = _mm512_test_epi32_mask(at, _mm512_set1_epi32(64));
            let (low, high) = (four(&lines[8..12], at), four(&lines[12..16], at));
            at = step(at, _mm512_mask_blend_ps(upper, low, high), x, one);
        }
        let rank = _mm512_sub_epi32(at, _mm512_set1_epi32(1 << source.levels));
        // Nothing is below NaN, which leaves it at 0.
        let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
        match source.nan {
            NAN_HIGH => _mm512_mask_mov_epi32(rank, nan, _mm512_set1_epi32(NAN_HIGH.into())),
            _ => rank,
        }
    }
}

/// One level of a search: right where the threshold is below `x`.
#[target_feature(enable = "avx512f")]
#[inline]
fn step(at: __m512i, threshold: __m512, x: __m512, one: __m512i) -> __m512i {
    let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(threshold, x);
    let at = _mm512_add_epi32(at, at);
    _mm512_mask_add_epi32(at, below, at, one)
}

/// The entries of two lines by the lowest five bits.
#[target_feature(enable = "avx512f")]
#[inline]
fn pair(lines: &[Line], at: __m512i) -> __m512 {
    _mm512_permutex2var_ps(load(&lines[0]), at, load(&lines[1]))
}

/// The entries of four lines by the lowest six bits.
#[target_feature(enable = "avx512f")]
#[inline]
fn four(lines: &[Line], at: __m512i) -> __m512 {
    let upper = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
    _mm512_mask_blend_ps(upper, pair(&lines[..2], at), pair(&lines[2..], at))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(line: &Line) -> __m512 {
    // SAFETY: a line is 64 readable bytes, aligned to as many.
    unsafe { _mm512_load_ps(line.0.as_ptr()) }
}

/// How many floats of a line are below `x`; none are below NaN.
#[target_feature(enable = "avx512f,popcnt")]
#[inline]
fn count_below(line: &Line, x: __m512) -> u32 {
    _mm512_cmp_ps_mask::<_CMP_LT_OQ>(load(line), x).count_ones()
}
