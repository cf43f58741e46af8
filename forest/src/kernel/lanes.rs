//! Sixteen rows turned into one vector for each column.
//!
//! Rows are read sixteen columns at a time and transposed in registers: four rounds of sixteen
//! shuffles for 256 values.

use std::arch::x86_64::*;

use super::columns::Columns;

/// Rows that are turned at once, and columns.
pub(super) const LANES: usize = 16;

/// A column of sixteen rows.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [f32; LANES]);

/// Up to `G` times sixteen rows; sixteen columns of them are kept turned.
pub(super) struct Turned<'a, const G: usize> {
    rows: &'a [f32],
    stride: usize,
    /// Which sixteen columns.
    group: usize,
    lanes: [[Lanes; LANES]; G],
}

impl<'a, const G: usize> Turned<'a, G> {
    pub(super) fn new() -> Turned<'a, G> {
        let lanes = [[Lanes([0.0; LANES]); LANES]; G];
        Turned { rows: &[], stride: 1, group: usize::MAX, lanes }
    }

    /// Takes other rows.
    pub(super) fn set(&mut self, rows: &'a [f32], stride: usize) {
        (self.rows, self.stride, self.group) = (rows, stride, usize::MAX);
    }

    /// A column of all rows. Lanes behind the last row hold anything.
    /// Features had better ascend from call to call.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn column(&mut self, feature: usize) -> [__m512; G] {
        if feature / LANES != self.group {
            self.turn(feature / LANES);
        }
        let mut out = [_mm512_setzero_ps(); G];
        for (out, lanes) in out.iter_mut().zip(&self.lanes) {
            *out = load(&lanes[feature % LANES]);
        }
        out
    }

    #[target_feature(enable = "avx512f")]
    fn turn(&mut self, group: usize) {
        self.group = group;
        let columns = group * LANES..self.stride.min((group + 1) * LANES);
        for (rows, lanes) in self.rows.chunks(LANES * self.stride).zip(&mut self.lanes) {
            let last = rows.len() / self.stride - 1;
            let mut lines = [_mm512_setzero_si512(); LANES];
            for (row, line) in lines.iter_mut().enumerate() {
                let row = &rows[row.min(last) * self.stride..][columns.clone()];
                *line = _mm512_castps_si512(load_some(row));
            }
            transpose(&mut lines);
            for (lanes, line) in lanes.iter_mut().zip(lines) {
                store(lanes, _mm512_castsi512_ps(line));
            }
        }
    }
}

/// The columns of a row in `K` vectors; what is behind them is zero.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn columns_of<const K: usize>(columns: &Columns, row: &[f32]) -> [__m512; K] {
    let mut filled = [Lanes([0.0; LANES]); K];
    let mut out = [_mm512_setzero_ps(); K];
    match columns.front_of(row) {
        Some(front) => {
            for (out, front) in out.iter_mut().zip(front.chunks(LANES)) {
                *out = load_some(front);
            }
        }
        None => {
            let flat = filled.iter_mut().flat_map(|lanes| &mut lanes.0);
            columns.fill(row, flat);
            for (out, filled) in out.iter_mut().zip(&filled) {
                *out = load(filled);
            }
        }
    }
    out
}

/// Up to sixteen floats, and zeros.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_some(floats: &[f32]) -> __m512 {
    let mask = (1_u32 << floats.len().min(LANES)).wrapping_sub(1) as u16;
    // SAFETY: the mask lets no more be read than the slice holds.
    unsafe { _mm512_maskz_loadu_ps(mask, floats.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load(lanes: &Lanes) -> __m512 {
    // SAFETY: 16 aligned floats.
    unsafe { _mm512_load_ps(lanes.0.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn store(lanes: &mut Lanes, values: __m512) {
    // SAFETY: 16 aligned floats.
    unsafe { _mm512_store_ps(lanes.0.as_mut_ptr(), values) }
}

/// The values with the given numbers in one, two or four vectors; higher bits do not count.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn pick<const K: usize>(vectors: &[__m512; K], numbers: __m512i) -> __m512 {
    match *vectors.as_slice() {
        [one] => _mm512_permutexvar_ps(numbers, one),
        [low, high] => _mm512_permutex2var_ps(low, numbers, high),
        [a, b, c, d] => {
            let low = _mm512_permutex2var_ps(a, numbers, b);
            let high = _mm512_permutex2var_ps(c, numbers, d);
            let upper = _mm512_test_epi32_mask(numbers, _mm512_set1_epi32(32));
            _mm512_mask_blend_ps(upper, low, high)
        }
        _ => unreachable!("values fill one, two or four vectors"),
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_bytes(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: 64 bytes can be read, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_doubles(doubles: &[f64; LANES / 2]) -> __m512d {
    // SAFETY: 8 doubles that can be read.
    unsafe { _mm512_loadu_pd(doubles.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn store_doubles(doubles: &mut [f64; LANES / 2], values: __m512d) {
    // SAFETY: 8 doubles that can be written.
    unsafe { _mm512_storeu_pd(doubles.as_mut_ptr(), values) }
}

/// Adds sixteen floats to as many sums.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn add(sums: &mut [__m512d; 2], values: __m512) {
    let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(values)));
    sums[0] = _mm512_add_pd(sums[0], _mm512_cvtps_pd(_mm512_castps512_ps256(values)));
    sums[1] = _mm512_add_pd(sums[1], _mm512_cvtps_pd(upper));
}

/// Turns sixteen lines of sixteen values of 32 bits around.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn transpose(lines: &mut [__m512i; LANES]) {
    // Each round pairs lines that are twice as far apart; a quarter of a line is four values.
    let mut pairs = *lines;
    for at in 0..8 {
        let (a, b) = (lines[2 * at], lines[2 * at + 1]);
        pairs[2 * at] = _mm512_unpacklo_epi32(a, b);
        pairs[2 * at + 1] = _mm512_unpackhi_epi32(a, b);
    }
    let mut fours = pairs;
    for at in 0..4 {
        for half in 0..2 {
            let (a, b) = (pairs[4 * at + half], pairs[4 * at + half + 2]);
            fours[4 * at + 2 * half] = _mm512_unpacklo_epi64(a, b);
            fours[4 * at + 2 * half + 1] = _mm512_unpackhi_epi64(a, b);
        }
    }
    // `fours[4 q + c]` has column `4 k + c` of rows `4 q ..` in quarter `k`.
    for column in 0..4 {
        let [a, b] = [fours[column], fours[4 + column]];
        let [c, d] = [fours[8 + column], fours[12 + column]];
        let even = _mm512_shuffle_i32x4::<0x88>(a, b);
        let odd = _mm512_shuffle_i32x4::<0xdd>(a, b);
        let even_behind = _mm512_shuffle_i32x4::<0x88>(c, d);
        let odd_behind = _mm512_shuffle_i32x4::<0xdd>(c, d);
        lines[column] = _mm512_shuffle_i32x4::<0x88>(even, even_behind);
        lines[4 + column] = _mm512_shuffle_i32x4::<0x88>(odd, odd_behind);
        lines[8 + column] = _mm512_shuffle_i32x4::<0xdd>(even, even_behind);
        lines[12 + column] = _mm512_shuffle_i32x4::<0xdd>(odd, odd_behind);
    }
}

#[cfg(test)]
mod tests;
