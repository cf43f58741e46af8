//! Locks that are not there are mistakes; so are keys and certificates that cannot be read.

use std::fs;

use crate::auth::Scorers;
use crate::config::tests::config;

const KEY: &str = "0123456789abcdef";

fn mistakes(flags: &[&str]) -> Vec<String> {
    config("file:///store", flags).err().unwrap_or_default()
}

#[test]
fn by_default_anyone_scores_and_only_this_machine_administers() {
    let config = config("file:///store", &[]).unwrap();
    assert!(matches!(*config.security.scorers, Scorers::Anyone));
    let admins = &config.security.admins;
    assert!(admins.key.is_none() && !admins.metrics_open && config.admin.ip().is_loopback());
    assert!(config.security.tls.is_none() && config.security.admin_tls.is_none());
}

#[test]
fn the_admin_port_leaves_this_machine_with_a_key_alone() {
    for address in ["0.0.0.0:8002", "[::]:8002", "10.1.2.3:8002"] {
        let mistakes = mistakes(&["--admin", address]);
        assert!(mistakes[0].starts_with("--admin-key-file is needed"), "{mistakes:?}");
        assert_eq!(mistakes.len(), 1);
    }
    assert!(mistakes(&["--admin", "[::1]:8002"]).is_empty());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, KEY).unwrap();
    let flags = ["--admin", "0.0.0.0:8002", "--admin-key-file", file.to_str().unwrap()];
    let config = config("file:///store", &[&flags[..], &["--metrics-open"]].concat()).unwrap();
    let admins = &config.security.admins;
    assert!(admins.key.is_some() && admins.metrics_open);
    assert!(!format!("{config:?}").contains(KEY));
}

#[test]
fn flags_that_would_do_nothing_or_lack_another_are_mistakes() {
    for (flags, culprits) in [
        (&["--auth-primary-key-file=k"][..], &["--auth-primary-key-file is for"][..]),
        (&["--auth-jwks=https://x/keys"], &["--auth-jwks is for --auth jwt"]),
        (&["--auth=keys"], &["--auth-primary-key-file is needed"]),
        (
            &["--auth=keys", "--auth-secondary-key-file=k", "--auth-issuer=i"],
            &["--auth-issuer is for", "--auth-primary-key-file is needed"],
        ),
        (&["--auth=keys", "--auth-primary-key-file=no-such"], &["no-such: No such file"]),
        (
            &["--auth=jwt"],
            &["--auth-issuer is needed", "--auth-audience is needed", "--auth-jwks is needed"],
        ),
        (&["--tls-cert=c"], &["--tls-key is needed"]),
        (&["--tls-key=k"], &["--tls-cert is needed"]),
        (&["--tls-client-ca=c"], &["--tls-client-ca is for"]),
        (&["--admin-tls"], &["--admin-tls is for"]),
        (&["--tls-cert=no-cert", "--tls-key=k", "--admin-tls=true"], &["no-cert: No such file"]),
    ] {
        let mistakes = mistakes(flags);
        for culprit in culprits {
            assert!(mistakes.iter().any(|m| m.contains(culprit)), "{culprit}: {mistakes:?}");
        }
        assert_eq!(mistakes.len(), culprits.len(), "{flags:?}: {mistakes:?}");
    }
}

#[test]
fn signing_keys_come_by_a_way_nobody_can_change() {
    let flags = ["--auth=jwt", "--auth-issuer=https://i/a, https://i/b", "--auth-audience=us"];
    let with = |jwks: &str| mistakes(&[&flags[..], &[&format!("--auth-jwks={jwks}")]].concat());
    for sound in ["https://login.example/keys", "http://127.0.0.1:9/keys", "http://[::1]:9/k"] {
        assert_eq!(with(sound), [""; 0], "{sound}");
    }
    for (unsound, why) in [
        ("http://login.example/keys", "must be https"),
        ("ftp://login.example/keys", "must be https"),
        ("https://user:word@login.example/keys", "password"),
        ("no-such-file.json", "No such file"),
        ("file:///no-such-file.json", "No such file"),
    ] {
        let mistakes = with(unsound);
        assert!(mistakes.len() == 1 && mistakes[0].contains(why), "{unsound}: {mistakes:?}");
        assert!(mistakes[0].starts_with("--auth-jwks "), "{mistakes:?}");
    }
    let empty = ["--auth=jwt", "--auth-issuer=a,,b", "--auth-audience=us"];
    let empty = mistakes(&[&empty[..], &["--auth-jwks=https://x/k"]].concat());
    assert_eq!(empty, ["--auth-issuer has an empty item"]);
}
