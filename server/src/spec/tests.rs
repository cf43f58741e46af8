//! Good specs are read; bad ones name every mistake.

use super::parse;

const GOOD: &str = "
name: fraud
deployments:
  green: {model: 'fraud:1'}
  blue: {model: 'fraud:2'}
traffic: {green: 90, blue: 10}
";

#[test]
fn a_good_spec_is_read() {
    let spec = parse(GOOD).unwrap();
    assert_eq!(spec.name.as_ref(), "fraud");
    let seats: Vec<_> = spec
        .deployments
        .iter()
        .map(|d| (d.name.to_string(), d.model.to_string(), d.weight.ratio()))
        .collect();
    let blue = ("blue".to_owned(), "fraud:2".to_owned(), 0.1);
    let green = ("green".to_owned(), "fraud:1".to_owned(), 0.9);
    assert_eq!(seats, [blue, green]);
}

#[test]
fn a_deployment_without_traffic_has_none() {
    let spec = parse(&GOOD.replace("green: 90, blue: 10", "green: 100")).unwrap();
    assert_eq!(spec.deployments[0].weight.ratio(), 0.0);
}

#[test]
fn a_drained_endpoint_is_legal() {
    assert!(parse(&GOOD.replace("green: 90, blue: 10", "green: 0, blue: 0")).is_ok());
}

#[test]
fn every_mistake_is_reported_at_once() {
    let bad = "
name: '-fraud'
deployments:
  green: {model: fraud}
  'bl ue': {model: 'fraud:1'}
traffic: {green: 101, red: 5}
";
    let mistakes = parse(bad).unwrap_err();
    for key in [
        "name:",
        "deployments.green.model:",
        "deployments.bl ue:",
        "traffic.green:",
        "traffic.red:",
    ] {
        assert!(mistakes.iter().any(|m| m.starts_with(key)), "{key} not in {mistakes:?}");
    }
}

#[test]
fn weights_must_sum_to_a_hundred() {
    let mistakes = parse(&GOOD.replace("90", "80")).unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].contains("sum to 90 %"), "{mistakes:?}");
}

#[test]
fn unknown_and_repeated_keys_are_refused_by_name() {
    for (bad, key) in [
        (GOOD.to_owned() + "mirror: {blue: 20}\n", "mirror"),
        (GOOD.replace("{model: 'fraud:1'}", "{model: 'fraud:1', modle: x}"), "modle"),
        (GOOD.to_owned() + "name: again\n", "name"),
    ] {
        let mistakes = parse(&bad).unwrap_err();
        assert!(mistakes[0].contains(key), "{key} not in {mistakes:?}");
    }
    assert!(parse("").is_err());
    assert!(parse("[1, 2]").is_err());
}
