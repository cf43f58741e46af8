//! A row as columns of floats: what branches read, and no more.
//!
//! A feature whose NaN takes the true child of a branch has -inf in place of NaN; one with branches
//! of both kinds has two columns. `x <= t` is then right for NaN, too. Used by the kernels that
//! compare floats; `ranks` is the same for those that compare bytes.

use crate::trees::{Branch, Trees};

/// Columns of rows that are taken as they are, at most.
const FRONT_MAX: usize = 64;

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    feature: u32,
    /// NaN becomes -inf.
    nan_low: bool,
}

/// The columns of an ensemble, sorted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// The columns are the row's first ones as they are.
    front: bool,
}

// === impl Columns ===

impl Columns {
    /// Refuses more columns than `most`.
    pub(super) fn compile(trees: &Trees, most: usize) -> Option<Columns> {
        let branches = trees.trees.iter().flat_map(|tree| &tree.branches);
        let mut columns: Vec<Column> = branches.map(Column::of).collect();
        columns.sort_unstable();
        columns.dedup();
        let width = columns.last().map_or(0, |column| column.feature as usize + 1);
        let front = width <= most.min(FRONT_MAX) && columns.iter().all(|column| !column.nan_low);
        if front {
            // Columns that no branch reads cost less than leaving them out.
            let all = 0..width as u32;
            columns = all.map(|feature| Column { feature, nan_low: false }).collect();
        }
        (columns.len() <= most).then_some(Columns { columns, front })
    }

    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The column that a branch of the ensemble reads.
    pub(super) fn of(&self, branch: &Branch) -> u16 {
        let wanted = Column::of(branch);
        self.columns.partition_point(|column| *column < wanted) as u16
    }

    /// Writes the columns of a row to the front of `out`.
    pub(super) fn fill<'a>(&self, row: &[f32], out: impl IntoIterator<Item = &'a mut f32>) {
        for (column, out) in self.columns.iter().zip(out) {
            *out = column.value(row[column.feature as usize]);
        }
    }
}

/// What the kernels that hold columns in whole vectors need beside.
#[cfg(target_arch = "x86_64")]
impl Columns {
    /// The columns of a row, when they are its first ones as they are.
    pub(super) fn front_of<'a>(&self, row: &'a [f32]) -> Option<&'a [f32]> {
        self.front.then(|| &row[..self.columns.len()])
    }

    /// The features of the columns, ascending; one of two columns stands twice.
    pub(super) fn features(&self) -> impl Iterator<Item = usize> + Clone {
        self.columns.iter().map(|column| column.feature as usize)
    }

    /// Whether NaN of each column becomes -inf.
    pub(super) fn nan_low(&self) -> impl Iterator<Item = bool> {
        self.columns.iter().map(|column| column.nan_low)
    }
}

// === impl Column ===

impl Column {
    fn of(branch: &Branch) -> Column {
        Column { feature: branch.feature, nan_low: branch.nan_yes }
    }

    #[inline]
    fn value(self, x: f32) -> f32 {
        if self.nan_low && x.is_nan() { f32::NEG_INFINITY } else { x }
    }
}
