//! StringConcat and StringSplit, with the answers of ONNX Runtime 1.32.

use super::*;
use crate::onnx::operators::testing::{int, node, run, string, t, texts};

#[test]
fn concat_broadcasts() {
    let join = |a, b| run(concat, &node("StringConcat"), &[a, b]);
    let wide = join(texts(&[2], &["a", "b"]), texts(&[1], &["c"])).unwrap();
    assert_eq!(wide[0], texts(&[2], &["ac", "bc"]));
    let scalar = join(texts(&[], &["a"]), texts(&[], &["b"])).unwrap();
    assert_eq!(scalar[0], texts(&[], &["ab"]));
    assert!(join(texts(&[2], &["a", "b"]), texts(&[3], &["", "", ""])).is_err());
}

#[test]
fn split_on_runs_of_spaces() {
    let plain = node("StringSplit");
    let parts = run(split, &plain, &[texts(&[3], &["a b  c ", " x", ""])]).unwrap();
    assert_eq!(parts[0], texts(&[3, 3], &["a", "b", "c", "x", "", "", "", "", ""]));
    assert_eq!(parts[1], t(&[3], &[3_i64, 1, 0]));
    let parts = run(split, &plain, &[texts(&[1], &["a\tb\n"])]).unwrap();
    assert_eq!(parts[0], texts(&[1, 1], &["a\tb\n"]));
    let parts = run(split, &plain, &[texts(&[2], &["", "  "])]).unwrap();
    assert_eq!((parts[0].shape(), &parts[1]), (&[2, 0][..], &t(&[2], &[0_i64, 0])));
    let parts = run(split, &plain, &[texts(&[0, 3], &[])]).unwrap();
    assert_eq!((parts[0].shape(), parts[1].shape()), (&[0, 3, 0][..], &[0, 3][..]));
}

#[test]
fn splits_may_be_few() {
    let first = |text: &str, max: i64, delimiter: &str| {
        let node = string(int(node("StringSplit"), "maxsplit", max), "delimiter", delimiter);
        run(split, &node, &[texts(&[], &[text])]).unwrap().remove(0)
    };
    assert_eq!(first(" a  b c  ", 0, ""), texts(&[1], &["a  b c"]));
    assert_eq!(first(" a  b c  ", 1, ""), texts(&[2], &["a", "b c"]));
    assert_eq!(first("a b c", -1, ""), texts(&[3], &["a", "b", "c"]));
    assert_eq!(first("a,b,", 1, ","), texts(&[2], &["a", "b,"]));
    assert_eq!(first("a,b,", 2, ","), texts(&[3], &["a", "b", ""]));
    assert_eq!(first("a--b--c", 1, "--"), texts(&[2], &["a", "b--c"]));
    assert_eq!(first(",", 2, ","), texts(&[2], &["", ""]));
    assert_eq!(first("", 2, ",").shape(), [0]);
}
