//! Up to sixty-four rows through all bins: the bin stays in registers, rows stream past it.
//!
//! For each bin first the leaf of every row is found, then the leaves' values are added, sixteen
//! rows at a time.

use std::arch::x86_64::*;

use super::row::{in_pre_order, load, load_slots, pick, places};
use super::{Doubling, NODES, Run};
use crate::kernel::ranks::Slots;

/// Rows of a block.
pub(super) const ROWS: usize = 64;
/// Most trees of a bin.
const ROOTS_MAX: usize = 8;

/// The rows of a block while bins pass.
struct Rows<const K: usize> {
    ranks: [Slots<K>; ROWS],
    /// The leaf of each row, one list for each root of a bin.
    exits: [[u8; ROWS]; ROOTS_MAX],
    sums: [f64; ROWS],
}

impl Doubling {
    /// Adds what the trees say of at most `ROWS` rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    pub(super) fn add_block<const K: usize>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let count = rows.len() / stride;
        let mut block = Rows::<K> {
            ranks: [Slots::ZERO; ROWS],
            exits: [[0; ROWS]; ROOTS_MAX],
            sums: [0.0; ROWS],
        };
        for (row, ranks) in rows.chunks_exact(stride).zip(&mut block.ranks) {
            self.ranks.row_avx512(row, ranks);
        }
        for of_target in self.runs.chunk_by(|a, b| a.target == b.target) {
            block.sums = [0.0; ROWS];
            for run in of_target {
                match (run.yes, run.roots) {
                    (None, _) => self.run::<K, 1, true>(run, count, &mut block),
                    (_, 1) => self.run::<K, 1, false>(run, count, &mut block),
                    (_, 2) => self.run::<K, 2, false>(run, count, &mut block),
                    (_, 4) => self.run::<K, 4, false>(run, count, &mut block),
                    _ => self.run::<K, 8, false>(run, count, &mut block),
                }
            }
            let rows = out.chunks_exact_mut(self.targets).zip(&block.sums);
            rows.for_each(|(out, sum)| out[of_target[0].target] += sum);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn run<const K: usize, const ROOTS: usize, const PRE: bool>(
        &self,
        run: &Run,
        count: usize,
        block: &mut Rows<K>,
    ) {
        let places = places();
        let yes = self.yes_of(run);
        for (at, index) in run.bins.clone().enumerate() {
            let bin = &self.bins[index];
            let (slot, rank, no) = (load(&bin.slot), load(&bin.rank), load(&bin.no));
            let yes = match PRE {
                true => in_pre_order(self.yes_leaf[index], places),
                false => load(&yes[at]),
            };
            for (row, slots) in block.ranks[..count].iter().enumerate() {
                let ranks = pick(&load_slots(slots), slot);
                let above = _mm512_cmpgt_epu8_mask(ranks, rank);
                let mut next = _mm512_mask_blend_epi8(above, yes, no);
                for _ in 0..run.doublings {
                    next = _mm512_permutex2var_epi8(next, next, places.leaf);
                }
                let word = _mm_cvtsi128_si64(_mm512_castsi512_si128(next)).cast_unsigned();
                for root in 0..ROOTS {
                    block.exits[root][row] = (word >> (8 * root)) as u8;
                }
            }
            for exits in &block.exits[..ROOTS] {
                add_leaves(&self.leaves[index], exits, count, &mut block.sums);
            }
        }
    }
}

/// Adds to each row's sum the value of its leaf.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
#[inline]
fn add_leaves(leaves: &[f32; NODES], exits: &[u8; ROWS], count: usize, sums: &mut [f64; ROWS]) {
    let (quarters, _) = leaves.as_chunks::<16>();
    let values = [0, 1, 2, 3].map(|quarter: usize| {
        // SAFETY: a quarter is 16 readable floats.
        unsafe { _mm512_loadu_ps(quarters[quarter].as_ptr()) }
    });
    let groups = exits.as_chunks::<16>().0.iter().zip(sums.as_chunks_mut::<16>().0);
    for (exits, sums) in groups.take(count.div_ceil(16)) {
        // SAFETY: 16 readable bytes.
        let exits = unsafe { _mm_loadu_si128(exits.as_ptr().cast()) };
        let exits = _mm512_cvtepu8_epi32(exits);
        let low = _mm512_permutex2var_ps(values[0], exits, values[1]);
        let high = _mm512_permutex2var_ps(values[2], exits, values[3]);
        let upper = _mm512_test_epi32_mask(exits, _mm512_set1_epi32(32));
        let found = _mm512_mask_blend_ps(upper, low, high);
        let halves = [
            _mm512_cvtps_pd(_mm512_castps512_ps256(found)),
            _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(found)))),
        ];
        for (half, sums) in halves.into_iter().zip(sums.as_chunks_mut::<8>().0) {
            // SAFETY: 8 doubles that can be read and written.
            unsafe {
                let sum = _mm512_loadu_pd(sums.as_ptr());
                _mm512_storeu_pd(sums.as_mut_ptr(), _mm512_add_pd(sum, half));
            }
        }
    }
}
