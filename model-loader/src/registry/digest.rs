//! SHA-256 of files and of a whole version, in the form `manifest.json` carries.
//!
//! Called by `manifest` and `registry`. The digest of a version follows the root digest of OpenSSF
//! Model Signing (`model_signing/_signing/signing.py`, class `Payload`), so that a signature made
//! with that tool over the same files carries the same number.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::manifest::FileEntry;

/// A SHA-256; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotADigest;

// === impl Digest ===

impl Digest {
    /// SHA-256 of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// SHA-256 over the files' raw digests, in the order of their paths.
    ///
    /// # Errors
    /// When a file's own digest is not one.
    pub(crate) fn of_version(files: &[FileEntry]) -> Result<Self, NotADigest> {
        let mut sorted: Vec<&FileEntry> = files.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        let mut hasher = Sha256::new();
        for file in sorted {
            hasher.update(file.sha256.parse::<Self>()?.0);
        }
        Ok(Self(hasher.finalize().into()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let mut bytes = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(NotADigest);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Ok(Self(bytes))
    }
}

/// One text for one digest: capitals are refused, so that texts may be compared.
fn nibble(digit: u8) -> Result<u8, NotADigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NotADigest),
    }
}

#[cfg(test)]
mod tests;
