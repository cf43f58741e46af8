//! Defaults are what the help says; every mistake is named in one go.

use std::time::Duration;

use clap::Parser;

use super::flags::ServingArgs;
use super::{Config, Defaults, Surroundings, check};
use crate::limits::Limits;
use crate::store::AzureVariables;

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    serving: ServingArgs,
}

/// A configuration from flags, the working folder being `/somewhere`.
pub(super) fn config(store: &str, flags: &[&str]) -> Result<Config, Vec<String>> {
    let typed = Typed::try_parse_from([&["skeg"], flags].concat()).unwrap();
    let around = Surroundings {
        folder: "/somewhere".into(),
        temporary: "/tmp".into(),
        cores: 3,
        host: "replica-1".to_owned(),
        binary: "skeg".into(),
        azure: AzureVariables::default(),
        commit: None,
        actor: "someone".to_owned(),
    };
    check(
        store,
        &typed.serving,
        Defaults { host: [0, 0, 0, 0], roll_age: "60s", model_control: false },
        &around,
    )
}

#[test]
fn defaults_are_sound() {
    let config = config("file:///var/lib/skeg", &[]).unwrap();
    assert_eq!(config.http.to_string(), "0.0.0.0:8000");
    assert_eq!(config.admin.to_string(), "127.0.0.1:8002");
    assert_eq!(config.workers, 3);
    assert_eq!(config.limits.body_bytes, 64 << 20);
    assert_eq!(config.limits.connections_per_worker, 5462);
    assert_eq!(config.drain_delay, Duration::from_secs(5));
    assert_eq!(config.replica.as_ref(), "replica-1");
    assert_eq!(config.store.to_string(), "/var/lib/skeg");
}

#[test]
fn flags_win_over_defaults() {
    let flags = ["--http", "127.0.0.1:0", "--workers", "1", "--roll-age", "250ms"];
    let config = config("store", &[&flags[..], &["--drain-delay", "0s"]].concat()).unwrap();
    assert_eq!(config.http.to_string(), "127.0.0.1:0");
    assert_eq!(config.workers, 1);
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.roll.age, Duration::from_millis(250));
    assert!(config.drain_delay.is_zero());
    assert_eq!(config.store.to_string(), "/somewhere/store");
}

#[test]
fn every_mistake_is_reported_at_once() {
    let flags = [
        ["--http", "nowhere"],
        ["--admin", "127.0.0.1:99999"],
        ["--workers", "0"],
        ["--forest-kernel", "quick"],
        ["--body-limit", "64MB"],
        ["--body-memory", "-1"],
        ["--header-limit", "0"],
        ["--header-count", "5000"],
        ["--handshake-timeout", "0s"],
        ["--idle-timeout", "0s"],
        ["--header-timeout", "soon"],
        ["--write-timeout", "0s"],
        ["--json-depth", "501"],
        ["--rows-limit", "many"],
        ["--elements-limit", "0"],
        ["--auth", "basic"],
        ["--admin-key-file", "no-such-file"],
        ["--metrics-open", "perhaps"],
        ["--tls-client-ca", "ca.pem"],
        ["--body-timeout", "-1s"],
        ["--connections", "0"],
        ["--roll-age", "1ns"],
        ["--roll-rows", "18446744073709551615"],
        ["--shutdown-budget", "9223372036854775807s"],
        ["--replica", "a/b"],
        ["--endpoints", "missing"],
        ["--azureml-workspace", "my-workspace"],
    ];
    let typed: Vec<&str> = flags.iter().map(|[flag, _]| *flag).collect();
    let flags: Vec<String> = flags.iter().map(|[flag, value]| format!("{flag}={value}")).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mistakes = config("s3://bucket", &flags).unwrap_err();
    for name in typed.iter().chain(&["s3"]) {
        assert!(mistakes.iter().any(|mistake| mistake.contains(name)), "{name}: {mistakes:?}");
    }
    assert_eq!(mistakes.len(), typed.len() + 1, "one each: {mistakes:?}");
}

#[test]
fn a_workspace_is_an_arm_id() {
    let good = "/subscriptions/0000-11/resourceGroups/my_group.(1)/providers\
        /Microsoft.MachineLearningServices/workspaces/ws-1";
    let given = |id: &str| config("store", &["--azureml-workspace", id]);
    assert_eq!(given(good).unwrap().azureml.as_deref(), Some(good));
    assert!(given(&good.to_lowercase()).is_ok());
    assert_eq!(config("store", &[]).unwrap().azureml, None);
    let wrong = [
        "",
        "ws-1",
        &good[1..],
        &format!("{good}/"),
        &format!("{good}/onlineEndpoints/e"),
        &good.replace("0000-11", ""),
        &good.replace("ws-1", "a b"),
        &good.replace("ws-1", "a\"b"),
        &good.replace("workspaces", "registries"),
    ];
    for id in wrong {
        let mistakes = given(id).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with("--azureml-workspace "), "{id}");
    }
}
