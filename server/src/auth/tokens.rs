//! An issuer of tokens, and each worker's memory of those it has checked.
//!
//! A signature costs tens of microseconds to check, and a client sends the same token for an hour:
//! a worker remembers the digests of good tokens, bounded, and only under the keys they were
//! checked with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;

use super::Denied;
use super::jwks::KeySet;
use super::jwt::{self, Expected, Flaw};
use super::secret::{Digest, Secret};

#[cfg(test)]
mod tests;

/// Most tokens that one worker remembers.
const MOST: usize = 4096;

/// Whose tokens let in, and the keys they are signed with.
#[derive(Debug)]
pub struct Issuer {
    expected: Expected,
    /// `None` until they are known.
    keys: ArcSwapOption<KeySet>,
    /// A token named a key that is not known: it may be a new one.
    missed: AtomicBool,
    wake: Notify,
}

/// The good tokens that one thread has seen.
#[derive(Debug, Default)]
pub struct Tokens {
    /// The keys they were checked with.
    keys: Option<Arc<KeySet>>,
    /// Until when each is good, seconds since 1970 UTC.
    good_until: HashMap<Digest, i64>,
}

// === impl Issuer ===

impl Issuer {
    /// An issuer whose keys are not known yet.
    pub fn new(expected: Expected) -> Self {
        let (keys, missed) = (ArcSwapOption::empty(), AtomicBool::new(false));
        Self { expected, keys, missed, wake: Notify::new() }
    }

    /// Takes over the keys it signs with from now on.
    pub fn publish(&self, keys: Arc<KeySet>) {
        self.keys.store(Some(keys));
    }

    /// Checks a token; `now` in seconds since 1970 UTC.
    ///
    /// # Errors
    /// Why it does not let in.
    pub fn admit(
        &self,
        token: Option<Secret<'_>>,
        tokens: &mut Tokens,
        now: i64,
    ) -> Result<(), Denied> {
        let token = token.ok_or(Denied::NoToken)?;
        let keys = self.keys.load();
        let keys = keys.as_ref().ok_or(Denied::Unprepared)?;
        let digest = token.digest();
        if tokens.know(keys, &digest, now) {
            return Ok(());
        }
        let until = jwt::verify(token, keys, &self.expected, now).map_err(|flaw| {
            if flaw == Flaw::UnknownKey && !self.missed.swap(true, Ordering::Relaxed) {
                self.wake.notify_one();
            }
            Denied::Token(flaw)
        })?;
        tokens.remember(digest, until, now);
        Ok(())
    }

    /// Waits until a token names a key that is not known.
    pub(super) async fn missed(&self) {
        self.wake.notified().await;
        self.missed.store(false, Ordering::Relaxed);
    }
}

// === impl Tokens ===

impl Tokens {
    fn know(&mut self, keys: &Arc<KeySet>, token: &Digest, now: i64) -> bool {
        if !self.keys.as_ref().is_some_and(|known| Arc::ptr_eq(known, keys)) {
            self.good_until.clear();
            self.keys = Some(Arc::clone(keys));
        }
        self.good_until.get(token).is_some_and(|until| now < *until)
    }

    fn remember(&mut self, token: Digest, until: i64, now: i64) {
        if self.good_until.len() >= MOST {
            self.good_until.retain(|_, until| now < *until);
        }
        if self.good_until.len() >= MOST {
            self.good_until.clear();
        }
        self.good_until.insert(token, until);
    }
}
