//! Keys from files: one or two that are valid at once, so that they can be rotated.
//!
//! Primary and secondary as Azure ML has them: clients move to the one while the other is replaced.

use std::path::PathBuf;

use super::secret::{Digest, Secret};
use super::{Denied, Presented};
use crate::reloaded::Reloaded;

#[cfg(test)]
mod tests;

/// A shorter key could be guessed; Azure ML's have 32 characters.
const SHORTEST: usize = 16;

/// The keys that are valid now.
#[derive(Debug)]
pub struct Keys(Reloaded<Vec<Digest>>);

// === impl Keys ===

impl Keys {
    /// Reads the key of each of `files`. All but the first may be empty: such a key is not set.
    ///
    /// # Errors
    /// A sentence that names the file without a sound key.
    pub fn open(files: Vec<PathBuf>) -> Result<Self, String> {
        let paths = files.clone();
        let parse = move |contents: &[Vec<u8>]| {
            let keys = paths.iter().zip(contents).enumerate().map(|(place, (path, content))| {
                key(content, place > 0).map_err(|what| format!("{}: {what}", path.display()))
            });
            keys.filter_map(Result::transpose).collect()
        };
        Reloaded::open(files, parse).map(Self)
    }

    /// Checks what a request presents: either header may carry the key.
    ///
    /// # Errors
    /// [`Denied::NoKey`] or [`Denied::WrongKey`].
    pub fn admit(&self, presented: Presented<'_>) -> Result<(), Denied> {
        let sent = [presented.bearer, presented.api_key];
        if sent.iter().all(Option::is_none) {
            return Err(Denied::NoKey);
        }
        if sent.into_iter().flatten().any(|secret| self.hold(secret)) {
            Ok(())
        } else {
            Err(Denied::WrongKey)
        }
    }

    /// Whether `sent` is one of the keys; every key is compared, whole, whatever the answer.
    fn hold(&self, sent: Secret<'_>) -> bool {
        let sent = sent.digest();
        let none = subtle::Choice::from(0);
        self.0.load().iter().fold(none, |found, key| found | key.same_as(&sent)).into()
    }

    /// Reads the files again; `what` names their flag in the log.
    pub fn renew(&self, what: &'static str) {
        self.0.renew(what);
    }
}

/// The key a file holds; white space around it is an editor's.
fn key(content: &[u8], optional: bool) -> Result<Option<Digest>, String> {
    let key = content.trim_ascii();
    if key.is_empty() && optional {
        return Ok(None);
    }
    if !key.iter().all(u8::is_ascii_graphic) {
        return Err("a key has visible ASCII characters only".to_owned());
    }
    if key.len() < SHORTEST {
        return Err(format!("a key has {SHORTEST} characters at least"));
    }
    Ok(Some(Secret::new(key).digest()))
}
