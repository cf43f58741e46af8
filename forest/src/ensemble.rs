//! A compiled ensemble: its trees, the kernel that evaluates them, and its base values.
//!
//! Called by `regress`, `classify` and directly. No allocation per row for up to eight targets.

use crate::kernel::{Fast, ROWS_AT_ONCE};
use crate::plain::{Plain, Total};
use crate::{Aggregate, Error, Kernel, Kernels, Precision, Spec, compile};

/// Sums that fit on the stack while a kernel fills them: of a few rows, of some, and of many.
const SUMS_FEW: usize = 8;
const SUMS_SOME: usize = 128;
const SUMS_MANY: usize = 2 * ROWS_AT_ONCE;

/// A validated ensemble of decision trees; shared by threads as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    plain: Plain,
    /// The same trees in a faster form.
    fast: Option<Box<Fast>>,
    /// Empty, or one value per target.
    base_values: Vec<f64>,
}

// === impl Ensemble ===

impl Ensemble {
    /// Validates a spec whose base values are none or one per target. The fastest of `kernels` that
    /// takes the ensemble evaluates it.
    pub fn compile(spec: &Spec, kernels: Kernels) -> Result<Ensemble, Error> {
        let count = spec.base_values.len();
        let mut ensemble = Ensemble::of(compile::compile(spec)?, kernels);
        if count != 0 && count != spec.targets {
            return Err(Error::BaseValues { count, targets: spec.targets });
        }
        ensemble.base_values.clone_from(&spec.base_values);
        Ok(ensemble)
    }

    /// The same without base values, whose meaning is the caller's.
    pub(crate) fn of(plain: Plain, kernels: Kernels) -> Ensemble {
        let fast = Fast::choose(&plain, kernels).map(Box::new);
        Ensemble { plain, fast, base_values: Vec::new() }
    }

    /// The kernel that evaluates that many rows at once.
    pub fn kernel(&self, rows: usize) -> Kernel {
        self.fast.as_ref().map_or(Kernel::Plain, |fast| fast.kernel(rows))
    }

    /// The least number of columns a row must have: 1 + the highest feature id that a branch reads.
    pub fn features(&self) -> usize {
        self.plain.features
    }

    /// The number of targets or classes.
    pub fn targets(&self) -> usize {
        self.plain.targets
    }

    /// The number of trees.
    pub fn trees(&self) -> usize {
        self.plain.roots.len()
    }

    /// Bytes of the faster form; 0 when the trees are walked as they are.
    pub fn compiled_bytes(&self) -> usize {
        self.fast.as_ref().map_or(0, |fast| fast.bytes())
    }

    pub(crate) fn precision(&self) -> Precision {
        self.plain.precision
    }

    /// The faster form, when there is one.
    pub(crate) fn fast(&self) -> Option<&Fast> {
        self.fast.as_deref()
    }

    /// The trees as they are walked one by one.
    pub(crate) fn plain(&self) -> &Plain {
        &self.plain
    }

    /// Writes the score of each target for one row, base values added. One of several targets that
    /// no leaf of the row has a weight for scores 0.
    ///
    /// # Panics
    /// When `row` is shorter than [`features`](Self::features) or `out` is not as long as
    /// [`targets`](Self::targets).
    pub fn scores(&self, row: &[f32], out: &mut [f64]) {
        self.scores_batch(row, row.len(), out);
    }

    /// The same for rows that lie one after the other, `stride` columns each; `out` is row-major,
    /// one row of [`targets`](Self::targets) scores for each.
    ///
    /// # Panics
    /// When `stride` is below [`features`](Self::features), or when the lengths of `rows` and `out`
    /// are not those of the same number of rows.
    pub fn scores_batch(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        let targets = self.targets();
        let count = out.len() / targets;
        assert_eq!(out.len(), count * targets, "out holds whole rows of scores");
        self.for_each_row(rows, stride, count, |index, totals| {
            let out = &mut out[index * targets..][..targets];
            for (target, (total, out)) in totals.iter().zip(out).enumerate() {
                *out = self.finish(target, *total);
            }
        });
    }

    /// Calls `each` with the index of each row and its totals before base values.
    pub(crate) fn for_each_row(
        &self,
        rows: &[f32],
        stride: usize,
        count: usize,
        mut each: impl FnMut(usize, &mut [Total]),
    ) {
        self.check(rows, stride, count);
        let targets = self.targets();
        with_scratch::<Total, SUMS_FEW>(targets, |totals| {
            let Some(fast) = &self.fast else {
                for index in 0..count {
                    self.plain.walk(&rows[index * stride..][..stride], totals);
                    each(index, totals);
                }
                return;
            };
            self.for_each_block(fast, rows, stride, |first, sums| {
                for (index, sums) in sums.chunks_exact(targets).enumerate() {
                    for ((total, sum), seen) in totals.iter_mut().zip(sums).zip(fast.seen()) {
                        *total = Total { score: *sum, seen: *seen };
                    }
                    each(first + index, totals);
                }
            });
        });
    }

    /// Calls `each` with the index of the first row of each block, and the block's sums, row-major.
    pub(crate) fn for_each_block(
        &self,
        fast: &Fast,
        rows: &[f32],
        stride: usize,
        mut each: impl FnMut(usize, &[f64]),
    ) {
        // Rows without columns are not told apart by their values.
        let count = rows.len().checked_div(stride).unwrap_or(0);
        let targets = self.targets();
        let at_once = count.min(ROWS_AT_ONCE);
        let run = |sums: &mut [f64]| {
            for first in (0..count).step_by(at_once.max(1)) {
                let taken = at_once.min(count - first);
                let sums = &mut sums[..taken * targets];
                fast.sums(&rows[first * stride..][..taken * stride], stride, sums);
                each(first, sums);
            }
        };
        match at_once * targets {
            few @ ..=SUMS_FEW => with_scratch::<f64, SUMS_FEW>(few, run),
            some @ ..=SUMS_SOME => with_scratch::<f64, SUMS_SOME>(some, run),
            many => with_scratch::<f64, SUMS_MANY>(many, run),
        }
    }

    /// Panics unless there are `count` rows that are wide enough.
    pub(crate) fn check(&self, rows: &[f32], stride: usize, count: usize) {
        let wanted = self.features();
        assert!(stride >= wanted, "a row has {stride} of {wanted} columns");
        assert_eq!(rows.len(), stride * count, "{count} rows of {stride} columns");
    }

    /// The score of a target, base value added. One of several targets that no leaf had a weight
    /// for scores 0 without its base value, as in ONNX Runtime.
    pub(crate) fn finish(&self, target: usize, total: Total) -> f64 {
        if !total.seen && self.targets() > 1 {
            return 0.0;
        }
        let precision = self.precision();
        let score = match self.plain.aggregate {
            Aggregate::Average => precision.round(total.score / self.trees() as f64),
            _ => total.score,
        };
        match self.base_values.get(target) {
            Some(base) => precision.round(score + precision.round(*base)),
            None => score,
        }
    }
}

/// Calls `run` with `len` default values, which are on the stack when there are at most `INLINE`.
fn with_scratch<T: Copy + Default, const INLINE: usize>(len: usize, run: impl FnOnce(&mut [T])) {
    if len <= INLINE {
        run(&mut [T::default(); INLINE][..len]);
    } else {
        run(&mut vec![T::default(); len]);
    }
}

#[cfg(test)]
mod tests;
