//! Weights laid out for one pass over them, and the product of rows and such weights.
//!
//! Built by Gemm, MatMul and the linear operators when a model is loaded. Weights of many columns
//! are cut into panels of one or two lines:
//!
//! ```text
//! columns  0..16  16..32 | 32..48  48..64 | 64..70
//! row 0   [line 0 line 1]|[line a  line b]|[line x]      memory: line 0, 1, 2, 3, ..., a, b, ...
//! row 1   [line 2 line 3]|[line c  line d]|[line y]      zeros behind column 69
//! ```
//!
//! Weights of a few columns lie column after column instead, see `narrow`.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};
use ndarray::ArrayView2;

use super::curves::{self, After};
use super::{LANES, Line, narrow, tile};

/// Rows whose inputs are used for all panels before the next ones: they stay in the second cache.
const BLOCK_ROWS: usize = 96;

/// Weights, what is added to each column, and what is done to each sum.
#[derive(Debug)]
pub(in crate::onnx::operators) struct Packed {
    level: Level,
    inner: usize,
    columns: usize,
    layout: Layout,
    lines: Vec<Line>,
    /// One value for each column, zeros behind them.
    bias: Vec<Line>,
    after: After,
}

/// How the weights lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Panels of at most this many lines side by side, which is 1 or 2.
    Panels(usize),
    Columns,
}

// === impl Packed ===

impl Packed {
    /// Lays out weights of `inner` rows and `columns` columns for this processor.
    pub(in crate::onnx::operators) fn new(weights: &ArrayView2<'_, f32>) -> Packed {
        Packed::of_level(weights, Level::new())
    }

    /// As `new`, for a processor of this level.
    pub(super) fn of_level(weights: &ArrayView2<'_, f32>, level: Level) -> Packed {
        let (inner, columns) = weights.dim();
        let layout = match () {
            () if narrow::suits(inner, columns) => Layout::Columns,
            () if lanes(level) == LANES => Layout::Panels(2),
            () => Layout::Panels(1),
        };
        let lines = match layout {
            Layout::Panels(wide) => panels(weights, wide),
            Layout::Columns => weights.columns().into_iter().flat_map(narrow::lines).collect(),
        };
        let bias = vec![Line::ZERO; columns.div_ceil(LANES)];
        Packed { level, inner, columns, layout, lines, bias, after: After::Nothing }
    }

    /// Sets what is added to each column.
    ///
    /// # Panics
    /// When it is not one value for each column.
    pub(in crate::onnx::operators) fn set_bias(&mut self, bias: &[f32]) {
        assert_eq!(bias.len(), self.columns, "one value for each column");
        let chunks = bias.chunks(LANES);
        self.bias = chunks.map(|chunk| Line::padded(chunk.iter().copied())).collect();
    }

    /// Sets what is done to each sum.
    pub(in crate::onnx::operators) fn set_after(&mut self, after: After) {
        self.after = after;
    }

    /// What is done to each sum.
    pub(in crate::onnx::operators) fn after(&self) -> After {
        self.after
    }

    /// Columns of the rows that are multiplied.
    pub(in crate::onnx::operators) fn inner(&self) -> usize {
        self.inner
    }

    /// Columns of the product.
    pub(in crate::onnx::operators) fn columns(&self) -> usize {
        self.columns
    }

    /// The product of this many rows, which lie one after the other, and the weights.
    ///
    /// # Panics
    /// When `a` does not hold so many rows.
    pub(in crate::onnx::operators) fn product(&self, a: &[f32], rows: usize) -> Vec<f32> {
        assert_eq!(a.len(), rows * self.inner, "{rows} rows of {}", self.inner);
        let mut out = vec![0.0; rows * self.columns];
        if out.is_empty() {
            return out;
        }
        dispatch!(self.level, simd => match self.layout {
            Layout::Panels(_) => self.by_panels(simd, a, &mut out),
            Layout::Columns => self.by_columns(simd, a, &mut out),
        });
        curves::apply(self.level, self.after, &mut out);
        out
    }

    #[inline(always)]
    fn by_panels<S: Simd>(&self, simd: S, a: &[f32], out: &mut [f32]) {
        let columns = self.columns;
        for (block, out) in out.chunks_mut(BLOCK_ROWS * columns).enumerate() {
            let a = &a[block * BLOCK_ROWS * self.inner..];
            let (mut first, mut lines) = (0, &self.lines[..]);
            while first < columns {
                if S::f32s::LEN == LANES && columns - first > LANES {
                    lines = self.by_panel::<S, 2>(simd, (first, lines), a, out);
                    first += 2 * LANES;
                } else {
                    lines = self.by_panel::<S, 1>(simd, (first, lines), a, out);
                    first += LANES;
                }
            }
        }
    }

    /// The columns of the product from `first` on, one panel of them; the lines of the other
    /// panels.
    #[inline(always)]
    fn by_panel<'a, S: Simd, const L: usize>(
        &'a self,
        simd: S,
        (first, lines): (usize, &'a [Line]),
        a: &[f32],
        out: &mut [f32],
    ) -> &'a [Line] {
        let (lines, rest) = lines.split_at(L * self.inner);
        let bias = self.bias[first / LANES..].first_chunk().expect("a line for each of a panel");
        let (lines, relu) = (lines.as_chunks().0, self.after == After::Relu);
        let panel = tile::Panel::<L> { lines, bias, relu, first, columns: self.columns };
        tile::rows(simd, panel, a, out);
        rest
    }

    #[inline(always)]
    fn by_columns<S: Simd>(&self, simd: S, a: &[f32], out: &mut [f32]) {
        let each = self.inner.div_ceil(LANES);
        for (column, lines) in self.lines.chunks_exact(each).enumerate() {
            let bias = self.bias[column / LANES].0[column % LANES];
            let weights = narrow::Column { lines, inner: self.inner, bias, column };
            simd.vectorize(
                #[inline(always)]
                || weights.product(simd, a, out, self.columns),
            );
        }
    }
}

/// Floats of the vectors of a level.
fn lanes(level: Level) -> usize {
    #[inline(always)]
    fn of<S: Simd>(_: S) -> usize {
        S::f32s::LEN
    }
    dispatch!(level, simd => of(simd))
}

/// Cuts weights into panels of at most `wide` lines.
fn panels(weights: &ArrayView2<'_, f32>, wide: usize) -> Vec<Line> {
    let (inner, columns) = weights.dim();
    let mut lines = Vec::with_capacity(inner * columns.div_ceil(LANES));
    let mut first = 0;
    while first < columns {
        let count = (columns - first).div_ceil(LANES).min(wide);
        for row in weights.rows() {
            for start in (first..).step_by(LANES).take(count) {
                let end = columns.min(start + LANES);
                lines.push(Line::padded((start..end).map(|column| row[column])));
            }
        }
        first += count * LANES;
    }
    lines
}
