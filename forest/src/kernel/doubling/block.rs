//! Up to sixty-four rows through all bins: the bin stays in registers, rows stream past it.
//!
//! For each bin first the leaf of every row is found, then the leaves' values are added, sixteen
//! rows at a time.

use std::arch::x86_64::*;

use super::row::{in_pre_order, load_slots, pick, places};
use super::{Doubling, NODES, Run};
use crate::kernel::lanes::{self, LANES, load_bytes};
use crate::kernel::ranks::Slots;

/// Rows of a block.
pub(super) const ROWS: usize = 64;
impl Doubling {
    /// Adds what the trees say of at most `ROWS` rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    pub(super) fn add_block<const K: usize>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let count = rows.len() / stride;
        let mut ranks = [Slots::<K>::ZERO; ROWS];
        for (rows, ranks) in rows.chunks(LANES * stride).zip(ranks.chunks_mut(LANES)) {
            self.ranks.rows_avx512(rows, stride, ranks);
        }
        for of_target in self.runs.chunk_by(|a, b| a.target == b.target) {
            let mut sums = [0.0; ROWS];
            for run in of_target {
                match run.doublings {
                    ..=2 => self.run_of::<K, 2>(run, &ranks[..count], &mut sums),
                    3 => self.run_of::<K, 3>(run, &ranks[..count], &mut sums),
                    4 => self.run_of::<K, 4>(run, &ranks[..count], &mut sums),
                    5 => self.run_of::<K, 5>(run, &ranks[..count], &mut sums),
                    _ => self.run_of::<K, 6>(run, &ranks[..count], &mut sums),
                }
            }
            let rows = out.chunks_exact_mut(self.targets).zip(&sums);
            rows.for_each(|(out, sum)| out[of_target[0].target] += sum);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn run_of<const K: usize, const DOUBLINGS: usize>(
        &self,
        run: &Run,
        ranks: &[Slots<K>],
        sums: &mut [f64; ROWS],
    ) {
        match (run.yes, run.roots) {
            (None, 1) => self.run::<K, DOUBLINGS, 1, true>(run, ranks, sums),
            (None, 2) => self.run::<K, DOUBLINGS, 2, true>(run, ranks, sums),
            (None, 4) => self.run::<K, DOUBLINGS, 4, true>(run, ranks, sums),
            (None, _) => self.run::<K, DOUBLINGS, 8, true>(run, ranks, sums),
            (_, 1) => self.run::<K, DOUBLINGS, 1, false>(run, ranks, sums),
            (_, 2) => self.run::<K, DOUBLINGS, 2, false>(run, ranks, sums),
            (_, 4) => self.run::<K, DOUBLINGS, 4, false>(run, ranks, sums),
            _ => self.run::<K, DOUBLINGS, 8, false>(run, ranks, sums),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn run<const K: usize, const DOUBLINGS: usize, const ROOTS: usize, const PRE: bool>(
        &self,
        run: &Run,
        ranks: &[Slots<K>],
        sums: &mut [f64; ROWS],
    ) {
        let places = places(ROOTS);
        let yes = self.yes_of(run);
        // Each row's leaves, a byte a root.
        let mut exits = [[0_u8; ROOTS]; ROWS];
        for (at, index) in run.bins.clone().enumerate() {
            let bin = &self.bins[index];
            let (slot, rank, no) =
                (load_bytes(&bin.slot), load_bytes(&bin.rank), load_bytes(&bin.no));
            let yes = match PRE {
                true => in_pre_order(self.yes_leaf[index], places),
                false => load_bytes(&yes[at]),
            };
            for (slots, exits) in ranks.iter().zip(&mut exits) {
                let ranks = pick(&load_slots(slots), slot);
                let above = _mm512_cmpgt_epu8_mask(ranks, rank);
                let mut next = _mm512_mask_blend_epi8(above, yes, no);
                for _ in 0..DOUBLINGS {
                    next = _mm512_permutex2var_epi8(next, next, places.leaf);
                }
                let word = _mm_cvtsi128_si64(_mm512_castsi512_si128(next)).to_le_bytes();
                exits.copy_from_slice(&word[..ROOTS]);
            }
            for root in 0..ROOTS {
                add_leaves(&self.leaves[index], root, &exits, ranks.len(), sums);
            }
        }
    }
}

/// Adds to each row's sum the value of a root's leaf.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
#[inline]
fn add_leaves<const ROOTS: usize>(
    leaves: &[f32; NODES],
    root: usize,
    exits: &[[u8; ROOTS]; ROWS],
    count: usize,
    sums: &mut [f64; ROWS],
) {
    let mut values = [_mm512_setzero_ps(); NODES / LANES];
    for (values, leaves) in values.iter_mut().zip(leaves.as_chunks::<LANES>().0) {
        *values = lanes::load_some(leaves);
    }
    let groups = exits.as_chunks::<LANES>().0.iter().zip(sums.as_chunks_mut::<LANES>().0);
    for (exits, sums) in groups.take(count.div_ceil(LANES)) {
        let [low, high] = sums.as_chunks_mut().0 else { unreachable!("two halves") };
        let mut both = [lanes::load_doubles(low), lanes::load_doubles(high)];
        lanes::add(&mut both, lanes::pick(&values, exits_of(exits, root)));
        lanes::store_doubles(low, both[0]);
        lanes::store_doubles(high, both[1]);
    }
}

/// A root's leaf in each of sixteen rows: the lowest six bits count, others are left as they are.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn exits_of<const ROOTS: usize>(exits: &[[u8; ROOTS]; 16], root: usize) -> __m512i {
    let from = exits.as_flattened().as_ptr();
    // SAFETY: sixteen rows have 16, 32, 64 or 128 readable bytes for 1, 2, 4 or 8 roots.
    unsafe {
        match ROOTS {
            1 => _mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast())),
            2 => {
                let words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
                _mm512_srl_epi32(words, _mm_cvtsi32_si128(8 * root as i32))
            }
            4 => {
                let words = _mm512_loadu_si512(from.cast());
                _mm512_srl_epi32(words, _mm_cvtsi32_si128(8 * root as i32))
            }
            _ => {
                let shift = _mm_cvtsi32_si128(8 * root as i32);
                let low = _mm512_srl_epi64(_mm512_loadu_si512(from.cast()), shift);
                let high = _mm512_srl_epi64(_mm512_loadu_si512(from.add(64).cast()), shift);
                let low = _mm512_castsi256_si512(_mm512_cvtepi64_epi32(low));
                _mm512_inserti64x4::<1>(low, _mm512_cvtepi64_epi32(high))
            }
        }
    }
}
