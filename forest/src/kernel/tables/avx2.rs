//! Bins decided by AVX2: thirty-two nodes at a time, their ranks looked up in tables of sixteen.

use std::arch::x86_64::*;

use super::{Bin, First, NODES, Run, Tables};
use crate::kernel::ranks::Slots;

/// Rows that pass a bin before the next one comes.
const ROWS: usize = 64;
/// Ranks of a table.
const TABLE: usize = 16;

/// A row's ranks, `T` tables of sixteen, each in both halves of its vector.
type Ranks<const T: usize> = [__m256i; T];

/// What a bin's nodes look up in each table and compare with, in two halves of thirty-two.
struct Nodes<const T: usize> {
    places: [[__m256i; T]; 2],
    rank: [__m256i; 2],
}

impl Tables {
    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(in crate::kernel) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found the
        // processor to have what `add_to` enables.
        unsafe {
            match self.ranks.slots() {
                ..=32 => self.add_to::<2>(rows, stride, out),
                _ => self.add_to::<4>(rows, stride, out),
            }
        }
    }

    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2")]
    fn add_to<const T: usize>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        match self.steps {
            1 => self.steps_of::<T, 1>(rows, stride, out),
            2 => self.steps_of::<T, 2>(rows, stride, out),
            3 => self.steps_of::<T, 3>(rows, stride, out),
            _ => self.steps_of::<T, 4>(rows, stride, out),
        }
    }

    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2")]
    fn steps_of<const T: usize, const STEPS: usize>(
        &self,
        rows: &[f32],
        stride: usize,
        out: &mut [f64],
    ) {
        let mut slots = Slots::<1>::ZERO;
        if rows.len() == stride || self.width > 1 {
            for (row, out) in rows.chunks_exact(stride).zip(out.chunks_exact_mut(self.targets)) {
                self.ranks.row_avx2(row, &mut slots);
                let ranks = tables::<T>(&slots.0[0]);
                for run in &self.runs {
                    self.row::<T, STEPS>(run, &ranks, out);
                }
            }
            return;
        }
        let mut ranks = [[0_u8; NODES]; ROWS];
        let blocks = rows.chunks(ROWS * stride).zip(out.chunks_mut(ROWS * self.targets));
        for (rows, out) in blocks {
            let count = rows.len() / stride;
            for (row, ranks) in rows.chunks_exact(stride).zip(&mut ranks) {
                self.ranks.row_avx2(row, &mut slots);
                *ranks = slots.0[0];
            }
            for run in &self.runs {
                self.block::<T, STEPS>(run, &ranks[..count], out);
            }
        }
    }

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn row<const T: usize, const STEPS: usize>(
        &self,
        run: &Run,
        ranks: &Ranks<T>,
        out: &mut [f64],
    ) {
        // Two sums, so that one need not wait for the other.
        let mut sums = [0.0; 2];
        let firsts = self.firsts[run.trees..].chunks_exact(run.roots);
        for (bin, firsts) in self.bins[run.bins.clone()].iter().zip(firsts) {
            let no = decide(ranks, &nodes(bin));
            for (at, first) in firsts.iter().enumerate() {
                let entry = walk::<STEPS>(&self.entries, *first, no);
                if self.width == 1 {
                    sums[at % 2] += f64::from(f32::from_bits(entry));
                } else {
                    let values = &self.vectors[entry as usize * self.width..][..self.width];
                    out.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
                }
            }
        }
        out[run.target] += sums[0] + sums[1];
    }

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn block<const T: usize, const STEPS: usize>(
        &self,
        run: &Run,
        ranks: &[[u8; NODES]],
        out: &mut [f64],
    ) {
        let firsts = self.firsts[run.trees..].chunks_exact(run.roots);
        for (bin, firsts) in self.bins[run.bins.clone()].iter().zip(firsts) {
            let nodes = nodes::<T>(bin);
            let rows = ranks.iter().zip(out[run.target..].iter_mut().step_by(self.targets));
            for (ranks, sum) in rows {
                let no = decide(&tables(ranks), &nodes);
                let mut of_bin = 0.0;
                for first in firsts {
                    of_bin += f64::from(f32::from_bits(walk::<STEPS>(&self.entries, *first, no)));
                }
                *sum += of_bin;
            }
        }
    }
}

/// The last entry of a tree's walk.
#[target_feature(enable = "bmi1,bmi2")]
#[inline]
fn walk<const STEPS: usize>(entries: &[u32], first: First, no: u64) -> u32 {
    let table = first.table as usize;
    let mut entry = first.window;
    for _ in 0..STEPS {
        let at = table + (entry >> 16) as usize + _bextr2_u64(no, entry.into()) as usize;
        // SAFETY: an entry's window has as many bits as its table has entries for, and the tables
        // lie in `entries`: `Cut::write` and `Tables::nothing` wrote them so.
        entry = unsafe { *entries.get_unchecked(at) };
    }
    entry
}

/// A bit for each node of a bin: whether the row takes its false child.
#[target_feature(enable = "avx2")]
#[inline]
fn decide<const T: usize>(ranks: &Ranks<T>, nodes: &Nodes<T>) -> u64 {
    let mut yes = [0_u32; 2];
    for ((places, rank), yes) in nodes.places.iter().zip(nodes.rank).zip(&mut yes) {
        let mut found = _mm256_setzero_si256();
        for (table, places) in ranks.iter().zip(places) {
            found = _mm256_or_si256(found, _mm256_shuffle_epi8(*table, *places));
        }
        // Not above: the greater of both is the node's.
        let equal = _mm256_cmpeq_epi8(_mm256_max_epu8(found, rank), rank);
        *yes = _mm256_movemask_epi8(equal).cast_unsigned();
    }
    !(u64::from(yes[0]) | u64::from(yes[1]) << 32)
}

/// A bin's slots as places in tables: a place has its highest bit set, which looks up 0, in all
/// tables but the slot's own.
#[target_feature(enable = "avx2")]
#[inline]
fn nodes<const T: usize>(bin: &Bin) -> Nodes<T> {
    let (slots, ranks) = (bin.slot.as_chunks::<32>().0, bin.rank.as_chunks::<32>().0);
    let mut nodes = Nodes {
        places: [[_mm256_setzero_si256(); T]; 2],
        rank: [load(&ranks[0]), load(&ranks[1])],
    };
    for (places, slots) in nodes.places.iter_mut().zip(slots) {
        for (table, places) in places.iter_mut().enumerate() {
            let first = _mm256_set1_epi8((TABLE * table) as i8);
            let place = _mm256_sub_epi8(load(slots), first);
            *places = _mm256_adds_epu8(place, _mm256_set1_epi8(0x70));
        }
    }
    nodes
}

#[target_feature(enable = "avx2")]
#[inline]
fn tables<const T: usize>(ranks: &[u8; NODES]) -> Ranks<T> {
    let mut tables = [_mm256_setzero_si256(); T];
    for (table, ranks) in tables.iter_mut().zip(ranks.as_chunks::<TABLE>().0) {
        // SAFETY: 16 readable bytes.
        *table = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(ranks.as_ptr().cast()) });
    }
    tables
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 readable bytes.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}
