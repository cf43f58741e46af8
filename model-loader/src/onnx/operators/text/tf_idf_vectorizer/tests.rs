//! TfIdfVectorizer, with the answers of ONNX Runtime 1.32.

use tract_onnx::pb::NodeProto;

use super::*;
use crate::onnx::operators::testing::{floats, int, ints, node, run, string, strings, t, texts};

/// `lengths`: of the shortest and longest n-gram, and the skips.
fn vectorizer(mode: &str, lengths: [i64; 3], counts: &[i64], columns: &[i64]) -> NodeProto {
    let node = string(node("TfIdfVectorizer"), "mode", mode);
    let node = int(int(node, "min_gram_length", lengths[0]), "max_gram_length", lengths[1]);
    let node = ints(int(node, "max_skip_count", lengths[2]), "ngram_counts", counts);
    ints(node, "ngram_indexes", columns)
}

/// The pool of the examples of the ONNX text.
fn example(mode: &str, lengths: [i64; 3]) -> NodeProto {
    let node = vectorizer(mode, lengths, &[0, 4], &[0, 1, 2, 3, 4, 5, 6]);
    ints(node, "pool_int64s", &[2, 3, 5, 4, 5, 6, 7, 8, 6, 7])
}

const ROW: [i64; 12] = [1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8];

#[test]
fn modes_weigh_counts() {
    let weights = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
    let weighted = |mode| {
        let node = floats(example(mode, [1, 2, 0]), "weights", &weights);
        run(tf_idf_vectorizer, &node, &[t(&[12], &ROW)]).unwrap().remove(0)
    };
    assert_eq!(weighted("TF"), t(&[7], &[0.0_f32, 3.0, 1.0, 0.0, 1.0, 1.0, 1.0]));
    assert_eq!(weighted("IDF"), t(&[7], &[0.0_f32, 0.2, 0.3, 0.0, 0.5, 0.6, 0.7]));
    assert_eq!(weighted("TFIDF"), t(&[7], &[0.0_f32, 0.6, 0.3, 0.0, 0.5, 0.6, 0.7]));
}

#[test]
fn skips_and_rows() {
    let skips = example("TF", [2, 2, 5]);
    let one = run(tf_idf_vectorizer, &skips, &[t(&[12], &ROW)]).unwrap();
    assert_eq!(one[0], t(&[7], &[0.0_f32, 0.0, 0.0, 0.0, 1.0, 3.0, 1.0]));
    let two = run(tf_idf_vectorizer, &skips, &[t(&[2, 6], &ROW)]).unwrap();
    let expected = [0.0_f32, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    assert_eq!(two[0], t(&[2, 7], &expected));
    let pool = [1, 2, 1, 2];
    let single = ints(vectorizer("TF", [1, 2, 2], &[0, 2], &[0, 1, 2]), "pool_int64s", &pool);
    let counted = run(tf_idf_vectorizer, &single, &[t(&[4], &[1_i32, 2, 1, 2])]).unwrap();
    assert_eq!(counted[0], t(&[3], &[2.0_f32, 2.0, 3.0]));
}

#[test]
fn columns_may_be_shared_or_sparse() {
    let made = |mode, columns: &[i64], weights: &[f32], row: &[i64]| {
        let node = ints(vectorizer(mode, [1, 1, 0], &[0], columns), "pool_int64s", &[1, 2]);
        let node = floats(node, "weights", weights);
        run(tf_idf_vectorizer, &node, &[t(&[row.len()], row)]).unwrap().remove(0)
    };
    assert_eq!(made("TF", &[0, 3], &[], &[1, 2]), t(&[4], &[1.0_f32, 0.0, 0.0, 1.0]));
    assert_eq!(made("TF", &[0, 0], &[], &[1, 2, 2]), t(&[1], &[3.0_f32]));
    assert_eq!(made("IDF", &[0, 0], &[2.0, 3.0], &[1, 2, 2]), t(&[1], &[3.0_f32]));
    assert_eq!(made("IDF", &[0, 0], &[2.0, 3.0], &[2, 2, 1]), t(&[1], &[2.0_f32]));
    assert_eq!(made("TFIDF", &[0, 0], &[2.0, 3.0], &[1, 2, 2]), t(&[1], &[8.0_f32]));
    assert_eq!(made("TFIDF", &[1, 0], &[2.0, 3.0], &[1, 2, 2]), t(&[2], &[6.0_f32, 2.0]));
    assert_eq!(made("TF", &[0, 1], &[], &[]), t(&[2], &[0.0_f32, 0.0]));
}

#[test]
fn strings_have_a_pool_too() {
    let node = vectorizer("TF", [1, 2, 0], &[0, 2], &[1, 0, 3]);
    let node = strings(node, "pool_strings", &["a", "b", "a", "b"]);
    let counted = run(tf_idf_vectorizer, &node, &[texts(&[4], &["a", "b", "a", "c"])]).unwrap();
    assert_eq!(counted[0], t(&[4], &[1.0_f32, 2.0, 0.0, 1.0]));
    assert!(run(tf_idf_vectorizer, &node, &[t(&[1], &[1_i64])]).is_err());
}

#[test]
fn pools_that_do_not_fit_are_refused() {
    let refused = |node: NodeProto, pool: &[i64]| {
        let node = ints(node, "pool_int64s", pool);
        run(tf_idf_vectorizer, &node, &[t(&[1], &[1_i64])]).unwrap_err().to_string()
    };
    let twice = refused(vectorizer("TF", [1, 1, 0], &[0], &[0, 1]), &[2, 2]);
    assert_eq!(twice, "n-gram 1 of the pool is there twice");
    refused(vectorizer("TF", [1, 3, 0], &[0, 2], &[0, 1, 2]), &[1, 2, 1, 2]);
    refused(vectorizer("TF", [1, 1, 0], &[5], &[0]), &[1]);
    refused(vectorizer("TF", [1, 1, 0], &[0], &[-1]), &[1]);
    refused(vectorizer("TF", [1, 1, 0], &[0], &[i64::MAX]), &[1]);
    refused(vectorizer("TF", [1, 2, 0], &[1, 0], &[0]), &[1]);
    refused(vectorizer("TF", [0, 1, 0], &[0], &[0]), &[1]);
    refused(vectorizer("none", [1, 1, 0], &[0], &[0]), &[1]);
    let node = ints(vectorizer("TF", [1, 1, 0], &[0], &[0]), "pool_int64s", &[1]);
    assert!(run(tf_idf_vectorizer, &node, &[t(&[0, 2], &[] as &[i64])]).is_err());
}
