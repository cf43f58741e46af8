//! StringNormalizer, with the answers of ONNX Runtime 1.32 in a UTF-8 locale.

use super::*;
use crate::Tensor;
use crate::onnx::operators::testing::{int, node, run, string, strings, texts};

fn normalized(case: &str, sensitive: i64, stop: &[&str], input: Tensor) -> Result<Tensor> {
    let node = string(node("StringNormalizer"), "case_change_action", case);
    let node = strings(int(node, "is_case_sensitive", sensitive), "stopwords", stop);
    Ok(run(string_normalizer, &node, &[input])?.remove(0))
}

#[test]
fn stop_words_go_and_case_changes_letter_by_letter() {
    let row = || texts(&[4], &["Mon", "tue", "É", "ß"]);
    let upper = normalized("UPPER", 0, &["mon"], row()).unwrap();
    assert_eq!(upper, texts(&[3], &["TUE", "É", "ß"]));
    let lower = normalized("LOWER", 1, &["mon"], row()).unwrap();
    assert_eq!(lower, texts(&[4], &["mon", "tue", "é", "ß"]));
    let days = texts(&[1, 3], &["Mon", "tue", "MON"]);
    assert_eq!(normalized("NONE", 0, &["mon"], days).unwrap(), texts(&[1, 1], &["tue"]));
    let odd = texts(&[6], &["İ", "ŉ", "ﬁ", "Σς", "ǅ", "ÿµı"]);
    let upper = normalized("UPPER", 1, &[], odd).unwrap();
    assert_eq!(upper, texts(&[6], &["İ", "ŉ", "ﬁ", "ΣΣ", "Ǆ", "ŸΜI"]));
    let odd = texts(&[4], &["İ", "ΣΑΣ", "Ǆ", "ẞ"]);
    let lower = normalized("LOWER", 1, &[], odd).unwrap();
    assert_eq!(lower, texts(&[4], &["i", "σασ", "ǆ", "ß"]));
}

#[test]
fn an_empty_result_is_one_empty_string() {
    let all = normalized("UPPER", 1, &["Mon", "tue"], texts(&[2], &["Mon", "tue"])).unwrap();
    assert_eq!(all, texts(&[1], &[""]));
    let kept = normalized("NONE", 0, &["x"], texts(&[1, 2], &["", "x"])).unwrap();
    assert_eq!(kept, texts(&[1, 1], &[""]));
}

#[test]
fn other_shapes_are_refused() {
    for (shape, words) in [(&[2, 1][..], &["a", "b"][..]), (&[0], &[]), (&[], &["a"])] {
        assert!(normalized("NONE", 0, &[], texts(shape, words)).is_err(), "{shape:?}");
    }
}
