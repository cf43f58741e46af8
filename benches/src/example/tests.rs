//! The rows against what the example's README and `request.json` say of them.

use super::{Example, FEATURES};

#[test]
fn rows_are_those_of_the_readme() {
    let example = Example::read();
    assert_eq!(example.rows(), 5000);
    assert_eq!(example.v2.len(), 5000);
    assert_eq!(example.values.len(), 5000 * FEATURES);
    // `hour_of_day`, column 3, is a whole number from 0 to 23 and never missing.
    let hours = example.values.iter().skip(3).step_by(FEATURES);
    assert!(hours.clone().all(|hour| (0.0..24.0).contains(hour) && hour.fract() == 0.0));
    // `device_age_days`, column 16, is missing for payments made in person, column 18.
    for row in example.turns(1) {
        assert_eq!(row[16].is_nan(), row[18] == 1.0, "{row:?}");
    }
}

#[test]
fn turns_are_whole() {
    let example = Example::read();
    assert_eq!(example.turns(32).count(), 156);
    assert!(example.turns(1000).all(|turn| turn.len() == 1000 * FEATURES));
}
