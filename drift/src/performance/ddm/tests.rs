//! DDM against river 0.26.1, index by index; see `make_detectors.py`.

use serde_json::json;

use super::{Ddm, DdmLevel};
use crate::performance::tests::{scaled, streams};

/// Indices at which warnings start, and of drifts.
fn levels(errors: &[f64]) -> (Vec<usize>, Vec<usize>) {
    let mut detector = Ddm::default();
    let (mut warnings, mut drifts, mut before) = (Vec::new(), Vec::new(), DdmLevel::Stable);
    for (index, error) in errors.iter().enumerate() {
        let level = detector.update(*error == 1.0);
        match level {
            DdmLevel::Warning if before != DdmLevel::Warning => warnings.push(index),
            DdmLevel::Drift => drifts.push(index),
            DdmLevel::Stable | DdmLevel::Warning => {}
        }
        before = level;
    }
    (warnings, drifts)
}

#[test]
fn warns_and_fires_where_river_does() {
    let binary: Vec<_> = streams().into_iter().filter(|case| !case["ddm"].is_null()).collect();
    assert_eq!(binary.len(), 6);
    for case in binary {
        let (warnings, drifts) = levels(&scaled(&case, "values"));
        assert_eq!(json!(warnings), case["ddm"]["warnings"], "{}", case["name"]);
        assert_eq!(json!(drifts), case["ddm"]["drifts"], "{}", case["name"]);
    }
}

#[test]
fn the_stream_of_rivers_doc_string() {
    let (warnings, drifts) = levels(&scaled(&streams()[1], "values"));
    assert_eq!((warnings[0], drifts), (1084, vec![1334]));
}
