//! Comparisons of ranks against those of the doubles they stand for.

use forest::{Mode, Spec, SpecNode};
use proptest::prelude::*;

use super::{Ranks, rank};

fn branch(feature: i64) -> SpecNode {
    let mode = Mode::Leq;
    SpecNode { tree: 0, node: 0, feature, mode, threshold: 0.0, yes: 1, no: 2, missing_yes: false }
}

fn compared<T: PartialOrd>(a: T, b: T) -> [bool; 6] {
    [a <= b, a < b, a >= b, a > b, a == b, a != b]
}

/// Doubles that lie close to each other, and those that are nothing like a number.
fn double() -> impl Strategy<Value = f64> {
    let near = (0..4_u64).prop_map(|ulps| f64::from_bits(0.1_f64.to_bits() + ulps));
    let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::from(0.1_f32)];
    prop_oneof![near, prop::sample::select(odd.to_vec()), any::<f64>()]
}

proptest! {
    #[test]
    fn ranks_compare_as_doubles_do(
        thresholds in prop::collection::vec(double(), 1..20),
        values in prop::collection::vec(double(), 1..20),
    ) {
        let nodes = thresholds.iter().map(|_| branch(1)).collect();
        let mut spec = Spec { nodes, targets: 1, ..Spec::default() };
        let ranks = Ranks::replace(&mut spec, &thresholds).unwrap();
        let rows: Vec<f64> = values.iter().flat_map(|&value| [5.0, value]).collect();
        let rows = ranks.rows(&rows, 2);
        for (row, value) in rows.chunks(2).zip(&values) {
            prop_assert_eq!(row[0], 0.0);
            for (node, threshold) in spec.nodes.iter().zip(&thresholds) {
                prop_assert_eq!(compared(row[1], node.threshold), compared(*value, *threshold));
            }
        }
    }
}

#[test]
fn ranks_are_odd_for_thresholds_and_even_between() {
    let ranks = [0.0, 1.0, 1.5, 2.0, 3.0].map(|value| rank(&[1.0, 2.0], value));
    assert_eq!(ranks, [0.0, 1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn rows_that_are_too_short_do_not_panic() {
    let mut spec = Spec { nodes: vec![branch(7), branch(-1)], targets: 1, ..Spec::default() };
    let ranks = Ranks::replace(&mut spec, &[1.0, 2.0]).unwrap();
    assert_eq!(ranks.rows(&[3.0, 4.0], 2), [0.0, 0.0]);
    assert!(ranks.rows(&[], 0).is_empty());
}
