//! Keeps an issuer's signing keys fresh, from a file or a URL, on the main thread.
//!
//! Started by `renewal`. A URL is fetched at the start, then at an interval, and early when a token
//! names a key that is not known: but not more often than a pause allows, since anyone can make up
//! such a token. While it cannot be fetched the old keys stay.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use url::Url;

use super::jwks::KeySet;
use super::tokens::Issuer;
use crate::reloaded::Reloaded;

/// Longest time for one fetch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Shortest time between two fetches that tokens ask for, or that failed.
const PAUSE: Duration = Duration::from_secs(30);
/// The first pause after a failure; each next one is twice as long, up to [`PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How often a file is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Largest key set taken, bytes; Entra ID's has about 15,000.
const LARGEST: usize = 1 << 20;

/// Where an issuer's signing keys come from.
#[derive(Debug)]
pub enum Source {
    /// A file that somebody else keeps fresh.
    File(Reloaded<Arc<KeySet>>),
    /// A URL, fetched at this interval.
    Url {
        /// Knows whom to trust.
        client: Client,
        /// `https`, or anything on this machine.
        url: Url,
        /// Time between two fetches.
        every: Duration,
    },
}

// === impl Source ===

impl Source {
    /// Reads the file.
    ///
    /// # Errors
    /// A sentence that names it.
    pub fn file(path: PathBuf) -> Result<Self, String> {
        let name = path.display().to_string();
        let parse = move |contents: &[Vec<u8>]| {
            let keys = KeySet::parse(&contents[0]);
            keys.map(Arc::new).map_err(|what| format!("{name}: {what}"))
        };
        Reloaded::open(vec![path], parse).map(Self::File)
    }

    /// Will fetch `url`.
    ///
    /// # Errors
    /// A sentence, when whoever is between could change what it says, or the system's certificate
    /// authorities cannot be read.
    pub fn url(url: Url, every: Duration) -> Result<Self, String> {
        let here = url.host().is_some_and(|host| super::is_loopback(&host));
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err("must be https, or http on this machine".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user or a password".to_owned());
        }
        // A redirect could lead to a place that nobody has configured.
        let client = Client::builder().redirect(Policy::none()).timeout(TIMEOUT);
        let client = client.pool_max_idle_per_host(0).https_only(!here);
        let client = if here { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| chain(&error))?;
        Ok(Self::Url { client, url, every })
    }

    /// Hands keys to `issuer` until the process ends; says `tried` once it has tried to.
    pub async fn run(&self, issuer: &Issuer, tried: oneshot::Sender<()>) {
        match self {
            Self::File(file) => follow(file, issuer, tried).await,
            Self::Url { client, url, every } => {
                fetch_again_and_again(client, url, *every, issuer, tried).await;
            }
        }
    }
}

async fn follow(file: &Reloaded<Arc<KeySet>>, issuer: &Issuer, tried: oneshot::Sender<()>) {
    issuer.publish(Arc::clone(&file.load()));
    let _ = tried.send(());
    loop {
        tokio::time::sleep(LOOK).await;
        let before: Arc<KeySet> = Arc::clone(&file.load());
        file.renew("--auth-jwks");
        let now: Arc<KeySet> = Arc::clone(&file.load());
        // The workers forget their tokens with the old keys: only new ones are published.
        if !Arc::ptr_eq(&before, &now) {
            issuer.publish(now);
        }
    }
}

async fn fetch_again_and_again(
    client: &Client,
    url: &Url,
    every: Duration,
    issuer: &Issuer,
    tried: oneshot::Sender<()>,
) {
    let mut tried = Some(tried);
    let mut seen = None;
    let longest = PAUSE.min(every);
    let mut pause = FIRST_PAUSE.min(longest);
    loop {
        let fetched = fetch(client, url).await;
        let taken = fetched.and_then(|json| {
            let sum = Sha256::digest(&json);
            if seen != Some(sum) {
                issuer.publish(Arc::new(KeySet::parse(&json)?));
                seen = Some(sum);
                tracing::info!(%url, "signing keys read");
            }
            Ok(())
        });
        if let Some(tried) = tried.take() {
            let _ = tried.send(());
        }
        match taken {
            Ok(()) => {
                pause = FIRST_PAUSE.min(longest);
                tokio::time::sleep(longest).await;
                let _ = tokio::time::timeout(every - longest, issuer.missed()).await;
            }
            Err(error) => {
                tracing::warn!(%url, error, "signing keys not read, those before stay in use");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
        }
    }
}

async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let mut answer = client.get(url.clone()).send().await.map_err(|error| chain(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("answered {}", answer.status()));
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| chain(&error))? {
        if body.len() + part.len() > LARGEST {
            return Err(format!("is larger than {LARGEST} bytes"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// An error and what caused it: reqwest's own text does not say why.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
