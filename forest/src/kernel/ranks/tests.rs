//! A rank decides a branch as the value does, by every way to find it.

use super::*;
use crate::random::{Draw, Shape};
use crate::trees::Edge;
use crate::{Aggregate, Mode, compile};

fn trees(thresholds: usize, missing: bool) -> Trees {
    let shape = Shape {
        trees: 40,
        leaves: 64,
        depth: 40,
        features: 7,
        thresholds,
        targets: 1,
        vectors: false,
        modes: vec![Mode::Leq, Mode::Lt, Mode::Gt],
        missing,
        aggregate: Aggregate::Sum,
        base: false,
    };
    Trees::of(&compile::compile(&shape.ensemble(&mut Draw(11))).unwrap()).unwrap()
}

/// Calls `each` with every branch and each value that is or is next to some threshold.
fn branches(trees: &Trees, mut each: impl FnMut(&Branch, f32)) {
    let all = || trees.trees.iter().flat_map(|tree| &tree.branches);
    for branch in all() {
        for x in all().filter(|other| other.feature == branch.feature).map(|other| other.threshold)
        {
            for x in [x, x.next_down(), x.next_up(), -0.0, f32::NAN, f32::INFINITY] {
                each(branch, x);
            }
        }
    }
}

/// A row's ranks by each way that this processor has.
#[cfg(target_arch = "x86_64")]
fn ways(ranks: &Ranks, row: &[f32]) -> Vec<Slots<1>> {
    let mut found = Vec::new();
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
        let mut of_row = Slots::ZERO;
        // SAFETY: the processor has what the function enables, as looked up above.
        unsafe { ranks.row_avx2(row, &mut of_row) };
        found.push(of_row);
    }
    if is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512bw") {
        let mut of_rows = [Slots::ZERO; 17];
        // SAFETY: the processor has what the functions enable, as looked up above.
        unsafe {
            avx512::store(&ranks.row_avx512(row), &mut of_rows[0]);
            ranks.rows_avx512(&row.repeat(16), row.len(), &mut of_rows[1..]);
        }
        found.extend(of_rows);
    }
    found
}

/// A row's ranks by each way that this processor has.
#[cfg(target_arch = "aarch64")]
fn ways(ranks: &Ranks, row: &[f32]) -> Vec<Slots<1>> {
    assert!(std::arch::is_aarch64_feature_detected!("neon"));
    let mut found = Slots::ZERO;
    // SAFETY: the processor has what the function enables, as looked up above.
    unsafe { ranks.row_neon(row, &mut found) };
    vec![found]
}

#[test]
fn ranks_decide_as_values_do() {
    for (thresholds, missing) in [(3, false), (17, true), (200, true)] {
        let trees = trees(thresholds, missing);
        let ranks = Ranks::compile(&trees, 64).unwrap();
        let mut row = vec![0.0; 7];
        branches(&trees, |branch, x| {
            row[branch.feature as usize] = x;
            let wanted = x <= branch.threshold || (x.is_nan() && branch.nan_yes);
            let (slot, rank) = ranks.of(branch);
            let found = ways(&ranks, &row);
            for found in &found {
                let yes = found.0[0][usize::from(slot)] <= rank;
                assert!(yes == wanted, "{x} <= {} ({})", branch.threshold, branch.nan_yes);
            }
        });
    }
}

#[test]
fn too_many_thresholds_or_slots_are_refused() {
    let mut trees = trees(200, true);
    assert!(Ranks::compile(&trees, 14).is_some());
    assert!(Ranks::compile(&trees, 13).is_none(), "seven features, each with both kinds of NaN");
    let tree = &mut trees.trees[0];
    let leaf = Edge::Leaf(0);
    tree.branches = (0..256)
        .map(|at| Branch {
            feature: 100,
            threshold: at as f32,
            nan_yes: false,
            yes: leaf,
            no: leaf,
        })
        .collect();
    assert!(Ranks::compile(&trees, 64).is_none());
}
