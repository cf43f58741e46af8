//! Tokens that hold, and one for each thing that may be wrong with one.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{Expected, Flaw, verify};
use crate::auth::jwks::KeySet;
use crate::auth::jwks::tests::{key, set};
use crate::auth::secret::Secret;

const NOW: i64 = 1_800_000_000;

fn expected() -> Expected {
    let list = |items: &[&str]| items.iter().map(ToString::to_string).collect();
    Expected {
        issuers: list(&["https://issuer/v1", "https://issuer/v2"]),
        audiences: list(&["us"]),
    }
}

fn claims() -> Value {
    json!({"iss": "https://issuer/v2", "aud": "us", "exp": NOW + 600, "nbf": NOW - 600})
}

fn header(id: &str) -> Header {
    Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES256) }
}

fn check(token: &str, keys: &KeySet) -> Result<i64, Flaw> {
    verify(Secret::new(token.as_bytes()), keys, &expected(), NOW)
}

#[test]
fn claims_decide_when_the_signature_holds() {
    let (private, public) = key("k");
    let keys = set(&[&public]);
    let until = NOW + 600 + 60;
    for (claim, value, outcome) in [
        ("iss", json!("https://issuer/v2"), Ok(until)),
        ("iss", json!("https://issuer/v1"), Ok(until)),
        ("iss", json!("https://issuer/v3"), Err(Flaw::Issuer)),
        ("iss", json!(null), Err(Flaw::Issuer)),
        ("iss", json!(7), Err(Flaw::Malformed)),
        ("aud", json!(["them", "us"]), Ok(until)),
        ("aud", json!("US"), Err(Flaw::Audience)),
        ("aud", json!([]), Err(Flaw::Audience)),
        ("aud", json!(null), Err(Flaw::Audience)),
        ("exp", json!(NOW - 59), Ok(NOW + 1)),
        ("exp", json!(NOW - 60), Err(Flaw::Expired)),
        ("exp", json!(null), Err(Flaw::Expired)),
        ("exp", json!(-1e300), Err(Flaw::Expired)),
        ("exp", json!("tomorrow"), Err(Flaw::Malformed)),
        ("exp", json!((NOW + 600) as f64 + 0.5), Ok(until)),
        ("nbf", json!(NOW + 60), Ok(until)),
        ("nbf", json!(NOW + 61), Err(Flaw::Early)),
        ("nbf", json!(null), Ok(until)),
    ] {
        let mut changed = claims();
        changed[claim] = value.clone();
        let token = encode(&header("k"), &changed, &private).unwrap();
        assert_eq!(check(&token, &keys), outcome, "{claim}: {value}");
    }
}

#[test]
fn signatures_decide_first() {
    let (private, public) = key("k");
    let (stranger, _) = key("k");
    let keys = set(&[&public]);
    let sign = |header: &Header, key: &EncodingKey| encode(header, &claims(), key).unwrap();
    let token = sign(&header("k"), &private);
    assert!(check(&token, &keys).is_ok());
    assert_eq!(check(&sign(&header("other"), &private), &keys), Err(Flaw::UnknownKey));
    let nameless = Header::new(Algorithm::ES256);
    assert_eq!(check(&sign(&nameless, &private), &keys), Err(Flaw::UnknownKey));
    assert_eq!(check(&sign(&header("k"), &stranger), &keys), Err(Flaw::Signature));
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..header("k") };
    assert_eq!(check(&sign(&critical, &private), &keys), Err(Flaw::Malformed));
    // The public key as a shared secret, the oldest forgery of all.
    let shared = Header { alg: Algorithm::HS256, ..header("k") };
    let secret = EncodingKey::from_secret(public["x"].as_str().unwrap().as_bytes());
    assert_eq!(check(&sign(&shared, &secret), &keys), Err(Flaw::Algorithm));
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","kid":"k"}, unsigned or with a signature of something else.
    let none = "eyJhbGciOiJub25lIiwia2lkIjoiayJ9";
    for forged in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}"),
        format!("{head}..{signature}"),
        format!("{head}.{claims}.{signature}.{signature}"),
        String::new(),
        "..".to_owned(),
        "a".repeat(20_000),
    ] {
        let flaw = check(&forged, &keys).unwrap_err();
        assert!(matches!(flaw, Flaw::Malformed | Flaw::Signature), "{forged}: {flaw:?}");
    }
    assert_eq!(check(&format!("{head}.{claims}."), &keys), Err(Flaw::Signature));
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let flaw = check(std::str::from_utf8(&changed).unwrap(), &keys);
        // The last character of a signature has bits that mean nothing; base64 refuses them too.
        assert!(flaw.is_err(), "{place}");
    }
}
