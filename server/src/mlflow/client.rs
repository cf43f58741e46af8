//! HTTP to an MLflow server: bounded answers, a bearer token that never shows.
//!
//! Called by `mlflow` alone. Refuses redirects, since a token would go along, and takes an error's
//! words from the server only cut short and without the token.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Response, StatusCode, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

/// Most bytes of an answer that is not a file.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Most bytes of a token; those of Entra ID have about 2,000.
const TOKEN_BYTES_MAX: usize = 64 << 10;
/// How much of a server's words an error repeats.
const WORDS_CHARS_MAX: usize = 300;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that sends nothing for so long is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A server, and how it is spoken to.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<Token>,
}

/// A bearer token. It is sent and compared, never shown.
pub struct Token {
    text: String,
    header: HeaderValue,
}

/// What MLflow says of a failure.
#[derive(Debug, Default, Deserialize)]
struct Failed {
    #[serde(default)]
    message: String,
}

// === impl Token ===

impl Token {
    /// The token in a file, without the blanks around it.
    ///
    /// # Errors
    /// A sentence that names the file and nothing of what is in it.
    pub fn read(file: &Path) -> Result<Self, String> {
        let at = file.display();
        let text = std::fs::read_to_string(file).map_err(|error| format!("{at}: {error}"))?;
        let text = text.trim().to_owned();
        let header = HeaderValue::from_str(&format!("Bearer {text}")).ok();
        match header.filter(|_| !text.is_empty() && text.len() <= TOKEN_BYTES_MAX) {
            Some(mut header) if text.bytes().all(|c| c.is_ascii_graphic()) => {
                header.set_sensitive(true);
                Ok(Self { text, header })
            }
            _ => Err(format!("{at}: holds no token of 1 to {TOKEN_BYTES_MAX} visible characters")),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

// === impl Client ===

impl Client {
    /// A client of the server at `base`, which ends with a slash.
    ///
    /// # Errors
    /// When there is no TLS to be had, such as on a machine without root certificates.
    pub fn new(base: Url, token: Option<Token>) -> Result<Self, String> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("skeg/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT);
        // Plain HTTP works on a machine without root certificates, too.
        let builder = match base.scheme() {
            "https" => builder.https_only(true),
            _ => builder.tls_certs_only([]),
        };
        let http = builder.build().map_err(|error| words(error, &base))?;
        Ok(Self { http, base, token })
    }

    /// The server's address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Asks a route below the server's address for JSON.
    ///
    /// # Errors
    /// A sentence with the server's answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        route: &str,
        query: &[(&str, &str)],
    ) -> Result<T, String> {
        let url = self.base.join(route);
        let url = url.map_err(|error| format!("no address of {route}: {error}"))?;
        self.json_at(url, query).await
    }

    /// The same at a whole address.
    pub(super) async fn json_at<T: DeserializeOwned>(
        &self,
        mut url: Url,
        query: &[(&str, &str)],
    ) -> Result<T, String> {
        url.query_pairs_mut().extend_pairs(query);
        let mut response = self.get(url).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| words(e, &self.base))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                let base = &self.base;
                return Err(format!("{base} answers with more than {ANSWER_BYTES_MAX} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|_| {
            format!("{} does not answer as MLflow's REST API does; is the path right?", self.base)
        })
    }

    /// A successful answer, its body not read yet.
    pub(super) async fn get(&self, url: Url) -> Result<Response, String> {
        let mut request = self.http.get(url);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.header.clone());
        }
        let mut response = request.send().await.map_err(|error| words(error, &self.base))?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let base = &self.base;
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let what = match self.token {
                Some(_) => "refuses the token",
                None => "wants a token: --mlflow-token-file",
            };
            return Err(format!("{base} {what} ({status})"));
        }
        let said = self.said(&mut response).await;
        Err(format!("{base} answers {status}{said}"))
    }

    /// The server's own words for a failure, as much as is fit to be shown.
    async fn said(&self, response: &mut Response) -> String {
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return String::new();
            }
        }
        let said: Failed = serde_json::from_slice(&bytes).unwrap_or_default();
        // Without the token first: a cut could leave a part of it.
        let message = match &self.token {
            Some(token) => said.message.replace(&token.text, "***"),
            None => said.message,
        };
        let visible = message.chars().map(|c| if c.is_control() { ' ' } else { c });
        let visible: String = visible.take(WORDS_CHARS_MAX).collect();
        if visible.is_empty() { visible } else { format!(": {visible}") }
    }
}

/// An error with its causes on one line; the address is said without what follows the path.
pub(super) fn words(error: reqwest::Error, base: &Url) -> String {
    let error = error.without_url();
    let mut words = format!("{base}: {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    words
}

#[cfg(test)]
mod tests;
