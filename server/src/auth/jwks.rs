//! The public keys that an issuer signs its tokens with: a JSON Web Key Set (RFC 7517).
//!
//! Only asymmetric signing keys with an id are taken; others are passed over, since a set may hold
//! keys for other uses. A key is good for the algorithms of its kind, or the one its `alg` names.

use std::collections::HashMap;
use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

#[cfg(test)]
pub(super) mod tests;

/// An issuer's signing keys by their ids.
pub struct KeySet(HashMap<String, SigningKey>);

/// One key.
#[derive(Debug)]
pub struct SigningKey {
    /// For checking a signature.
    pub key: DecodingKey,
    /// What it may have signed with; never `none` or one with a shared secret.
    pub algorithms: Vec<Algorithm>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

// === impl KeySet ===

impl KeySet {
    /// Reads a set as an issuer publishes it.
    ///
    /// # Errors
    /// A sentence, when it is no key set or holds no key that can check a token.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(json).map_err(|error| format!("is no JSON key set: {error}"))?;
        let keys: HashMap<_, _> = document.keys.into_iter().filter_map(SigningKey::named).collect();
        if keys.is_empty() {
            return Err("holds no asymmetric signing key with an id".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key with this id.
    pub fn get(&self, id: &str) -> Option<&SigningKey> {
        self.0.get(id)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeySet").field(&self.0.len()).finish()
    }
}

// === impl SigningKey ===

impl SigningKey {
    /// The key of one entry and its id, if tokens may be signed with it.
    fn named(entry: serde_json::Value) -> Option<(String, Self)> {
        let jwk: Jwk = serde_json::from_value(entry).ok()?;
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let mut algorithms: Vec<Algorithm> = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => RSA.to_vec(),
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
                vec![Algorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            _ => return None,
        };
        if let Some(named) = jwk.common.key_algorithm {
            let named = Algorithm::try_from(named).ok()?;
            algorithms.retain(|algorithm| *algorithm == named);
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let id = jwk.common.key_id.filter(|_| !algorithms.is_empty())?;
        Some((id, Self { key, algorithms }))
    }
}
