//! Metrics of many classes against scikit-learn 1.9.1 (`make_performance.py`), and their laws.

use proptest::prelude::*;
use serde_json::json;

use super::{ClassTally, MAX_CLASSES, MAX_NAME};
use crate::Error;
use crate::performance::tests::{close, golden};

fn tally<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> ClassTally {
    let mut tally = ClassTally::default();
    rows.into_iter().for_each(|(prediction, label)| tally.add(prediction, label).unwrap());
    tally
}

#[test]
fn as_scikit_learn() {
    let case = golden("classes");
    let letters = |key: &str| case[key].as_str().unwrap().to_owned();
    let (predictions, labels) = (letters("predictions"), letters("labels"));
    let rows = (0..labels.len()).map(|i| (&predictions[i..=i], &labels[i..=i]));
    let metrics = tally(rows).metrics();
    assert_eq!(metrics.rows, 200);
    assert_eq!(json!(metrics.confusion), case["confusion"]);
    close(metrics.accuracy, case["accuracy"].as_f64(), "accuracy");
    close(metrics.macro_precision, case["macro"][0].as_f64(), "macro precision");
    close(metrics.macro_recall, case["macro"][1].as_f64(), "macro recall");
    close(metrics.macro_f1, case["macro"][2].as_f64(), "macro f1");
    let names: String = metrics.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, letters("names"));
    for (index, class) in metrics.classes.iter().enumerate() {
        close(class.precision, case["precision"][index].as_f64(), &class.name);
        close(class.recall, case["recall"][index].as_f64(), &class.name);
        close(Some(class.f1), case["f1"][index].as_f64(), &class.name);
    }
    // One class is never predicted and one is no label.
    assert_eq!((metrics.classes[3].predictions, metrics.classes[3].precision), (0, None));
    assert_eq!((metrics.classes[4].labels, metrics.classes[4].recall), (0, None));
}

#[test]
fn nothing_is_defined_without_a_row() {
    let metrics = ClassTally::default().metrics();
    assert_eq!((metrics.rows, metrics.accuracy, metrics.macro_f1), (0, None, None));
    assert_eq!((metrics.macro_precision, metrics.macro_recall), (None, None));
    assert!(metrics.classes.is_empty() && metrics.confusion.is_empty());
}

#[test]
fn names_and_classes_are_bounded() {
    let mut tally = ClassTally::default();
    for class in 0..MAX_CLASSES / 2 {
        tally.add(&format!("said {class}"), &format!("is {class}")).unwrap();
    }
    let full = tally.clone();
    tally.add("said 1", "is 0").unwrap();
    for (prediction, label) in [("new", "is 0"), ("said 0", "new"), ("new", "new")] {
        let mut refused = full.clone();
        let error = refused.add(prediction, label).unwrap_err();
        assert!(matches!(error, Error::TooLarge { what: "classes", got: 257, .. }), "{error}");
        assert_eq!(refused, full);
    }
    let mut refused = full.clone();
    // The first would fit.
    assert!(refused.merge(&self::tally([("said 0", "is 0"), ("too many", "is 0")])).is_err());
    assert_eq!(refused, full);

    let mut tally = ClassTally::default();
    assert!(tally.add(&"x".repeat(MAX_NAME + 1), "y").is_err());
    assert!(tally.add("y", &"x".repeat(MAX_NAME + 1)).is_err());
    assert_eq!(tally, ClassTally::default());
    tally.add(&"x".repeat(MAX_NAME), "y").unwrap();
}

proptest! {
    #[test]
    fn any_parts_in_any_order_are_the_whole(
        rows in proptest::collection::vec(("[a-d]", "[a-d]", 0..3_u8), 0..100)
    ) {
        let of = |part: Option<u8>| {
            let rows = rows.iter().filter(move |(.., p)| part.is_none_or(|part| part == *p));
            tally(rows.map(|(prediction, label, _)| (prediction.as_str(), label.as_str())))
        };
        let mut merged = of(Some(1));
        merged.merge(&of(Some(2))).unwrap();
        merged.merge(&of(Some(0))).unwrap();
        prop_assert_eq!(merged, of(None));
    }
}
