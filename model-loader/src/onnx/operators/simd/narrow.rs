//! Products with few columns, such as a network's last layer: a dot product for each of them.
//!
//! A column's weights lie in lines. Where a row's length is no multiple of a line, the last vector
//! of inputs reaches back over inputs that were read before; those become zeros, not their weights
//! alone, since zero times infinity is no zero. Called by `packed`.

use fearless_simd::f32x16;
use fearless_simd::prelude::*;
use ndarray::ArrayView1;

use super::{LANES, Line};

/// Rows that are multiplied side by side.
const ROWS: usize = 4;

/// The number of each lane.
const LANE: [f32; LANES] =
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];

/// The weights of one column of the product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) lines: &'a [Line],
    pub(super) inner: usize,
    pub(super) bias: f32,
    /// Its place in the product.
    pub(super) column: usize,
}

/// Whether so few columns are better multiplied one by one: a panel of weights takes one step for
/// each input whatever its columns, a dot product one for each line and about eight to add up.
pub(super) fn suits(inner: usize, columns: usize) -> bool {
    let each = inner / (2 * LANES) + 8;
    inner > 0 && columns.saturating_mul(each) < inner / 2
}

/// One column's weights, the last line as `product` reads its inputs.
pub(super) fn lines(column: ArrayView1<'_, f32>) -> Vec<Line> {
    let inner = column.len();
    let starts = (0..inner).step_by(LANES);
    let line = |start: usize| {
        let end = inner.min(start + LANES);
        let back = if inner < LANES { 0 } else { start + LANES - end };
        let zeros = std::iter::repeat_n(0.0, back);
        Line::padded(zeros.chain((start..end).map(|at| column[at])))
    };
    starts.map(line).collect()
}

// === impl Column ===

impl Column<'_> {
    /// This column of the product of all rows.
    #[inline(always)]
    pub(super) fn product<S: Simd>(self, simd: S, a: &[f32], out: &mut [f32], columns: usize) {
        let inner = self.inner;
        let rest = inner % LANES;
        let lane = f32x16::load_array(simd, LANE);
        let new = lane.simd_ge(f32x16::splat(simd, (LANES - rest) as f32));
        let mut groups = a.chunks_exact(ROWS * inner);
        let mut outs = out.chunks_exact_mut(ROWS * columns);
        for (group, out) in groups.by_ref().zip(outs.by_ref()) {
            let mut rows: [&[f32]; ROWS] = [&[]; ROWS];
            for row in 0..ROWS {
                rows[row] = &group[row * inner..][..inner];
            }
            let sums = self.dots::<S, ROWS>(simd, rows, new);
            for row in 0..ROWS {
                out[row * columns + self.column] = sums[row];
            }
        }
        let rows = groups.remainder().chunks_exact(inner);
        for (row, out) in rows.zip(outs.into_remainder().chunks_exact_mut(columns)) {
            [out[self.column]] = self.dots::<S, 1>(simd, [row], new);
        }
    }

    /// The dot products of `R` rows; `new` marks the inputs of the last vector that were not read.
    #[inline(always)]
    fn dots<S: Simd, const R: usize>(
        self,
        simd: S,
        rows: [&[f32]; R],
        new: <f32x16<S> as SimdBase<S>>::Mask,
    ) -> [f32; R] {
        let zero = f32x16::splat(simd, 0.0);
        let mut whole: [&[[f32; LANES]]; R] = [&[]; R];
        for row in 0..R {
            whole[row] = rows[row].as_chunks::<LANES>().0;
        }
        let count = self.inner / LANES;
        let mut sums = [zero; R];
        for (at, line) in self.lines[..count].iter().enumerate() {
            let weights = f32x16::load_array_ref(simd, &line.0);
            for row in 0..R {
                let inputs = f32x16::load_array_ref(simd, &whole[row][at]);
                sums[row] = inputs.mul_add(weights, sums[row]);
            }
        }
        if let [last] = &self.lines[count..] {
            let weights = f32x16::load_array_ref(simd, &last.0);
            for row in 0..R {
                let inputs = match rows[row].last_chunk::<LANES>() {
                    Some(inputs) => new.select(f32x16::load_array_ref(simd, inputs), zero),
                    None => f32x16::load_array(simd, padded(rows[row])),
                };
                sums[row] = inputs.mul_add(weights, sums[row]);
            }
        }
        let mut whole = [self.bias; R];
        for row in 0..R {
            whole[row] += sums[row].reduce_sum();
        }
        whole
    }
}

/// A row that is shorter than a vector.
#[inline(always)]
fn padded(row: &[f32]) -> [f32; LANES] {
    let mut padded = [0.0; LANES];
    for (lane, x) in row.iter().enumerate() {
        padded[lane] = *x;
    }
    padded
}
