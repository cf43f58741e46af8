//! Where a key may stand in a head.

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::{authorize, presented};
use crate::auth::Admins;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)));
    pairs.collect()
}

#[test]
fn a_bearer_is_what_stands_behind_the_word() {
    for (value, expected) in [
        ("Bearer key", Some("key")),
        ("bearer  key ", Some("key")),
        ("BEARER key", Some("key")),
        ("Bearer", None),
        ("Bearer ", Some("")),
        ("Basic a2V5", None),
        ("Bearerkey", None),
        ("", None),
    ] {
        let headers = headers(&[("authorization", value)]);
        let found = presented(&headers).bearer.map(|s| s.reveal());
        assert_eq!(found, expected.map(str::as_bytes), "{value:?}");
    }
    let mut odd = HeaderMap::new();
    odd.insert(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff\xfe").expect("a value"));
    assert_eq!(presented(&odd).bearer.map(|s| s.reveal()), Some(&b"\xff\xfe"[..]));
}

#[test]
fn without_a_key_only_pages_of_this_machine_may_administer() {
    let admins = Admins { key: None, metrics_open: false };
    assert!(authorize(&admins, &HeaderMap::new()).is_ok());
    for (origin, welcome) in [
        ("http://127.0.0.1:8002", true),
        ("http://localhost:8002", true),
        ("http://[::1]:8002", true),
        ("https://example.com", false),
        ("http://127.0.0.1.example.com", false),
        ("null", false),
        ("", false),
    ] {
        let admitted = authorize(&admins, &headers(&[("origin", origin)]));
        assert_eq!(admitted.is_ok(), welcome, "{origin}");
    }
}
