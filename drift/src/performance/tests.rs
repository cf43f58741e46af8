//! The golden files that the tests of the modules read.

use serde_json::Value;

/// A part of `make_performance.py`'s output.
pub(super) fn golden(part: &str) -> Value {
    let file = include_str!("../../tests/golden/performance.json");
    let all: Value = serde_json::from_str(file).unwrap();
    all[part].clone()
}

/// The cases of `make_detectors.py`.
pub(super) fn streams() -> Vec<Value> {
    let file = include_str!("../../tests/golden/detectors.json");
    let all: Value = serde_json::from_str(file).unwrap();
    all["cases"].as_array().unwrap().clone()
}

/// Runs a detector over each stream and compares where it fires with what river said.
pub(super) fn fires_where_river_does<D>(
    what: &str,
    make: impl Fn() -> D,
    update: impl Fn(&mut D, f64) -> bool,
) {
    let mut compared = 0;
    for case in streams() {
        let mut detector = make();
        let values = scaled(&case, "values");
        let fired = values.iter().enumerate().filter(|(_, value)| update(&mut detector, **value));
        let fired: Vec<_> = fired.map(|(index, _)| index).collect();
        assert_eq!(serde_json::json!(fired), case[what], "{what} on {}", case["name"]);
        compared += 1;
    }
    assert_eq!(compared, 11);
}

/// The integers of a case, as an array or as a text of digits, divided by its scale.
pub(super) fn scaled(case: &Value, key: &str) -> Vec<f64> {
    let scale = case["scale"].as_f64().unwrap();
    integers(&case[key]).iter().map(|value| value / scale).collect()
}

/// Integers, as an array or as a text of digits.
pub(super) fn integers(value: &Value) -> Vec<f64> {
    match value {
        Value::String(digits) => {
            digits.chars().map(|c| f64::from(c.to_digit(10).unwrap())).collect()
        }
        _ => floats(value),
    }
}

pub(super) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Asserts that a number is there where one is expected, and is it to 1e-12.
pub(super) fn close(got: Option<f64>, expected: Option<f64>, what: &str) {
    near(got, expected, 1e-12, what);
}

pub(super) fn near(got: Option<f64>, expected: Option<f64>, within: f64, what: &str) {
    let same = match (got, expected) {
        (Some(got), Some(expected)) => (got - expected).abs() <= within,
        (got, expected) => got == expected,
    };
    assert!(same, "{what}: {got:?}, expected {expected:?}");
}
