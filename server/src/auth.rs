//! Who may score and who may administer: what a request presents, against keys or tokens.
//!
//! Pure checks on bytes: no hyper type, no clock, no lock, no await. `http::credentials` takes what
//! is presented from a request's head; what it is checked against is renewed by `renewal` and
//! `auth::refresh`, off the scoring threads.

use keys::Keys;
use secret::Secret;
use tokens::{Issuer, Tokens};

pub mod jwks;
pub mod jwt;
pub mod keys;
pub mod refresh;
pub mod secret;
pub mod tokens;

/// What a request's head presents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// `Authorization: Bearer ...`, a key or a token.
    pub bearer: Option<Secret<'a>>,
    /// `x-api-key`, a key.
    pub api_key: Option<Secret<'a>>,
}

/// Who may score.
#[derive(Debug)]
pub enum Scorers {
    /// Everyone who reaches the port.
    Anyone,
    /// Who has a key.
    Keys(Keys),
    /// Who has a token of an issuer.
    Tokens(Issuer),
}

/// Who may administer.
#[derive(Debug)]
pub struct Admins {
    /// The key; `None` lets everyone on this machine, which is all that reaches a loopback address.
    pub key: Option<Keys>,
    /// Whether `/metrics` is for everyone.
    pub metrics_open: bool,
}

/// Why a request may not do what it asks. The text is for the client and holds nothing it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No key was sent.
    #[error("a key is needed, as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\"")]
    NoKey,
    /// A key was sent that is not one of ours.
    #[error("the key is not valid")]
    WrongKey,
    /// No token was sent.
    #[error("a token is needed, as \"Authorization: Bearer TOKEN\"")]
    NoToken,
    /// A token was sent that does not hold.
    #[error("the token {0}")]
    Token(jwt::Flaw),
    /// The issuer's signing keys could not be fetched so far.
    #[error("the signing keys of the token issuer are not known yet, try again")]
    Unprepared,
    /// A page of another site sent it by way of a browser on this machine.
    #[error("requests of pages from other sites are refused while there is no admin key")]
    ForeignPage,
}

// === impl Scorers ===

impl Scorers {
    /// Checks what a request presents; `tokens` is the calling thread's own memory, `now` says the
    /// seconds since 1970 UTC.
    ///
    /// # Errors
    /// Why the request may not score.
    #[inline]
    pub fn admit(
        &self,
        presented: Presented<'_>,
        tokens: &mut Tokens,
        now: impl FnOnce() -> i64,
    ) -> Result<(), Denied> {
        match self {
            Self::Anyone => Ok(()),
            Self::Keys(keys) => keys.admit(presented),
            Self::Tokens(issuer) => issuer.admit(presented.bearer, tokens, now()),
        }
    }
}

// === impl Admins ===

impl Admins {
    /// Checks what a request presents. `origin` is the page that a browser sent it for, if one did.
    ///
    /// # Errors
    /// Why the request may not administer.
    pub fn admit(&self, presented: Presented<'_>, origin: Option<&str>) -> Result<(), Denied> {
        match &self.key {
            Some(key) => key.admit(presented),
            None if origin.is_none_or(is_of_this_machine) => Ok(()),
            None => Err(Denied::ForeignPage),
        }
    }
}

/// Whether a page is served by this machine, as a console behind a port-forward is.
fn is_of_this_machine(origin: &str) -> bool {
    let url = url::Url::parse(origin).ok();
    url.is_some_and(|url| url.host().is_some_and(|host| is_loopback(&host)))
}

/// Whether a host's name or address leads to this machine and nowhere else.
pub fn is_loopback<S: AsRef<str>>(host: &url::Host<S>) -> bool {
    match host {
        url::Host::Domain(name) => name.as_ref() == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    }
}

// === impl Denied ===

impl Denied {
    /// The HTTP status that says so.
    pub fn status(self) -> u16 {
        match self {
            Self::NoKey | Self::WrongKey | Self::NoToken | Self::Token(_) => 401,
            Self::ForeignPage => 403,
            Self::Unprepared => 503,
        }
    }

    /// The value of `www-authenticate` (RFC 6750, section 3), for a 401.
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Self::NoKey | Self::NoToken => Some("Bearer realm=\"skeg\""),
            Self::WrongKey | Self::Token(_) => {
                Some("Bearer realm=\"skeg\", error=\"invalid_token\"")
            }
            Self::Unprepared | Self::ForeignPage => None,
        }
    }
}
