//! Key sets as issuers publish them, and keys for other tests.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::KeySet;

/// A new key, and what an issuer publishes of it.
pub(in crate::auth) fn key(id: &str) -> (EncodingKey, Value) {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let key = EncodingKey::from_ec_der(pair.expect("a key").as_ref());
    let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a public key");
    let mut jwk = serde_json::to_value(&jwk).expect("JSON");
    jwk["kid"] = json!(id);
    (key, jwk)
}

pub(in crate::auth) fn set(keys: &[&Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set")
}

#[test]
fn only_asymmetric_signing_keys_with_an_id_are_taken() {
    let (_, sound) = key("sound");
    let changed = |name: &str, value: Value| {
        let mut jwk = sound.clone();
        jwk["kid"] = json!(name);
        let (field, value) = match value {
            Value::Array(pair) => (pair[0].clone(), pair[1].clone()),
            other => panic!("a pair: {other}"),
        };
        jwk[field.as_str().expect("a name")] = value;
        jwk
    };
    let nameless = changed("nameless", json!(["kid", null]));
    let others = [
        changed("encryption", json!(["use", "enc"])),
        changed("other-algorithm", json!(["alg", "ES384"])),
        changed("shared", json!(["alg", "HS256"])),
        changed("unknown", json!(["alg", "X"])),
        json!({"kid": "oct", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}),
        json!({"kid": "strange", "kty": "AKP"}),
        json!("no object"),
        nameless,
    ];
    let all: Vec<&Value> = others.iter().chain([&sound]).collect();
    let keys = set(&all);
    assert_eq!(keys.get("sound").expect("taken").algorithms, [Algorithm::ES256]);
    for other in others.iter().filter_map(|other| other["kid"].as_str()) {
        assert!(keys.get(other).is_none(), "{other}");
    }
    assert_eq!(format!("{keys:?}"), "KeySet(1)");
}

#[test]
fn what_checks_nothing_is_refused() {
    for text in ["", "{", "[]", "{}", r#"{"keys": []}"#, r#"{"keys": [{"kty": "RSA"}]}"#] {
        assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn an_rsa_key_as_entra_id_publishes_it_is_taken_for_rs256() {
    // Without `alg`, with a certificate chain beside the numbers.
    let n = "A".repeat(342);
    let entra = json!({"kty": "RSA", "use": "sig", "kid": "k", "x5t": "k", "n": n, "e": "AQAB",
        "x5c": ["MIIC"], "cloud_instance_name": "x", "issuer": "https://x/{tenantid}/v2.0"});
    let keys = set(&[&entra]);
    let algorithms = &keys.get("k").expect("taken").algorithms;
    assert!(algorithms.contains(&Algorithm::RS256) && !algorithms.contains(&Algorithm::HS256));
}
