//! One access token: signed by a key of the issuer, of the right issuer, for us, at this time.
//!
//! Bearer tokens as Entra ID issues them: JWS in compact form (RFC 7515), claims of RFC 7519.
//! Refuses `none` and shared secrets, since an algorithm must be one of the key's own.

use jsonwebtoken::{Validation, decode, decode_header, errors};
use serde::Deserialize;

use super::jwks::KeySet;
use super::secret::Secret;

#[cfg(test)]
mod tests;

/// How far clocks may be apart, seconds.
const LEEWAY: i64 = 60;
/// Longest token taken, bytes; Entra ID's have about 2,000.
const LONGEST: usize = 16 << 10;

/// Whose tokens are taken, and for whom they must be.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Values of `iss` that are taken; Entra ID has one for each version of its tokens.
    pub issuers: Vec<String>,
    /// Values of `aud`, of which a token must name one.
    pub audiences: Vec<String>,
}

/// What is wrong with a token; reads on from "the token".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Not three parts, not JSON, unsigned, or with a claim of the wrong type.
    #[error("is not a signed JWT")]
    Malformed,
    /// `alg` is not one of the key's.
    #[error("is signed with an algorithm that is not accepted")]
    Algorithm,
    /// No `kid`, or one the issuer does not publish.
    #[error("names no signing key that its issuer publishes")]
    UnknownKey,
    /// Not signed with that key, or changed since.
    #[error("has a wrong signature")]
    Signature,
    /// `iss` is not expected.
    #[error("is of another issuer")]
    Issuer,
    /// `aud` is not expected.
    #[error("is for another audience")]
    Audience,
    /// `exp` is past or missing.
    #[error("has expired")]
    Expired,
    /// `nbf` is to come.
    #[error("is not valid yet")]
    Early,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    /// Seconds since 1970 UTC, with a fraction if the issuer likes.
    exp: Option<f64>,
    nbf: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Checks `token` at `now`, seconds since 1970 UTC; until when it may be used.
///
/// # Errors
/// The first flaw found; the signature is looked at before any claim is.
pub fn verify(
    token: Secret<'_>,
    keys: &KeySet,
    expected: &Expected,
    now: i64,
) -> Result<i64, Flaw> {
    let token = token.reveal();
    if token.len() > LONGEST {
        return Err(Flaw::Malformed);
    }
    let header = decode_header(token).map_err(|_| Flaw::Malformed)?;
    // An extension that must be understood is not (RFC 7515, section 4.1.11).
    if header.crit.is_some() {
        return Err(Flaw::Malformed);
    }
    let key = header.kid.as_deref().and_then(|id| keys.get(id)).ok_or(Flaw::UnknownKey)?;
    if !key.algorithms.contains(&header.alg) {
        return Err(Flaw::Algorithm);
    }
    let claims = decode::<Claims>(token, &key.key, &signature_alone(header.alg));
    claims.map_err(|error| Flaw::from(&error))?.claims.check(expected, now)
}

/// The claims are checked here, against a time that is handed in.
fn signature_alone(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

// === impl Claims ===

impl Claims {
    fn check(&self, expected: &Expected, now: i64) -> Result<i64, Flaw> {
        let known = |known: &[String], claimed: &String| known.contains(claimed);
        if !self.iss.as_ref().is_some_and(|issuer| known(&expected.issuers, issuer)) {
            return Err(Flaw::Issuer);
        }
        let ours = match &self.aud {
            None => false,
            Some(Audience::One(one)) => known(&expected.audiences, one),
            Some(Audience::Several(all)) => all.iter().any(|one| known(&expected.audiences, one)),
        };
        if !ours {
            return Err(Flaw::Audience);
        }
        // A float that is no time becomes an end of the range, or 0 for NaN: never a longer life.
        let until = (self.exp.ok_or(Flaw::Expired)? as i64).saturating_add(LEEWAY);
        if now >= until {
            return Err(Flaw::Expired);
        }
        if self.nbf.is_some_and(|start| now < (start as i64).saturating_sub(LEEWAY)) {
            return Err(Flaw::Early);
        }
        Ok(until)
    }
}

// === impl Flaw ===

impl From<&errors::Error> for Flaw {
    fn from(error: &errors::Error) -> Self {
        match error.kind() {
            errors::ErrorKind::InvalidSignature => Self::Signature,
            errors::ErrorKind::InvalidAlgorithm => Self::Algorithm,
            _ => Self::Malformed,
        }
    }
}
