//! Flags of keys, tokens and certificates -> what is checked against them, files read.
//!
//! A flag that would do nothing is a mistake too: whoever typed it believes in a lock that is not
//! there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Mistakes;
use super::flags::security::SecurityArgs;
use crate::auth::jwt::Expected;
use crate::auth::keys::Keys;
use crate::auth::refresh::Source;
use crate::auth::tokens::Issuer;
use crate::auth::{Admins, Scorers};
use crate::tls::{Tls, TlsFiles};

#[cfg(test)]
mod tests;

/// Who may do what, and what the ports show to clients.
#[derive(Clone, Debug)]
pub struct Security {
    /// Who may score.
    pub scorers: Arc<Scorers>,
    /// Where the signing keys come from, when tokens are taken.
    pub signing_keys: Option<Arc<Source>>,
    /// Who may administer.
    pub admins: Arc<Admins>,
    /// The scoring port's certificate.
    pub tls: Option<Arc<Tls>>,
    /// The admin port's certificate.
    pub admin_tls: Option<Arc<Tls>>,
}

/// Checks `args`; relative paths start in `folder`, `admin` is the admin port's address.
pub(super) fn check(
    args: &SecurityArgs,
    folder: &Path,
    admin: SocketAddr,
    wrong: &mut Mistakes,
) -> Security {
    let flags = Flags { args, folder };
    let (scorers, signing_keys) = flags.scorers(wrong);
    let (tls, admin_tls) = flags.tls(wrong);
    Security {
        scorers: Arc::new(scorers),
        signing_keys: signing_keys.map(Arc::new),
        admins: Arc::new(flags.admins(admin, wrong)),
        tls,
        admin_tls,
    }
}

#[derive(Clone, Copy)]
struct Flags<'a> {
    args: &'a SecurityArgs,
    folder: &'a Path,
}

// === impl Flags ===

impl Flags<'_> {
    fn scorers(self, wrong: &mut Mistakes) -> (Scorers, Option<Source>) {
        let args = self.args;
        let of_keys = [
            ("--auth-primary-key-file", args.auth_primary_key_file.is_some()),
            ("--auth-secondary-key-file", args.auth_secondary_key_file.is_some()),
        ];
        let of_tokens = [
            ("--auth-issuer", args.auth_issuer.is_some()),
            ("--auth-audience", args.auth_audience.is_some()),
            ("--auth-jwks", args.auth_jwks.is_some()),
        ];
        let (keys, tokens) = match args.auth.as_str() {
            "none" => (false, false),
            "keys" => (true, false),
            "jwt" => (false, true),
            other => {
                wrong.0.push(format!("--auth \"{other}\": is none of none, keys, jwt"));
                return (Scorers::Anyone, None);
            }
        };
        for (flag, given) in of_keys {
            wrong.when(given && !keys, flag, "is for --auth keys alone");
        }
        for (flag, given) in of_tokens {
            wrong.when(given && !tokens, flag, "is for --auth jwt alone");
        }
        if keys {
            wrong.when(!of_keys[0].1, of_keys[0].0, "is needed with --auth keys");
            let files = [&args.auth_primary_key_file, &args.auth_secondary_key_file];
            let files = files.into_iter().flatten().map(|file| self.folder.join(file)).collect();
            let keys = of_keys[0].1.then(|| Keys::open(files)).transpose();
            let keys = wrong.unless_ok("--auth-primary-key-file", keys).flatten();
            return (keys.map_or(Scorers::Anyone, Scorers::Keys), None);
        }
        if tokens {
            for (flag, given) in of_tokens {
                wrong.when(!given, flag, "is needed with --auth jwt");
            }
            return self.tokens(wrong);
        }
        (Scorers::Anyone, None)
    }

    fn tokens(self, wrong: &mut Mistakes) -> (Scorers, Option<Source>) {
        let args = self.args;
        let mut list = |flag, text: &Option<String>| -> Vec<String> {
            let Some(text) = text else { return Vec::new() };
            let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
            wrong.when(items.iter().any(String::is_empty), flag, "has an empty item");
            items
        };
        let expected = Expected {
            issuers: list("--auth-issuer", &args.auth_issuer),
            audiences: list("--auth-audience", &args.auth_audience),
        };
        let every = wrong.time("--auth-jwks-refresh", &args.auth_jwks_refresh);
        let short = every < Duration::from_secs(1);
        wrong.when(short, "--auth-jwks-refresh", "must be 1s at least");
        let source = args.auth_jwks.as_ref().map(|place| match Url::parse(place) {
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => Source::file(path),
                Err(()) => Err("names no file of this machine".to_owned()),
            },
            Ok(url) => Source::url(url, every),
            Err(_) => Source::file(self.folder.join(place)),
        });
        let source = wrong.unless_ok("--auth-jwks", source.transpose()).flatten();
        (Scorers::Tokens(Issuer::new(expected)), source)
    }

    fn admins(self, admin: SocketAddr, wrong: &mut Mistakes) -> Admins {
        let args = self.args;
        let file = args.admin_key_file.as_ref().map(|file| self.folder.join(file));
        let exposed = file.is_none() && !admin.ip().is_loopback();
        let sentence = format!("is needed, since --admin {admin} is no loopback address");
        wrong.when(exposed, "--admin-key-file", &sentence);
        let key = file.map(|file| Keys::open(vec![file])).transpose();
        let key = wrong.unless_ok("--admin-key-file", key).flatten();
        let metrics_open = wrong.value("--metrics-open", &args.metrics_open).unwrap_or(false);
        Admins { key, metrics_open }
    }

    fn tls(self, wrong: &mut Mistakes) -> (Option<Arc<Tls>>, Option<Arc<Tls>>) {
        let args = self.args;
        let admin = wrong.value("--admin-tls", &args.admin_tls).unwrap_or(false);
        let path = |file: &String| -> PathBuf { self.folder.join(file) };
        let authorities = args.tls_client_ca.as_ref().map(path);
        let (certificate, key) = match (&args.tls_cert, &args.tls_key) {
            (Some(certificate), Some(key)) => (path(certificate), path(key)),
            (certificate, key) => {
                let one = certificate.is_some() || key.is_some();
                wrong.when(one && key.is_none(), "--tls-key", "is needed with --tls-cert");
                wrong.when(one && certificate.is_none(), "--tls-cert", "is needed with --tls-key");
                let alone = authorities.is_some() && !one;
                wrong.when(alone, "--tls-client-ca", "is for --tls-cert alone");
                wrong.when(admin && !one, "--admin-tls", "is for --tls-cert alone");
                return (None, None);
            }
        };
        let scoring = TlsFiles { certificate, key, client_authorities: authorities };
        let plain = TlsFiles { client_authorities: None, ..scoring.clone() };
        let tls = wrong.unless_ok("--tls-cert", Tls::open(scoring));
        // Whatever is wrong with these files has just been said.
        let admin_tls = if admin { Tls::open(plain).ok() } else { None };
        (tls.map(Arc::new), admin_tls.map(Arc::new))
    }
}
