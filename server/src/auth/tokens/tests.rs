//! What a worker remembers of tokens, and what it must not.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::{Issuer, MOST, Tokens};
use crate::auth::jwks::tests::{key, set};
use crate::auth::jwt::{Expected, Flaw};
use crate::auth::secret::Secret;
use crate::auth::{Denied, Scorers};

const NOW: i64 = 1_800_000_000;

fn issuer() -> Issuer {
    Issuer::new(Expected { issuers: vec!["i".to_owned()], audiences: vec!["a".to_owned()] })
}

fn token(id: &str, key: &EncodingKey) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES256) };
    encode(&header, &json!({"iss": "i", "aud": "a", "exp": NOW + 600}), key).unwrap()
}

fn admit(issuer: &Issuer, token: &str, tokens: &mut Tokens, now: i64) -> Result<(), Denied> {
    issuer.admit(Some(Secret::new(token.as_bytes())), tokens, now)
}

#[test]
fn a_remembered_token_ends_when_it_says() {
    let (private, public) = key("k");
    let (issuer, mut tokens) = (issuer(), Tokens::default());
    assert_eq!(issuer.admit(None, &mut tokens, NOW), Err(Denied::NoToken));
    let token = token("k", &private);
    assert_eq!(admit(&issuer, &token, &mut tokens, NOW), Err(Denied::Unprepared));
    issuer.publish(Arc::new(set(&[&public])));
    for now in [NOW, NOW + 1, NOW + 659] {
        assert_eq!(admit(&issuer, &token, &mut tokens, now), Ok(()), "{now}");
        assert_eq!(tokens.good_until.len(), 1);
    }
    let expired = Err(Denied::Token(Flaw::Expired));
    assert_eq!(admit(&issuer, &token, &mut tokens, NOW + 660), expired);
    let mut forged = token.clone();
    forged.truncate(token.len() - 4);
    forged.push_str("AAAA");
    let wrong = Err(Denied::Token(Flaw::Signature));
    assert_eq!(admit(&issuer, &forged, &mut tokens, NOW), wrong);
}

#[test]
fn a_key_that_is_withdrawn_takes_its_tokens_along() {
    let ((old, old_public), (new, new_public)) = (key("old"), key("new"));
    let (issuer, mut tokens) = (issuer(), Tokens::default());
    issuer.publish(Arc::new(set(&[&old_public, &new_public])));
    let (of_old, of_new) = (token("old", &old), token("new", &new));
    assert_eq!(admit(&issuer, &of_old, &mut tokens, NOW), Ok(()));
    issuer.publish(Arc::new(set(&[&new_public])));
    let unknown = Err(Denied::Token(Flaw::UnknownKey));
    assert!(!issuer.missed.load(super::Ordering::Relaxed));
    assert_eq!(admit(&issuer, &of_old, &mut tokens, NOW), unknown);
    assert!(issuer.missed.load(super::Ordering::Relaxed), "asks for the keys to be read again");
    assert_eq!(admit(&issuer, &of_new, &mut tokens, NOW), Ok(()));
}

#[test]
fn memory_is_bounded() {
    let mut tokens = Tokens::default();
    for number in 0..3 * MOST {
        let digest = Secret::new(&number.to_le_bytes()).digest();
        tokens.remember(digest, NOW + 1, NOW);
        assert!(tokens.good_until.len() <= MOST);
    }
    let last = Secret::new(&(3 * MOST - 1).to_le_bytes()).digest();
    assert!(tokens.good_until.contains_key(&last));
}

#[test]
fn nothing_of_a_token_is_printed() {
    let (private, public) = key("k");
    let (issuer, mut tokens) = (issuer(), Tokens::default());
    issuer.publish(Arc::new(set(&[&public])));
    let token = token("k", &private);
    assert_eq!(admit(&issuer, &token, &mut tokens, NOW), Ok(()));
    let printed = format!("{tokens:?} {:?} {:?}", Scorers::Tokens(issuer), Secret::new(b"token"));
    let parts = token.split('.').chain(public["x"].as_str());
    assert!(parts.into_iter().all(|part| !printed.contains(part)), "{printed}");
}
