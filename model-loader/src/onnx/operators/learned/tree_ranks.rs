//! Exact comparisons of doubles by trees that compare floats.
//!
//! Called by `trees`. For each column the thresholds are sorted; a threshold becomes its odd rank
//! among them, a value equal to it too, and a value between two of them the even rank between. All
//! six comparisons of ranks give what those of the doubles give, and NaN stays NaN.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use forest::{Mode, Spec};

/// Most thresholds of one column; ranks are twice that, which floats hold exactly.
const THRESHOLDS_MAX: usize = 1 << 22;

/// The thresholds of each column that branches read, sorted.
#[derive(Debug)]
pub(super) struct Ranks(Vec<(usize, Vec<f64>)>);

// === impl Ranks ===

impl Ranks {
    /// Replaces the thresholds of a spec's branches by their ranks.
    pub(super) fn replace(spec: &mut Spec, thresholds: &[f64]) -> Result<Ranks> {
        let mut columns: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let branch = |node: &forest::SpecNode| {
            // Those that are no columns are refused when the spec is compiled.
            usize::try_from(node.feature).ok().filter(|_| node.mode != Mode::Leaf)
        };
        for (node, &threshold) in spec.nodes.iter().zip(thresholds) {
            if let Some(column) = branch(node).filter(|_| !threshold.is_nan()) {
                columns.entry(column).or_default().push(threshold);
            }
        }
        for (column, sorted) in &mut columns {
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.dedup();
            let count = sorted.len();
            ensure!(count <= THRESHOLDS_MAX, "{count} thresholds of column {column}");
        }
        for (node, &threshold) in spec.nodes.iter_mut().zip(thresholds) {
            if let Some(column) = branch(node) {
                let sorted = columns.get(&column).map_or(&[][..], Vec::as_slice);
                node.threshold = rank(sorted, threshold);
            }
        }
        Ok(Ranks(columns.into_iter().collect()))
    }

    /// Rows of this many columns as their ranks; columns that no branch reads are zero.
    pub(super) fn rows(&self, values: &[f64], columns: usize) -> Vec<f32> {
        let mut ranks = vec![0.0; values.len()];
        if columns > 0 {
            for (row, ranks) in values.chunks_exact(columns).zip(ranks.chunks_exact_mut(columns)) {
                // Rows that are too short are refused afterwards.
                for (column, sorted) in self.0.iter().filter(|(column, _)| *column < columns) {
                    ranks[*column] = rank(sorted, row[*column]);
                }
            }
        }
        ranks
    }
}

fn rank(sorted: &[f64], value: f64) -> f32 {
    if value.is_nan() {
        return f32::NAN;
    }
    let below = sorted.partition_point(|threshold| *threshold < value);
    let equal = sorted.get(below) == Some(&value);
    (2 * below + usize::from(equal)) as f32
}

#[cfg(test)]
mod tests;
