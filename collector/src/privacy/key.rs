//! Keyed hashes: HMAC-SHA256 (RFC 2104), its first 16 bytes, in hexadecimal digits.
//!
//! What is hashed is the value's text: a text's own bytes; the decimal digits of a number, without
//! an exponent and as few as tell it from its neighbours, so that 42 is the same in every type.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::row::Values;

/// Bytes of a hash in the spool and the files.
pub(super) const HEX: usize = 32;

/// A shorter key could be guessed.
const SHORTEST: usize = 16;

/// The key of an endpoint's hashes. Its `Debug` says nothing.
#[derive(Clone)]
pub struct HashKey {
    /// It has taken in the key already.
    mac: Hmac<Sha256>,
    /// Tells keys apart.
    digest: [u8; 32],
}

/// Hashes what is written to it.
struct Hashed(Hmac<Sha256>);

// === impl HashKey ===

impl HashKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`Error::Key`] for fewer than 16 of them.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let short = Error::Key { bytes: bytes.len(), least: SHORTEST };
        // The crate takes a key of any length.
        let mac = Hmac::new_from_slice(bytes).ok().filter(|_| bytes.len() >= SHORTEST);
        Ok(Self { mac: mac.ok_or(short)?, digest: Sha256::digest(bytes).into() })
    }

    /// The hash of value number `at`. Nothing is allocated.
    pub(super) fn hex(&self, values: Values<'_>, at: usize) -> [u8; HEX] {
        let mut text = Hashed(self.mac.clone());
        // The hash takes everything.
        let _ = values.say(at, &mut text);
        let whole = text.0.finalize().into_bytes();
        let mut hex = [0; HEX];
        for (pair, byte) in hex.as_chunks_mut().0.iter_mut().zip(whole) {
            let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        hex
    }
}

impl PartialEq for HashKey {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for HashKey {}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey")
    }
}

// === impl Hashed ===

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
