//! One try to deliver a message: files -> address and proof -> one POST -> what came of it.
//!
//! Called by `alerts`. The address and the secret are read from their files at each try, since they
//! rotate. Refuses redirects and proxies, since a secret would go along, and plain HTTP to another
//! machine unless the spec says so. Of an answer only the status and `Retry-After` are looked at:
//! a receiver's words might repeat the secret. Errors name the file and the host, never what else
//! is in the address.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use tokio::sync::OnceCell;
use url::Url;

use super::event::Event;
use super::{format, proof};
use crate::auth;
use crate::reloaded;
use crate::spec::Alert;

#[cfg(test)]
mod tests;

/// Longest time for one try: receivers are to note what they are told, not to act on it first.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Of that, for the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest address, bytes.
const ADDRESS_BYTES_MAX: usize = 8192;
/// Longest pause that a receiver may ask for.
const ASKED_MAX: Duration = Duration::from_secs(3600);

/// What sends. The connections are closed after each try: there are few.
#[derive(Debug)]
pub(super) struct Sender {
    /// Longest time for one try.
    timeout: Duration,
    secure: OnceCell<reqwest::Client>,
    plain: OnceCell<reqwest::Client>,
}

/// Why a try failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Nothing secret.
    pub(super) why: String,
    /// Whether the receiver refuses the message: soon again would be refused, too.
    pub(super) is_refusal: bool,
    /// Not before this is over.
    pub(super) asked: Option<Duration>,
}

// === impl Failed ===

impl Failed {
    pub(super) fn because(why: String) -> Self {
        Self { why, is_refusal: false, asked: None }
    }
}

// === impl Sender ===

impl Sender {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, secure: OnceCell::new(), plain: OnceCell::new() }
    }

    /// Tells `alert` of the event; the status of the answer.
    pub(super) async fn send(&self, alert: &Alert, event: &Event) -> Result<u16, Failed> {
        let url = address(alert).map_err(Failed::because)?;
        let message = format::message(alert.format, event);
        let client = self.client(&url).await.map_err(Failed::because)?;
        let mut request = client.post(url.clone());
        for (name, value) in &alert.headers {
            request = request.header(name, value);
        }
        for (name, value) in message.headers {
            request = request.header(*name, *value);
        }
        if let Some(file) = &alert.secret_file {
            let proof = secret(file).and_then(|secret| {
                let header = proof::header(alert, &secret, &message.body);
                header.map_err(|what| format!("{}: {what}", file.display()))
            });
            let (name, value): (HeaderName, HeaderValue) = proof.map_err(Failed::because)?;
            request = request.header(name, value);
        }
        let request = request.header(CONTENT_TYPE, message.content_type);
        let request = request.header("idempotency-key", event.key()).body(message.body);
        let sent = request.send().await;
        let response = sent.map_err(|error| Failed::because(words(error, &url)))?;
        judged(&response, &url)
    }

    async fn client(&self, url: &Url) -> Result<&reqwest::Client, String> {
        let is_secure = url.scheme() == "https";
        let cell = if is_secure { &self.secure } else { &self.plain };
        let build = async || {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("skeg/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .pool_max_idle_per_host(0)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(self.timeout);
            // Plain HTTP works on a machine without root certificates, too.
            let builder = match is_secure {
                true => builder.https_only(true),
                false => builder.tls_certs_only([]),
            };
            builder.build().map_err(|error| words(error, url))
        };
        cell.get_or_try_init(build).await
    }
}

fn judged(response: &Response, url: &Url) -> Result<u16, Failed> {
    let status = response.status();
    if status.is_success() {
        return Ok(status.as_u16());
    }
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    Err(Failed {
        why: format!("{} answers {status}", host(url)),
        is_refusal: !status.is_server_error() && !again.contains(&status),
        asked: asked.map(|asked| asked.min(ASKED_MAX)),
    })
}

/// The address that the alert's file holds.
fn address(alert: &Alert) -> Result<Url, String> {
    let file = &alert.url_file;
    let says = |what: &str| format!("{}: {what}", file.display());
    let bytes = secret(file)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| says("is not UTF-8"))?.trim();
    if text.is_empty() || text.len() > ADDRESS_BYTES_MAX {
        return Err(says(&format!("holds no address of 1 to {ADDRESS_BYTES_MAX} bytes")));
    }
    let url = Url::parse(text).map_err(|error| says(&format!("holds no address: {error}")))?;
    let here = url.host().is_some_and(|host| auth::is_loopback(&host));
    match url.scheme() {
        "https" => {}
        "http" if here || alert.allow_http => {}
        "http" => {
            return Err(says("plain http to another machine needs allow_http: true in the spec"));
        }
        _ => return Err(says("the address starts with neither https:// nor http://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(says("the address must not hold a user or a password"));
    }
    Ok(format::address(alert.format, url))
}

/// What a file holds.
fn secret(file: &Path) -> Result<Vec<u8>, String> {
    // What is no file, a pipe say, might keep whoever opens it waiting.
    match std::fs::metadata(file).map(|found| found.is_file()) {
        Ok(true) => reloaded::read_one(file),
        Ok(false) => Err(format!("{}: not a file", file.display())),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// The part of an address that may be shown.
fn host(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// An error with its causes on one line.
fn words(error: reqwest::Error, url: &Url) -> String {
    let error = error.without_url();
    let mut words = format!("{}: {error}", host(url));
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    words
}
