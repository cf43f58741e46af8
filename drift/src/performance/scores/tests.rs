//! The area under the ROC curve: its laws, and what happens with too many scores.

use proptest::prelude::*;

use super::{At, Scores};

fn scores(rows: &[(f64, bool)]) -> Scores {
    scores_of_at_most(usize::MAX, rows)
}

fn scores_of_at_most(max: usize, rows: &[(f64, bool)]) -> Scores {
    let mut scores = Scores::with_max(max);
    for (score, positive) in rows {
        let one = u64::from(*positive);
        scores.add(*score, At { negative: 1 - one, positive: one });
    }
    scores
}

#[test]
fn pairs_counted_by_hand() {
    // Of 2 x 3 pairs: .8 beats .1, .4 and half of .8; .4 beats .1, ties .4, loses to .8.
    let rows = [(0.1, false), (0.4, false), (0.8, false), (0.4, true), (0.8, true)];
    assert_eq!(scores(&rows).roc_auc(), Some((2.5 + 1.5) / 6.0));
    let constant = [(0.5, false), (0.5, true), (0.5, true)];
    assert_eq!(scores(&constant).roc_auc(), Some(0.5));
}

#[test]
fn one_class_has_no_area() {
    for rows in [&[][..], &[(0.5, true)], &[(0.5, false), (0.7, false)]] {
        assert_eq!(scores(rows).roc_auc(), None);
    }
}

#[test]
fn the_two_zeros_are_one_score() {
    assert_eq!(scores(&[(0.0, true), (-0.0, false)]).roc_auc(), Some(0.5));
}

#[test]
fn too_many_scores_have_no_area_in_whichever_parts_they_come() {
    let rows = [(0.1, false), (0.2, true), (0.2, false), (0.3, true)];
    assert!(scores_of_at_most(3, &rows).roc_auc().is_some());
    assert_eq!(scores_of_at_most(2, &rows).roc_auc(), None);
    for cut in 0..=rows.len() {
        let mut first = scores_of_at_most(2, &rows[..cut]);
        first.merge(&scores_of_at_most(2, &rows[cut..]));
        assert_eq!(first, scores_of_at_most(2, &rows), "{cut}");
    }
}

fn rows() -> impl Strategy<Value = Vec<(f64, bool)>> {
    // A few hundredths, so that there are ties.
    let score = prop_oneof![(0..=100_u8).prop_map(|s| f64::from(s) / 100.0), 0.0..=1.0_f64];
    proptest::collection::vec((score, any::<bool>()), 0..200)
}

proptest! {
    #[test]
    fn the_area_is_the_share_of_pairs(rows in rows()) {
        let of = |class: bool| rows.iter().filter(move |(_, positive)| *positive == class);
        let (mut pairs, mut won) = (0.0, 0.0);
        for (high, _) in of(true) {
            for (low, _) in of(false) {
                pairs += 1.0;
                won += if high > low { 1.0 } else if high == low { 0.5 } else { 0.0 };
            }
        }
        prop_assert_eq!(scores(&rows).roc_auc(), (pairs > 0.0).then(|| won / pairs));
    }

    /// Halving and cubing a multiple of a hundredth keeps all orders and ties.
    #[test]
    fn the_area_is_the_same_under_a_monotone_map(
        rows in proptest::collection::vec((0..=100_u8, any::<bool>()), 0..200)
    ) {
        let mapped = |map: fn(f64) -> f64| {
            rows.iter().map(|(s, y)| (map(f64::from(*s) / 100.0), *y)).collect::<Vec<_>>()
        };
        let plain = scores(&mapped(|score| score)).roc_auc();
        prop_assert_eq!(scores(&mapped(|score| score / 2.0)).roc_auc(), plain);
        prop_assert_eq!(scores(&mapped(|score| score * score * score)).roc_auc(), plain);
        let turned = scores(&mapped(|score| 1.0 - score)).roc_auc();
        prop_assert_eq!(turned.is_some(), plain.is_some());
        if let (Some(turned), Some(plain)) = (turned, plain) {
            prop_assert!((turned + plain - 1.0).abs() < 1e-12);
        }
    }
}
