//! One row through all bins.
//!
//! The row's ranks stay in registers; bins stream past them.

use std::arch::x86_64::*;

use super::{Bin, Doubling, NODES, Run};
use crate::kernel::lanes::load_bytes;
use crate::kernel::ranks::Slots;

/// The true children of nodes in pre-order, and the leaves 64 to 127 that point to themselves.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) next: __m512i,
    pub(super) leaf: __m512i,
}

impl Doubling {
    /// Adds what the trees say of one row.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    pub(super) fn add_row<const K: usize>(&self, row: &[f32], out: &mut [f64]) {
        let ranks = self.ranks.row_avx512::<K>(row);
        for run in &self.runs {
            if self.width > 1 {
                self.vectors_of(run, &ranks, out);
                continue;
            }
            out[run.target] += match run.doublings {
                ..=2 => self.sum_of::<K, 2>(run, &ranks),
                3 => self.sum_of::<K, 3>(run, &ranks),
                4 => self.sum_of::<K, 4>(run, &ranks),
                5 => self.sum_of::<K, 5>(run, &ranks),
                _ => self.sum_of::<K, 6>(run, &ranks),
            };
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn sum_of<const K: usize, const DOUBLINGS: u32>(&self, run: &Run, ranks: &[__m512i; K]) -> f64 {
        match (run.yes, run.roots) {
            (None, 1) => self.sum::<K, DOUBLINGS, 1, true>(run, ranks),
            (None, 2) => self.sum::<K, DOUBLINGS, 2, true>(run, ranks),
            (None, 4) => self.sum::<K, DOUBLINGS, 4, true>(run, ranks),
            (None, _) => self.sum::<K, DOUBLINGS, 8, true>(run, ranks),
            (_, 1) => self.sum::<K, DOUBLINGS, 1, false>(run, ranks),
            (_, 2) => self.sum::<K, DOUBLINGS, 2, false>(run, ranks),
            (_, 4) => self.sum::<K, DOUBLINGS, 4, false>(run, ranks),
            _ => self.sum::<K, DOUBLINGS, 8, false>(run, ranks),
        }
    }

    /// The sum of a run's leaves.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn sum<const K: usize, const DOUBLINGS: u32, const ROOTS: usize, const PRE: bool>(
        &self,
        run: &Run,
        ranks: &[__m512i; K],
    ) -> f64 {
        let places = places(ROOTS);
        let mut sums = [0.0; ROOTS];
        let yes = self.yes_of(run);
        let bins = self.bins[run.bins.clone()].iter().zip(&self.wide_leaves[run.bins.clone()]);
        let pre = &self.yes_leaf[run.bins.clone()];
        for (at, (bin, leaves)) in bins.enumerate() {
            let yes = if PRE { in_pre_order(pre[at], places) } else { load_bytes(&yes[at]) };
            let found = exits(bin, yes, ranks, DOUBLINGS, places);
            let word = _mm_cvtsi128_si64(_mm512_castsi512_si128(found)).cast_unsigned();
            for (root, sum) in sums.iter_mut().enumerate() {
                *sum += leaves[(word >> (8 * root)) as usize % NODES];
            }
        }
        sums.iter().sum()
    }

    /// Adds the vectors of a run's leaves.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn vectors_of<const K: usize>(&self, run: &Run, ranks: &[__m512i; K], out: &mut [f64]) {
        let places = places(run.roots as usize);
        let yes = self.yes_of(run);
        for (at, index) in run.bins.clone().enumerate() {
            let yes = match run.yes {
                None => in_pre_order(self.yes_leaf[index], places),
                Some(_) => load_bytes(&yes[at]),
            };
            let found = exits(&self.bins[index], yes, ranks, run.doublings, places);
            let word = _mm_cvtsi128_si64(_mm512_castsi512_si128(found)).cast_unsigned();
            for root in 0..run.roots {
                let leaf = self.leaves[index][(word >> (8 * root)) as usize % NODES].to_bits();
                let values = &self.vectors[leaf as usize * self.width..][..self.width];
                out.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
    }

    /// The true children of a run's nodes, a table for each bin; empty in pre-order.
    pub(super) fn yes_of(&self, run: &Run) -> &[[u8; NODES]] {
        run.yes.map_or(&[], |first| &self.yes[first..][..run.bins.len()])
    }
}

/// Where the roots of a bin lead: bytes 0, 1, ... are leaves, counted from 64.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
#[inline]
fn exits<const K: usize>(
    bin: &Bin,
    yes: __m512i,
    ranks: &[__m512i; K],
    doublings: u32,
    places: Places,
) -> __m512i {
    let ranks = pick(ranks, load_bytes(&bin.slot));
    let above = _mm512_cmpgt_epu8_mask(ranks, load_bytes(&bin.rank));
    let mut next = _mm512_mask_blend_epi8(above, yes, load_bytes(&bin.no));
    for _ in 0..doublings {
        next = _mm512_permutex2var_epi8(next, next, places.leaf);
    }
    next
}

/// The rank of each node's slot.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
pub(super) fn pick<const K: usize>(ranks: &[__m512i; K], slot: __m512i) -> __m512i {
    match *ranks.as_slice() {
        [one] => _mm512_permutexvar_epi8(slot, one),
        [low, high] => _mm512_permutex2var_epi8(low, slot, high),
        [a, b, c, d] => {
            let low = _mm512_permutex2var_epi8(a, slot, b);
            let high = _mm512_permutex2var_epi8(c, slot, d);
            _mm512_mask_blend_epi8(_mm512_movepi8_mask(slot), low, high)
        }
        _ => unreachable!("slots fill one, two or four vectors"),
    }
}

/// The true child of each node in pre-order: the node behind it, or the leaf of its own number.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn in_pre_order(leaf: u64, places: Places) -> __m512i {
    _mm512_mask_blend_epi8(leaf, places.next, places.leaf)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn places(roots: usize) -> Places {
    static NEXT: [[u8; NODES]; 4] = [next(1), next(2), next(4), next(8)];
    static LEAF: [u8; NODES] = {
        let mut leaf = [0; NODES];
        let mut at = 0;
        while at < NODES {
            leaf[at] = (NODES + at) as u8;
            at += 1;
        }
        leaf
    };
    Places { next: load_bytes(&NEXT[roots.trailing_zeros() as usize % 4]), leaf: load_bytes(&LEAF) }
}

/// The node behind each node: that with the next number, or a root's first other one.
const fn next(roots: usize) -> [u8; NODES] {
    let mut next = [0; NODES];
    let mut at = 0;
    while at < NODES {
        next[at] = (if at < roots { roots + at * (NODES / roots - 1) } else { at + 1 }) as u8;
        at += 1;
    }
    next
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_slots<const K: usize>(slots: &Slots<K>) -> [__m512i; K] {
    // A closure would not have the function's target features.
    let mut out = [_mm512_setzero_si512(); K];
    for (out, slots) in out.iter_mut().zip(&slots.0) {
        *out = load_bytes(slots);
    }
    out
}
