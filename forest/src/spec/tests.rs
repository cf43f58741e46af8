//! Names of modes and aggregates, and thresholds narrowed without changing a decision.

use proptest::prelude::*;

use super::*;

#[test]
fn names_are_those_of_onnx() {
    assert_eq!(Mode::from_name("BRANCH_GTE"), Ok(Mode::Gte));
    assert_eq!(Mode::from_name("LEAF"), Ok(Mode::Leaf));
    assert_eq!(Aggregate::from_name("AVERAGE"), Ok(Aggregate::Average));
    let error = Mode::from_name("BRANCH_MEMBER").unwrap_err();
    assert_eq!(error.to_string(), "unknown node mode `BRANCH_MEMBER`");
    assert!(Aggregate::from_name("sum").is_err());
}

fn decide(mode: Mode, value: f64, threshold: f64) -> bool {
    match mode {
        Mode::Leq => value <= threshold,
        Mode::Lt => value < threshold,
        Mode::Gte => value >= threshold,
        Mode::Gt => value > threshold,
        Mode::Eq => value == threshold,
        Mode::Neq => value != threshold,
        Mode::Leaf => false,
    }
}

proptest! {
    /// Values are taken around the threshold, where rounding could tip the decision.
    #[test]
    fn a_narrowed_threshold_decides_every_float_as_the_double_does(
        threshold in prop_oneof![any::<f64>(), -2.0..2.0f64, -1e39..1e39f64],
        steps in -2..3i32,
        other in any::<f32>(),
    ) {
        let mut near = threshold as f32;
        for _ in 0..steps.abs() {
            near = if steps < 0 { near.next_down() } else { near.next_up() };
        }
        for mode in [Mode::Leq, Mode::Lt, Mode::Gte, Mode::Gt, Mode::Eq, Mode::Neq] {
            let narrowed = f64::from(mode.narrow(threshold));
            for value in [near, other, 0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
                let value = f64::from(value);
                prop_assert_eq!(
                    decide(mode, value, threshold),
                    decide(mode, value, narrowed),
                    "{:?}: {} against {} and {}", mode, value, threshold, narrowed
                );
            }
        }
    }
}
