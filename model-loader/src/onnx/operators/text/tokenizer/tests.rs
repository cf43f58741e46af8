//! Answers of ONNX Runtime 1.32 to the same texts.

use super::*;
use crate::Tensor;
use crate::onnx::operators::testing::{int, node, run, string, strings, texts};

fn tokens(mark: i64, at_least: i64, how: (&str, &[&str]), input: &[&str]) -> Tensor {
    let node = string(node("Tokenizer"), "pad_value", "#");
    let node = int(int(node, "mark", mark), "mincharnum", at_least);
    let node = match how {
        ("tokenexp", [expression]) => string(node, "tokenexp", expression),
        (name, list) => strings(node, name, list),
    };
    run(tokenizer, &node, &[texts(&[input.len()], input)]).unwrap().remove(0)
}

#[test]
fn an_expression_picks_tokens() {
    let words: (&str, &[&str]) = ("tokenexp", &["[a-zA-Z0-9_]+"]);
    let input = ["ab cd, é", "", "xyz"];
    let plain = texts(&[3, 2], &["ab", "cd", "#", "#", "xyz", "#"]);
    assert_eq!(tokens(0, 1, words, &input), plain);
    let (start, end) = ("\u{2}", "\u{3}");
    let marked = [start, "ab", "cd", end, start, end, "#", "#", start, "xyz", end, "#"];
    assert_eq!(tokens(1, 1, words, &input), texts(&[3, 4], &marked));
    let long = texts(&[3, 2], &["ab", "cd", "#", "#", "xyz", "#"]);
    assert_eq!(tokens(0, 2, words, &["ab cd a", "", "xyz"]), long);
    assert_eq!(tokens(1, 1, words, &["", "--"]), texts(&[2, 0], &[]));
}

#[test]
fn separators_cut_one_after_the_other() {
    let cut = tokens(0, 1, ("separators", &[",", ";"]), &["ab,cd;e", "a;;b"]);
    assert_eq!(cut, texts(&[2, 3], &["ab", "cd", "e", "a", "b", "#"]));
    let letters = tokens(0, 1, ("separators", &[""]), &["abéd", "x"]);
    assert_eq!(letters, texts(&[2, 4], &["a", "b", "é", "d", "x", "#", "#", "#"]));
}

#[test]
fn an_expression_that_is_too_large_is_refused() {
    let node = string(int(node("Tokenizer"), "mincharnum", 1), "pad_value", "#");
    let node = string(node, "tokenexp", "((a{100}){100}){100}");
    let error = run(tokenizer, &node, &[texts(&[1], &["a"])]).unwrap_err();
    assert!(error.to_string().contains("expression"), "{error}");
}
