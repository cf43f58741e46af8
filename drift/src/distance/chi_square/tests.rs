//! Both chi-square tests against SciPy 1.17.1, by hand, and by their laws.

use proptest::prelude::*;

use super::{ChiSquare, Correction, contingency, goodness_of_fit, p_value};
use crate::distance::tests::{bins, close, near, turned};

#[track_caller]
fn check(got: Option<ChiSquare>, statistic: f64, freedom: usize, p: f64) {
    let got = got.unwrap();
    near(got.statistic, statistic, 1e-12);
    assert_eq!(got.freedom, freedom);
    near(got.p, p, 1e-12);
}

#[test]
fn one_table_has_two_answers() {
    let bins = bins(&[50, 30, 20], &[40, 30, 30]);
    // 100/50 + 0 + 100/20 and exp(-3.5); 2 (25/45) + 2 (25/25) and exp(-14/9).
    check(goodness_of_fit(&bins), 7.0, 2, 0.030_197_383_422_318_5);
    check(contingency(&bins, Correction::Yates), 28.0 / 9.0, 2, 0.211_072_087_791_090_3);
    check(contingency(&bins, Correction::None), 28.0 / 9.0, 2, 0.211_072_087_791_090_3);
}

#[test]
fn two_categories_as_scipy_has_them() {
    let bins = bins(&[60, 40], &[50, 50]);
    let yates = contingency(&bins, Correction::Yates).unwrap();
    near(yates.statistic, 1.636_363_636_363_636_4, 1e-12);
    close(yates.p, 0.200_825_1, 5e-8);
    let plain = contingency(&bins, Correction::None).unwrap();
    near(plain.statistic, 2.020_202_020_202_020_2, 1e-12);
    near(plain.p, 0.155_218_489_684_684, 1e-12);
    let fit = goodness_of_fit(&bins).unwrap();
    close(fit.statistic, 4.166_666_7, 5e-8);
    close(fit.p, 0.041_226_8, 5e-8);
}

#[test]
fn the_tail_as_scipy_has_it() {
    // scipy.stats.chi2.sf
    let cases = [
        (1, 0.5, 0.479_500_122_186_953_37),
        (2, 3.3, 0.192_049_908_620_754_05),
        (5, 100.0, 5.285_148_360_943_219e-20),
        (40, 55.0, 0.057_457_351_676_591_82),
        (1, 1400.0, 2.101_014_516_264_400_3e-306),
        (300, 280.0, 0.790_456_376_081_393),
        (9, 0.0, 1.0),
    ];
    for (freedom, statistic, p) in cases {
        near(p_value(statistic, freedom), p, 1e-11);
    }
    assert_eq!(p_value(f64::INFINITY, 3), 0.0);
    assert_eq!(p_value(0.0, 0), 1.0);
}

#[test]
fn a_category_that_the_reference_has_not_cannot_fit() {
    let fit = goodness_of_fit(&bins(&[50, 50, 0], &[5, 5, 1])).unwrap();
    assert_eq!((fit.statistic, fit.freedom, fit.p), (f64::INFINITY, 2, 0.0));
    assert!(contingency(&bins(&[50, 50, 0], &[5, 5, 1]), Correction::Yates).unwrap().p > 0.0);
}

#[test]
fn one_category_says_nothing() {
    let bins = bins(&[10, 0], &[20, 0]);
    check(goodness_of_fit(&bins), 0.0, 0, 1.0);
    check(contingency(&bins, Correction::Yates), 0.0, 0, 1.0);
}

#[test]
fn a_side_without_rows_has_none() {
    assert_eq!(goodness_of_fit(&bins(&[0, 0], &[1, 2])), None);
    assert_eq!(goodness_of_fit(&bins(&[1, 2], &[0, 0])), None);
    assert_eq!(contingency(&[], Correction::None), None);
}

proptest! {
    #[test]
    fn contingency_is_symmetric_and_its_p_a_probability(
        pairs in prop::collection::vec((0u64..1 << 20, 0u64..1 << 20), 1..40),
    ) {
        let (a, b): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let both = bins(&a, &b);
        for correction in [Correction::Yates, Correction::None] {
            let Some(there) = contingency(&both, correction) else { continue };
            let back = contingency(&turned(&both), correction).unwrap();
            prop_assert!((0.0..=1.0).contains(&there.p), "{there:?}");
            prop_assert!((there.statistic - back.statistic).abs() <= 1e-9 * there.statistic);
        }
        if let Some(fit) = goodness_of_fit(&both) {
            prop_assert!(fit.statistic >= 0.0 && (0.0..=1.0).contains(&fit.p), "{fit:?}");
        }
    }

    #[test]
    fn the_same_shares_fit(counts in prop::collection::vec(1u64..1 << 20, 2..40)) {
        let twice: Vec<u64> = counts.iter().map(|count| 2 * count).collect();
        let both = bins(&counts, &twice);
        prop_assert!(goodness_of_fit(&both).unwrap().p > 0.999_999);
        prop_assert!(contingency(&both, Correction::Yates).unwrap().p > 0.999_999);
    }
}
