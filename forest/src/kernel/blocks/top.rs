//! The first block of a tree for sixteen rows at once, since all rows meet it.
//!
//! Rows lie by columns here. Fifteen comparisons decide the block's nodes for all of them, and
//! fifteen blends choose from the numbers of the sixteen ways out, two by two.

use std::arch::x86_64::*;

use super::{Block, NODES, WAYS};
use crate::kernel::lanes::{self, LANES, Lanes};

/// Columns of sixteen rows, in `K` times sixteen vectors.
pub(super) type Turned<const K: usize> = [[Lanes; LANES]; K];

/// Turns up to sixteen rows' columns around.
#[target_feature(enable = "avx512f")]
pub(super) fn turn<const K: usize>(rows: &[[__m512; K]], out: &mut Turned<K>) {
    for (at, out) in out.iter_mut().enumerate() {
        let mut lines = [_mm512_setzero_si512(); LANES];
        for (line, columns) in lines.iter_mut().zip(rows) {
            *line = _mm512_castps_si512(columns[at]);
        }
        lanes::transpose(&mut lines);
        for (out, line) in out.iter_mut().zip(lines) {
            lanes::store(out, _mm512_castsi512_ps(line));
        }
    }
}

impl Block {
    /// Where sixteen rows go on: what `next` says of each row's way.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn next_of_rows<const K: usize>(&self, turned: &Turned<K>) -> [u32; LANES] {
        let columns = turned.as_flattened();
        let mut no = [0; NODES];
        for (node, no) in no.iter_mut().enumerate() {
            let x = lanes::load(&columns[usize::from(self.column[node]) % (K * LANES)]);
            let threshold = _mm512_set1_ps(self.threshold.0[node]);
            *no = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, threshold);
        }
        // The last level's nodes come last; each level leaves half of the ways.
        let mut ways = [_mm512_setzero_si512(); WAYS / 2];
        for (at, way) in ways.iter_mut().enumerate() {
            let [yes, no_] = [2 * at, 2 * at + 1].map(|way| _mm512_set1_epi32(way as i32));
            *way = _mm512_mask_blend_epi32(no[NODES / 2 + at], yes, no_);
        }
        for at in 0..4 {
            ways[at] = _mm512_mask_blend_epi32(no[3 + at], ways[2 * at], ways[2 * at + 1]);
        }
        for at in 0..2 {
            ways[at] = _mm512_mask_blend_epi32(no[1 + at], ways[2 * at], ways[2 * at + 1]);
        }
        ways[0] = _mm512_mask_blend_epi32(no[0], ways[0], ways[1]);
        let mut out = [0; LANES];
        // SAFETY: 32 bytes that can be read, and 64 that can be written.
        unsafe {
            let next = _mm512_cvtepu16_epi32(_mm256_loadu_si256(self.next.as_ptr().cast()));
            let next = _mm512_permutexvar_epi32(ways[0], next);
            _mm512_storeu_si512(out.as_mut_ptr().cast(), next);
        }
        out
    }
}
