//! Bins decided by NEON: sixteen nodes at a time, their ranks looked up in one table of all slots.

use std::arch::aarch64::*;

use super::{Bin, First, NODES, Run, Tables};
use crate::kernel::ranks::Slots;

/// Rows that pass a bin before the next one comes.
const ROWS: usize = 64;
/// Slots that the narrow look-up takes.
const NARROW: usize = 32;

/// A bin's slots and ranks.
struct Nodes {
    slot: uint8x16x4_t,
    rank: uint8x16x4_t,
}

impl Tables {
    /// Adds what the trees say of each row to `out`, row-major with a column for each target.
    pub(in crate::kernel) fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        // SAFETY: `Form::compile` compiles this kernel only where `Kernels::detect` found the
        // processor to have what `add_to` enables.
        unsafe {
            match self.ranks.slots() {
                ..=NARROW => self.add_to::<false>(rows, stride, out),
                _ => self.add_to::<true>(rows, stride, out),
            }
        }
    }

    #[target_feature(enable = "neon")]
    fn add_to<const WIDE: bool>(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        match self.steps {
            1 => self.steps_of::<WIDE, 1>(rows, stride, out),
            2 => self.steps_of::<WIDE, 2>(rows, stride, out),
            3 => self.steps_of::<WIDE, 3>(rows, stride, out),
            _ => self.steps_of::<WIDE, 4>(rows, stride, out),
        }
    }

    #[target_feature(enable = "neon")]
    fn steps_of<const WIDE: bool, const STEPS: usize>(
        &self,
        rows: &[f32],
        stride: usize,
        out: &mut [f64],
    ) {
        let mut slots = Slots::<1>::ZERO;
        if rows.len() == stride || self.width > 1 {
            for (row, out) in rows.chunks_exact(stride).zip(out.chunks_exact_mut(self.targets)) {
                self.ranks.row_neon(row, &mut slots);
                let ranks = load(&slots.0[0]);
                for run in &self.runs {
                    self.row::<WIDE, STEPS>(run, ranks, out);
                }
            }
            return;
        }
        let mut ranks = [[0_u8; NODES]; ROWS];
        let blocks = rows.chunks(ROWS * stride).zip(out.chunks_mut(ROWS * self.targets));
        for (rows, out) in blocks {
            let count = rows.len() / stride;
            for (row, ranks) in rows.chunks_exact(stride).zip(&mut ranks) {
                self.ranks.row_neon(row, &mut slots);
                *ranks = slots.0[0];
            }
            for run in &self.runs {
                self.block::<WIDE, STEPS>(run, &ranks[..count], out);
            }
        }
    }

    #[target_feature(enable = "neon")]
    fn row<const WIDE: bool, const STEPS: usize>(
        &self,
        run: &Run,
        ranks: uint8x16x4_t,
        out: &mut [f64],
    ) {
        // Two sums, so that one need not wait for the other.
        let mut sums = [0.0; 2];
        let firsts = self.firsts[run.trees..].chunks_exact(run.roots);
        for (bin, firsts) in self.bins[run.bins.clone()].iter().zip(firsts) {
            let no = decide::<WIDE>(ranks, &nodes(bin));
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

    #[target_feature(enable = "neon")]
    fn block<const WIDE: bool, const STEPS: usize>(
        &self,
        run: &Run,
        ranks: &[[u8; NODES]],
        out: &mut [f64],
    ) {
        let firsts = self.firsts[run.trees..].chunks_exact(run.roots);
        for (bin, firsts) in self.bins[run.bins.clone()].iter().zip(firsts) {
            let nodes = nodes(bin);
            let rows = ranks.iter().zip(out[run.target..].iter_mut().step_by(self.targets));
            for (ranks, sum) in rows {
                let no = decide::<WIDE>(load(ranks), &nodes);
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
#[inline]
fn walk<const STEPS: usize>(entries: &[u32], first: First, no: u64) -> u32 {
    let table = first.table as usize;
    let mut entry = first.window;
    for _ in 0..STEPS {
        // A window's bits: those from its lowest byte on, as many as its next byte says.
        let bits = (no >> (entry & 63)) & !(u64::MAX << (entry >> 8 & 63));
        let at = table + (entry >> 16) as usize + bits as usize;
        // SAFETY: an entry's window has as many bits as its table has entries for, and the tables
        // lie in `entries`: `Cut::write` and `Tables::nothing` wrote them so.
        entry = unsafe { *entries.get_unchecked(at) };
    }
    entry
}

/// A bit for each node of a bin: whether the row takes its false child.
#[target_feature(enable = "neon")]
#[inline]
fn decide<const WIDE: bool>(ranks: uint8x16x4_t, nodes: &Nodes) -> u64 {
    let above = |slot, rank| vcgtq_u8(look_up::<WIDE>(ranks, slot), rank);
    let (slot, rank) = (&nodes.slot, &nodes.rank);
    // A byte keeps the bit of its place among eight, and three rounds of sums of neighbours bring
    // eight bytes together.
    let bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
    let front =
        vpaddq_u8(vandq_u8(above(slot.0, rank.0), bit), vandq_u8(above(slot.1, rank.1), bit));
    let back =
        vpaddq_u8(vandq_u8(above(slot.2, rank.2), bit), vandq_u8(above(slot.3, rank.3), bit));
    let all = vpaddq_u8(front, back);
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(all, all)))
}

/// The ranks of sixteen slots.
#[target_feature(enable = "neon")]
#[inline]
fn look_up<const WIDE: bool>(ranks: uint8x16x4_t, slots: uint8x16_t) -> uint8x16_t {
    match WIDE {
        true => vqtbl4q_u8(ranks, slots),
        false => vqtbl2q_u8(uint8x16x2_t(ranks.0, ranks.1), slots),
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn nodes(bin: &Bin) -> Nodes {
    Nodes { slot: load(&bin.slot), rank: load(&bin.rank) }
}

#[target_feature(enable = "neon")]
#[inline]
fn load(bytes: &[u8; NODES]) -> uint8x16x4_t {
    // SAFETY: 64 readable bytes.
    unsafe { vld1q_u8_x4(bytes.as_ptr()) }
}
