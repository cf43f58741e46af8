//! Ranks by AVX-512.
//!
//! Of one row: a line is one comparison, its rank the number of bits of the mask. Of sixteen rows:
//! a binary search in registers, a lane a row, since a level of the search fits a few vectors.

use std::arch::x86_64::*;

use super::{Column, EIGHT, Eight, Line, NAN_HIGH, Ranks, Slots, Source};
use crate::kernel::lanes::{self, LANES, Turned};

/// Fewer rows are ranked one by one.
const FEW: usize = 6;
/// Slots of a vector.
const SLOTS: usize = 64;
/// Vectors of rows that are searched for at once.
const GROUPS: usize = 8;
/// Slots that share a lane.
const SLOTS_OF_LANE: usize = 4;

impl Ranks {
    /// The ranks of one row.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,popcnt")]
    #[inline]
    pub(in crate::kernel) fn row_avx512<const K: usize>(&self, row: &[f32]) -> [__m512i; K] {
        assert!(row.len() >= self.width, "a row has all columns");
        let mut nan = [0_u64; K];
        if self.front {
            for (at, row) in row[..self.width].chunks(LANES).enumerate() {
                let x = lanes::load_some(row);
                let bits = u64::from(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x));
                nan[at / 4 % K] |= bits << (at % 4 * LANES);
            }
        } else {
            for (at, source) in self.sources.iter().enumerate() {
                let bit = u64::from(row[source.feature as usize].is_nan());
                nan[at / 64 % K] |= bit << (at % 64);
            }
        }
        let high = _mm512_set1_epi8(NAN_HIGH.cast_signed());
        let mut ranks = [_mm512_setzero_si512(); K];
        for (at, eights) in self.eights.chunks(8).enumerate().take(K) {
            let mut words = [0; 8];
            for (eight, word) in eights.iter().zip(&mut words) {
                *word = self.eight(eight, row).cast_signed();
            }
            let [a, b, c, d, e, f, g, h] = words;
            let found = _mm512_set_epi64(h, g, f, e, d, c, b, a);
            ranks[at] = _mm512_mask_mov_epi8(found, nan[at] & self.nan_high[at], high);
        }
        if !self.twins.is_empty() {
            let mut slots = Slots::<K>::ZERO;
            store(&ranks, &mut slots);
            self.fill_twins(&mut slots.flat()[..self.slots()]);
            for (ranks, slots) in ranks.iter_mut().zip(&slots.0) {
                // SAFETY: 64 bytes that can be read.
                *ranks = unsafe { _mm512_loadu_si512(slots.as_ptr().cast()) };
            }
        }
        ranks
    }

    /// The ranks of eight sources of a row, a byte each; 0 for NaN.
    #[target_feature(enable = "avx512f,popcnt")]
    #[inline]
    fn eight(&self, eight: &Eight, row: &[f32]) -> u64 {
        let mut word = 0;
        for lane in 0..EIGHT {
            let (feature, first) = (eight.features[lane] as usize, eight.first[lane] as usize);
            debug_assert!(feature < row.len() && first + 1 < self.lines.len());
            // SAFETY: `width` is above every feature, as compiled, and the caller compared the row
            // with it. A source has a line of thresholds for each finite pivot, and one more.
            let (x, line) = unsafe {
                let x = _mm512_set1_ps(*row.get_unchecked(feature));
                (x, self.lines.as_ptr().add(first))
            };
            // SAFETY: as above.
            let block = count_below(unsafe { &*line }, x);
            // SAFETY: as above.
            let below = count_below(unsafe { &*line.add(1 + block as usize) }, x);
            word |= u64::from(16 * block + below) << (8 * lane);
        }
        word
    }
}

