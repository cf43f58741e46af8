//! Signatures become column names; tensors become values in the same order.

use std::sync::Arc;

use collector::{HashKey, Rule, Source};
use model_loader::{Datatype, Signature, TensorSpec};

use super::{CollectSpec, block, check};
use crate::spec::PrivacySpec;

fn spec(name: &str, shape: &[Option<usize>], features: &[&str], classes: &[&str]) -> TensorSpec {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    TensorSpec {
        name: name.to_owned(),
        datatype: Datatype::Fp32,
        shape: shape.to_vec(),
        per_row: shape.first() == Some(&None),
        feature_names: owned(features),
        class_labels: owned(classes),
    }
}

fn columns(side: &str, spec: &TensorSpec) -> Option<Vec<String>> {
    block(side, spec).map(|block| block.columns)
}

#[test]
fn columns_are_named_by_feature_class_or_place() {
    for (side, spec, names) in [
        (
            "in",
            spec("x", &[None, Some(2)], &["amount", "hour"], &[]),
            &["in.amount", "in.hour"][..],
        ),
        ("in", spec("x", &[None, Some(2)], &[], &[]), &["in.x.0", "in.x.1"]),
        ("in", spec("x", &[None, Some(1)], &["amount"], &[]), &["in.amount"]),
        ("in", spec("x", &[None], &["amount"], &[]), &["in.amount"]),
        ("in", spec("amount", &[None], &[], &[]), &["in.amount"]),
        ("in", spec("amount", &[None, Some(1)], &[], &[]), &["in.amount"]),
        ("out", spec("p", &[None, Some(2)], &[], &["no", "yes"]), &["out.p.no", "out.p.yes"]),
        ("out", spec("label", &[None], &[], &[]), &["out.label"]),
        ("out", spec("s", &[None, Some(1)], &[], &[]), &["out.s.0"]),
        ("out", spec("m", &[None, Some(2), Some(1)], &[], &[]), &["out.m.0", "out.m.1"]),
    ] {
        assert_eq!(columns(side, &spec).unwrap(), names, "{spec:?}");
    }
}

#[test]
fn a_fixed_number_of_rows_is_rows_all_the_same() {
    let mut fixed = spec("x", &[Some(4), Some(2)], &[], &[]);
    assert_eq!(columns("in", &fixed), None);
    fixed.per_row = true;
    assert_eq!(columns("in", &fixed).unwrap(), ["in.x.0", "in.x.1"]);
}

#[test]
fn names_that_do_not_fit_the_width_are_not_used() {
    let spec = spec("x", &[None, Some(3)], &["amount", "hour"], &[]);
    assert_eq!(columns("in", &spec).unwrap(), ["in.x.0", "in.x.1", "in.x.2"]);
}

fn source() -> Source {
    let named = |name: &str| name.to_owned();
    Source {
        endpoint: named("e"),
        deployment: named("d"),
        model: named("m"),
        version: named("1"),
        model_digest: named("0"),
        baseline: None,
    }
}

#[test]
fn tensors_without_a_value_per_row_are_left_out() {
    for shape in [&[][..], &[Some(3)], &[Some(1), Some(3)], &[None, None], &[None, Some(100_000)]] {
        assert_eq!(columns("out", &spec("c", shape, &[], &[])), None, "{shape:?}");
    }
    let signature = Signature::new(
        vec![spec("x", &[None, Some(2)], &[], &[])],
        vec![spec("c", &[Some(3)], &[], &[]), spec("y", &[None], &[], &[])],
    );
    let schema = super::row_schema(source(), &signature, &CollectSpec::default(), None).unwrap();
    let widths: Vec<usize> = schema.blocks().iter().map(|block| block.columns.len()).collect();
    assert_eq!(widths, [2, 1]);
}

#[test]
fn a_signature_whose_columns_repeat_is_refused_before_it_is_registered() {
    let outputs = |names: [&str; 2]| names.map(|name| spec(name, &[None], &[], &[])).to_vec();
    let signature = |names| Signature::new(Vec::new(), outputs(names));
    assert_eq!(check(&signature(["y", "z"])), Ok(()));
    assert!(check(&signature(["y", "y"])).unwrap_err().contains("out.y"));
}

#[test]
fn privacy_rules_are_held_against_all_columns_and_applied_to_those_kept() {
    let signature = Signature::new(
        vec![spec("x", &[None, Some(2)], &["amount", "out.hour"], &[])],
        vec![spec("label", &[None], &[], &[])],
    );
    let made = |rules: &[(&str, Rule)], outputs: bool| {
        let rules = rules.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone()));
        let privacy = PrivacySpec { hash_key_file: None, features: rules.collect() };
        let privacy = Some(Arc::new(privacy));
        let keep = CollectSpec { outputs, privacy, ..CollectSpec::default() };
        let key = HashKey::new(b"0123456789abcdef").unwrap();
        super::row_schema(source(), &signature, &keep, Some(&key))
    };
    let names = |rules: &[(&str, Rule)], outputs: bool| {
        let schema = made(rules, outputs).unwrap();
        let names = schema.rules().map(|rules| rules.keys().cloned().collect::<Vec<_>>());
        names.unwrap_or_default()
    };
    let rules = [("amount", Rule::Hash), ("out.label", Rule::Drop)];
    assert_eq!(names(&rules, true), ["in.amount", "out.label"]);
    assert_eq!(names(&rules, false), ["in.amount"]);
    assert_eq!(names(&rules[1..], false), Vec::<String>::new());
    for (unknown, column) in
        [("amuont", "`in.amuont`"), ("out.lable", "`out.lable`"), ("out", "`in.out`")]
    {
        for outputs in [true, false] {
            let error = made(&[(unknown, Rule::Drop)], outputs).unwrap_err().to_string();
            assert!(error.contains(column), "{error}");
        }
    }
}
