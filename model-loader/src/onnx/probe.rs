//! Made-up values that show what shapes a graph gives: every value twice, for two numbers of rows.
//!
//! Used while a plan is built. An extent that is the same in both runs is fixed, one that follows
//! the rows is the rows, any other varies.

use anyhow::{Result, ensure};

use crate::{Datatype, Shape, Tensor, TensorSpec};

/// The rows of the two runs.
pub(super) const ROWS: [usize; 2] = [2, 3];
/// Any other variable extent in the two runs, unless a reader wants more.
pub(super) const OTHER: [usize; 2] = [5, 7];

/// One value in the two runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probe(pub(super) [Tensor; 2]);

// === impl Probe ===

impl Probe {
    /// The values of the two runs, which must be of one type and rank.
    pub(super) fn new(few: Tensor, many: Tensor) -> Result<Probe> {
        ensure!(few.datatype() == many.datatype(), "the type of a value depends on the rows");
        ensure!(few.shape().len() == many.shape().len(), "the rank of a value depends on the rows");
        Ok(Probe([few, many]))
    }

    /// The shapes in the two runs.
    pub(super) fn shapes(&self) -> [&[usize]; 2] {
        [self.0[0].shape(), self.0[1].shape()]
    }

    /// The type in both runs.
    pub(super) fn datatype(&self) -> Datatype {
        self.0[0].datatype()
    }

    /// The extents as a signature has them: `None` where they vary.
    pub(super) fn extents(&self) -> Vec<Option<usize>> {
        let [few, many] = self.shapes();
        // An extent of 0 is what made-up values leave of a choice among them.
        let extent = |(&few, &many): (&usize, &usize)| (few == many && few > 0).then_some(few);
        few.iter().zip(many).map(extent).collect()
    }

    /// Whether the first extent is the number of rows.
    pub(super) fn follows_rows(&self) -> bool {
        let [few, many] = self.shapes();
        matches!((few.first(), many.first()), (Some(&few), Some(&many)) if [few, many] == ROWS)
    }
}

/// Extents of the two runs for declared ones; a variable first extent is the rows unless the input
/// has other rows, any other one of `others`.
pub(super) fn shapes(spec: &TensorSpec, others: [usize; 2]) -> [Shape; 2] {
    [0, 1].map(|run| {
        let extents = spec.shape.iter().enumerate();
        let made_up = |axis: usize| if axis == 0 && spec.per_row { ROWS[run] } else { others[run] };
        extents.map(|(axis, extent)| extent.unwrap_or_else(|| made_up(axis))).collect()
    })
}
