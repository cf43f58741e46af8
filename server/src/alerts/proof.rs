//! The header that proves who sends a message: a token, or a signature of the body.
//!
//! Called by `deliver` at each try with what the secret's file holds then. Nothing of a secret is
//! in an error; the header's value is marked, so that it is in nobody's `Debug` either.

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, Mac as _};
use reqwest::header::{HeaderName, HeaderValue};
use sha1::Sha1;
use sha2::Sha256;

use crate::spec::{Alert, AlertFormat, Proof};

#[cfg(test)]
mod tests;

/// The header for `body`, given the bytes of the secret's file.
///
/// # Errors
/// A sentence without the secret, when it cannot be one or the header has no name.
pub(super) fn header(
    alert: &Alert,
    secret: &[u8],
    body: &[u8],
) -> Result<(HeaderName, HeaderValue), String> {
    // White space around it is an editor's.
    let secret = secret.trim_ascii();
    if secret.is_empty() {
        return Err("holds no secret".to_owned());
    }
    let (name, value) = match (alert.format.proof(), alert.format) {
        (Proof::Signature { header }, format) => {
            let name = alert.secret_header.as_deref().unwrap_or(header);
            let signature = match format {
                AlertFormat::AzureDevops => format!("sha1={}", hmac::<Sha1>(secret, body)),
                _ => format!("sha256={}", hmac::<Sha256>(secret, body)),
            };
            (name, signature.into_bytes())
        }
        (Proof::Sent, _) if !secret.iter().all(u8::is_ascii_graphic) => {
            return Err("holds no token: it is not visible characters only".to_owned());
        }
        (Proof::Sent, AlertFormat::EventGrid) => ("aeg-sas-key", secret.to_vec()),
        (Proof::Sent, _) => ("authorization", [b"Bearer ", secret].concat()),
    };
    let name = HeaderName::from_bytes(name.as_bytes());
    let name = name.map_err(|_| "is for a header without a name".to_owned())?;
    let value = HeaderValue::from_bytes(&value);
    let mut value = value.map_err(|_| "holds what no header may have".to_owned())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// HMAC (RFC 2104) in hexadecimal digits.
fn hmac<H: EagerHash>(key: &[u8], body: &[u8]) -> String
where
    Hmac<H>: hmac::Mac + hmac::KeyInit,
{
    let mut mac = <Hmac<H> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes any key");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
