//! Secrets as types: what is in them cannot be printed, only compared.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A key or token as a client sent it or a file holds it. Its `Debug` says nothing.
#[derive(Clone, Copy)]
pub struct Secret<'a>(&'a [u8]);

/// SHA-256 of a secret: of one length whatever the secret's, so that a comparison tells nothing
/// about it. Its `Debug` says nothing either.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

// === impl Secret ===

impl<'a> Secret<'a> {
    /// Keeps `bytes` from being printed.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes themselves, for a signature to be checked.
    pub fn reveal(self) -> &'a [u8] {
        self.0
    }

    /// What it is compared by.
    pub fn digest(self) -> Digest {
        Digest(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

// === impl Digest ===

impl Digest {
    /// Whether both are of one secret, in a time that does not depend on the answer.
    pub fn same_as(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

#[cfg(test)]
mod tests {
    //! Nothing secret is printed.

    use super::Secret;

    #[test]
    fn debug_says_nothing_of_the_content() {
        let secret = Secret::new(b"opensesame");
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "Secret Digest");
        assert!(bool::from(secret.digest().same_as(&Secret::new(b"opensesame").digest())));
        assert!(!bool::from(secret.digest().same_as(&Secret::new(b"opensesama").digest())));
    }
}
