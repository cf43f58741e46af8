//! What the flags take.

use super::{asset, tag, text};

#[test]
fn a_data_asset_has_a_name_a_version_and_perhaps_a_digest() {
    let plain = asset("payments:7").unwrap();
    assert_eq!((plain.asset.as_str(), plain.digest), ("payments:7", None));
    let digested = asset("payments:7=sha256:ab=").unwrap();
    assert_eq!(digested.digest.as_deref(), Some("sha256:ab="));
    for wrong in ["payments", "payments:", ":7", "payments:7=", "a b:1"] {
        assert!(asset(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_tag_has_a_key_and_a_value() {
    assert_eq!(tag("team=risk=eu").unwrap(), ("team".to_owned(), "risk=eu".to_owned()));
    assert_eq!(tag("empty=").unwrap().1, "");
    for wrong in ["team", "=x", "a\nb=x", "a=x\u{1b}"] {
        assert!(tag(wrong).is_err(), "{wrong:?}");
    }
    assert!(text(&"x".repeat(1025)).is_err());
}
