//! The kernel of a matrix product: a few rows times one panel of weights.
//!
//! A tile keeps the sums of its rows in registers while it walks down the panel once; each weight
//! is loaded once for all rows of the tile, each input is spread over a vector. A tile of one to
//! three rows has too few sums to hide the time of an addition, and so keeps several of each.
//! Called by `packed`.

use fearless_simd::f32x16;
use fearless_simd::prelude::*;

use super::{LANES, Line};

/// One panel of weights of `L` lines, and where its columns stand in the product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel<'a, const L: usize> {
    pub(super) lines: &'a [[Line; L]],
    /// What is added to each column.
    pub(super) bias: &'a [Line; L],
    /// Negative sums become zero.
    pub(super) relu: bool,
    /// The first column.
    pub(super) first: usize,
    /// Columns of the product.
    pub(super) columns: usize,
}

/// The sums of one row.
type Sums<S, const L: usize> = [f32x16<S>; L];

/// Most rows of a tile: its sums, one row of the panel and one input fill the registers.
const fn most<S: Simd>() -> usize {
    match S::f32s::LEN {
        // 32 registers of 16 floats.
        16 => 12,
        // 16 registers of 8.
        8 => 6,
        // 32 registers of 4 on Arm, else 16 of them, and no instruction that multiplies and adds.
        _ if cfg!(target_arch = "aarch64") => 6,
        _ => 2,
    }
}

/// All rows of the product `out` for the columns of one panel.
#[inline(always)]
pub(super) fn rows<S: Simd, const L: usize>(
    simd: S,
    panel: Panel<'_, L>,
    a: &[f32],
    out: &mut [f32],
) {
    let inner = panel.lines.len();
    let rows = out.len() / panel.columns;
    // Tiles of nearly equal numbers of rows.
    let tiles = rows.div_ceil(most::<S>());
    let mut done = 0;
    for tile in 0..tiles {
        let count = (rows - done).div_ceil(tiles - tile);
        let (a, out) = (&a[done * inner..], &mut out[done * panel.columns..]);
        if count <= 2 || most::<S>() == 2 {
            few(simd, count, panel, a, out);
        } else if count <= 6 || most::<S>() == 6 {
            some(simd, count, panel, a, out);
        } else {
            many(simd, count, panel, a, out);
        }
        done += count;
    }
}

/// Calls `tile` for each number of rows that is listed, with its number of sums.
macro_rules! by_count {
    ($name:ident: $($rows:literal $sums:literal),*) => {
        #[inline(always)]
        fn $name<S: Simd, const L: usize>(
            simd: S,
            count: usize,
            panel: Panel<'_, L>,
            a: &[f32],
            out: &mut [f32],
        ) {
            match count {
                $($rows => simd.vectorize(
                    #[inline(always)]
                    || tile::<S, L, $rows, $sums>(simd, panel, a, out),
                ),)*
                _ => unreachable!("tiles are no higher than `most`"),
            }
        }
    };
}

by_count! { few: 1 4, 2 2 }
by_count! { some: 3 2, 4 1, 5 1, 6 1 }
by_count! { many: 7 1, 8 1, 9 1, 10 1, 11 1, 12 1 }

/// `R` rows, each sum in `U` parts. Without closures: the compiler makes a function of its own of
/// one, which then has none of the level's instructions.
#[inline(always)]
fn tile<S: Simd, const L: usize, const R: usize, const U: usize>(
    simd: S,
    panel: Panel<'_, L>,
    a: &[f32],
    out: &mut [f32],
) {
    let inner = panel.lines.len();
    let (steps, rest) = panel.lines.as_chunks::<U>();
    let mut chunks: [&[[f32; U]]; R] = [&[]; R];
    let mut tails: [&[f32]; R] = [&[]; R];
    for row in 0..R {
        (chunks[row], tails[row]) = a[row * inner..][..inner].as_chunks::<U>();
    }
    let zero = f32x16::splat(simd, 0.0);
    let mut sums: [[Sums<S, L>; R]; U] = [[[zero; L]; R]; U];
    for (at, lines) in steps.iter().enumerate() {
        for part in 0..U {
            let weights = load(simd, &lines[part]);
            for row in 0..R {
                let x = f32x16::splat(simd, chunks[row][at][part]);
                add(&mut sums[part][row], x, weights);
            }
        }
    }
    for (at, lines) in rest.iter().enumerate() {
        let weights = load(simd, lines);
        for row in 0..R {
            add(&mut sums[0][row], f32x16::splat(simd, tails[row][at]), weights);
        }
    }
    let bias = load(simd, panel.bias);
    let width = (panel.columns - panel.first).min(L * LANES);
    for row in 0..R {
        let out = &mut out[row * panel.columns + panel.first..][..width];
        for line in 0..L {
            let mut sum = sums[0][row][line];
            for part in &sums[1..] {
                sum += part[row][line];
            }
            sum += bias[line];
            if panel.relu {
                // NaN is not below zero, and stays.
                sum = sum.simd_lt(zero).select(zero, sum);
            }
            store(sum, &mut out[line * LANES..]);
        }
    }
}

/// Adds the products of one input and one row of weights.
#[inline(always)]
fn add<S: Simd, const L: usize>(sums: &mut Sums<S, L>, x: f32x16<S>, weights: Sums<S, L>) {
    for line in 0..L {
        sums[line] = x.mul_add(weights[line], sums[line]);
    }
}

#[inline(always)]
fn load<S: Simd, const L: usize>(simd: S, lines: &[Line; L]) -> Sums<S, L> {
    let mut loaded = [f32x16::splat(simd, 0.0); L];
    for line in 0..L {
        loaded[line] = f32x16::load_array_ref(simd, &lines[line].0);
    }
    loaded
}

/// Writes as many sums as there are places.
#[inline(always)]
fn store<S: Simd>(sum: f32x16<S>, out: &mut [f32]) {
    match out.first_chunk_mut::<LANES>() {
        Some(out) => sum.store_array(out),
        None => out.copy_from_slice(&sum.to_array()[..out.len()]),
    }
}
