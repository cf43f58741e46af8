//! Keeps keys, certificates and signing keys as new as their files and URLs are.
//!
//! Started by `app` on the main thread; the scoring threads only see values swapped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::auth::Scorers;
use crate::config::security::Security;

/// How often files are looked at; content is compared, so that it costs little.
const EVERY: Duration = Duration::from_secs(2);

/// Starts what renews `security`; resolves when the signing keys of tokens were first looked for.
pub fn start(security: &Security) -> oneshot::Receiver<()> {
    tokio::task::spawn_local(files(security.clone()));
    let (tried, first) = oneshot::channel();
    if let Some(source) = security.signing_keys.clone() {
        let scorers = Arc::clone(&security.scorers);
        tokio::task::spawn_local(async move {
            if let Scorers::Tokens(issuer) = &*scorers {
                source.run(issuer, tried).await;
            }
        });
    }
    first
}

async fn files(security: Security) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Scorers::Keys(keys) = &*security.scorers {
            keys.renew("--auth-primary-key-file, --auth-secondary-key-file");
        }
        if let Some(key) = &security.admins.key {
            key.renew("--admin-key-file");
        }
        if let Some(tls) = &security.tls {
            tls.renew("--tls-cert, --tls-key, --tls-client-ca");
        }
        if let Some(tls) = &security.admin_tls {
            tls.renew("--tls-cert and --tls-key of the admin port");
        }
    }
}