impl Ranks {
    /// The ranks of up to sixteen rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    pub(in crate::kernel) fn rows_avx512<const K: usize>(
        &self,
        rows: &[f32],
        stride: usize,
        out: &mut [Slots<K>],
    ) {
        if rows.len() <= FEW * stride {
            for (row, out) in rows.chunks_exact(stride).zip(out) {
                store(&self.row_avx512::<K>(row), out);
            }
            return;
        }
        let mut turned = Turned::<1>::new();
        turned.set(rows, stride);
        for (group, sources) in self.sources.chunks(SLOTS).enumerate() {
            let mut packed = [_mm512_setzero_si512(); LANES];
            for (packed, sources) in packed.iter_mut().zip(sources.chunks(SLOTS_OF_LANE)) {
                for (at, source) in sources.iter().enumerate() {
                    let [ranks] = self.search(source, turned.column(source.feature as usize));
                    let shift = _mm_cvtsi32_si128(8 * at as i32);
                    *packed = _mm512_or_si512(*packed, _mm512_sll_epi32(ranks, shift));
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

    /// The ranks of up to `R` rows, a column for each slot. Bytes behind the last row are anything.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    pub(in crate::kernel) fn columns_avx512<const R: usize>(
        &self,
        rows: &[f32],
        stride: usize,
        out: &mut [Column<R>],
    ) {
        const ROWS: usize = GROUPS * LANES;
        let mut turned = Turned::<GROUPS>::new();
        for (group, rows) in rows.chunks(ROWS * stride).enumerate() {
            turned.set(rows, stride);
            for (source, out) in self.sources.iter().zip(&mut *out) {
                let ranks = self.search(source, turned.column(source.feature as usize));
                let out = &mut out.0.as_chunks_mut::<ROWS>().0[group];
                for (ranks, out) in ranks.into_iter().zip(out.as_chunks_mut::<LANES>().0) {
                    let bytes = _mm512_cvtepi32_epi8(ranks);
                    // SAFETY: 16 bytes that can be written.
                    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), bytes) };
                }
            }
        }
        let (sources, twins) = out.split_at_mut(self.sources.len());
        for (twin, &source) in twins.iter_mut().zip(&self.twins) {
            for (twin, rank) in twin.0.iter_mut().zip(&sources[usize::from(source)].0) {
                *twin = if *rank == NAN_HIGH { 0 } else { *rank };
            }
        }
    }

    /// The rank of a source in `G` times sixteen rows. Several searches at once, since each waits
    /// for its own last step.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn search<const G: usize>(&self, source: &Source, x: [__m512; G]) -> [__m512i; G] {
        // The first line has four levels.
        let count = 1 << source.levels.saturating_sub(4);
        let lines = &self.searches[source.search as usize..][..count];
        let one = _mm512_set1_epi32(1);
        // The entry that is looked at, and after the last level the rank and `2 ^ levels`.
        let mut at = [one; G];
        let top = load(&lines[0]);
        for _ in 0..source.levels.min(4) {
            for (at, x) in at.iter_mut().zip(x) {
                *at = step(*at, _mm512_permutexvar_ps(*at, top), x, one);
            }
        }
        if source.levels > 4 {
            let line = load(&lines[1]);
            for (at, x) in at.iter_mut().zip(x) {
                *at = step(*at, _mm512_permutexvar_ps(*at, line), x, one);
            }
        }
        if source.levels > 5 {
            for (at, x) in at.iter_mut().zip(x) {
                *at = step(*at, pair(&lines[2..4], *at), x, one);
            }
        }
        if source.levels > 6 {
            for (at, x) in at.iter_mut().zip(x) {
                *at = step(*at, four(&lines[4..8], *at), x, one);
            }
        }
        if source.levels > 7 {
            for (at, x) in at.iter_mut().zip(x) {
                let upper = _mm512_test_epi32_mask(*at, _mm512_set1_epi32(64));
                let (low, high) = (four(&lines[8..12], *at), four(&lines[12..16], *at));
                *at = step(*at, _mm512_mask_blend_ps(upper, low, high), x, one);
            }
        }
        for (at, x) in at.iter_mut().zip(x) {
            let rank = _mm512_sub_epi32(*at, _mm512_set1_epi32(1 << source.levels));
            // Nothing is below NaN, which leaves it at 0.
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
            *at = match source.nan {
                NAN_HIGH => _mm512_mask_mov_epi32(rank, nan, _mm512_set1_epi32(NAN_HIGH.into())),
                _ => rank,
            };
        }
        at
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn store<const K: usize>(ranks: &[__m512i; K], slots: &mut Slots<K>) {
    for (ranks, slots) in ranks.iter().zip(&mut slots.0) {
        // SAFETY: 64 bytes that can be written.
        unsafe { _mm512_storeu_si512(slots.as_mut_ptr().cast(), *ranks) };
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
    lanes::pick(&[load(&lines[0]), load(&lines[1])], at)
}

/// The entries of four lines by the lowest six bits.
#[target_feature(enable = "avx512f")]
#[inline]
fn four(lines: &[Line], at: __m512i) -> __m512 {
    let [a, b, c, d] = [load(&lines[0]), load(&lines[1]), load(&lines[2]), load(&lines[3])];
    lanes::pick(&[a, b, c, d], at)
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
    let below = u32::from(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(load(line), x));
    let count: u32;
    // As an intrinsic, the counts of several lines would be gathered in a vector and be found by
    // tables, which takes longer.
    // SAFETY: the processor has the instruction, and nothing but a register changes.
    unsafe {
        std::arch::asm!(
            "popcnt {count:e}, {below:e}",
            count = lateout(reg) count,
            below = in(reg) below,
            options(pure, nomem, nostack),
        );
    }
    count
}
