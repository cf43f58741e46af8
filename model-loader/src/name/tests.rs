//! Which texts are names and references, and that nothing is rewritten.

use std::collections::BTreeMap;

use super::{ModelRef, Name};
use crate::error::Error;

fn reason(result: Result<impl std::fmt::Debug, Error>) -> (String, &'static str) {
    match result {
        Err(Error::Name { given, reason }) => (given, reason),
        other => panic!("not refused as a name: {other:?}"),
    }
}

#[test]
fn names_are_kept_as_given() {
    let longest = "a".repeat(64);
    for text in ["fraud", "1", "0001", "A.b_c-9", "v1.", "x--", longest.as_str()] {
        let name: Name = text.parse().unwrap();
        assert_eq!(name.to_string(), text);
        assert_eq!(name.as_ref(), text);
    }
}

#[test]
fn what_is_no_name_is_refused() {
    let too_long = "a".repeat(65);
    let cases = [
        ("", "empty"),
        (too_long.as_str(), "at most 64"),
        (".", "starts with"),
        ("..", "starts with"),
        ("-x", "starts with"),
        ("_x", "starts with"),
        ("ümlaut", "starts with"),
        ("a/b", "only letters"),
        ("a\\b", "only letters"),
        ("a b", "only letters"),
        ("a\n", "only letters"),
        ("a%2F", "only letters"),
        ("a:b", "only letters"),
        ("fraüd", "only letters"),
        ("a\0", "only letters"),
    ];
    for (text, rule) in cases {
        let (given, reason) = reason(text.parse::<Name>());
        assert_eq!(given, text);
        assert!(reason.contains(rule), "{text:?}: {reason}");
    }
}

#[test]
fn a_refusal_repeats_only_the_start_of_a_huge_name() {
    let (given, _) = reason("é".repeat(1_000_000).parse::<Name>());
    assert_eq!(given.chars().count(), 80);
}

#[test]
fn references_parse_and_print_alike() {
    let model: ModelRef = "fraud:1".parse().unwrap();
    assert_eq!((model.model.as_ref(), model.version.as_ref()), ("fraud", "1"));
    assert_eq!(model.to_string(), "fraud:1");
}

#[test]
fn broken_references_are_refused() {
    let cases = [
        ("fraud", "model:version"),
        ("", "model:version"),
        ("fraud@champion", "one version is meant here"),
        ("fraud:", "empty"),
        (":1", "empty"),
        ("fraud:1:2", "only letters"),
        ("fraud:1@x", "only letters"),
        ("../x:1", "starts with"),
    ];
    for (text, rule) in cases {
        let (_, reason) = reason(text.parse::<ModelRef>());
        assert!(reason.contains(rule), "{text:?}: {reason}");
    }
}

#[test]
fn names_in_json_are_checked_and_maps_are_asked_with_text() {
    let name: Name = serde_json::from_str("\"fraud\"").unwrap();
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"fraud\"");
    assert!(serde_json::from_str::<Name>("\"a/b\"").is_err());
    assert!(serde_json::from_str::<Name>("7").is_err());
    assert_eq!(BTreeMap::from([(name, 7)]).get("fraud"), Some(&7));
}
