//! The flags that say who may score and administer, and with what certificate, as typed.
//!
//! Secrets come in files alone: a flag or a variable is seen by whoever sees the process.

use clap::Args;

/// Keys, tokens and certificates.
#[derive(Debug, Args)]
pub struct SecurityArgs {
    /// Who may score: none (everyone), keys, or jwt (tokens of an issuer such as Entra ID)
    #[arg(long, env = "SKEG_AUTH", value_name = "HOW", default_value = "none")]
    pub auth: String,
    /// File of the key for scoring; read again when it changes
    #[arg(long, env = "SKEG_AUTH_PRIMARY_KEY_FILE", value_name = "FILE")]
    pub auth_primary_key_file: Option<String>,
    /// File of a second key, so that one can be replaced while the other is used; may be empty
    #[arg(long, env = "SKEG_AUTH_SECONDARY_KEY_FILE", value_name = "FILE")]
    pub auth_secondary_key_file: Option<String>,
    /// Issuers whose tokens are taken, the claim `iss`, with commas between
    #[arg(long, env = "SKEG_AUTH_ISSUER", value_name = "ISSUER,...")]
    pub auth_issuer: Option<String>,
    /// Audiences that a token may be for, the claim `aud`, with commas between
    #[arg(long, env = "SKEG_AUTH_AUDIENCE", value_name = "AUDIENCE,...")]
    pub auth_audience: Option<String>,
    /// The issuer's signing keys: an https URL of a JSON Web Key Set, or a file
    #[arg(long, env = "SKEG_AUTH_JWKS", value_name = "URL")]
    pub auth_jwks: Option<String>,
    /// How often the URL is read; a token with a new key has it read at once, every 30s at most
    #[arg(long, env = "SKEG_AUTH_JWKS_REFRESH", value_name = "TIME", default_value = "10m")]
    pub auth_jwks_refresh: String,
    /// File of the admin port's key; needed wherever --admin is no loopback address
    #[arg(long, env = "SKEG_ADMIN_KEY_FILE", value_name = "FILE")]
    pub admin_key_file: Option<String>,
    /// Lets /metrics be read without the admin key
    #[arg(
        long, env = "SKEG_METRICS_OPEN", value_name = "BOOL", default_value = "false",
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub metrics_open: String,
    /// File of the certificate for scoring over TLS, in PEM, its chain included; read again when
    /// it changes, as the next two are
    #[arg(long, env = "SKEG_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// File of the certificate's private key, in PEM
    #[arg(long, env = "SKEG_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<String>,
    /// File of authorities, in PEM: who scores must have a certificate of one of them
    #[arg(long, env = "SKEG_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<String>,
    /// Serves the admin port over TLS too, with the same certificate and no client's
    #[arg(
        long, env = "SKEG_ADMIN_TLS", value_name = "BOOL", default_value = "false",
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub admin_tls: String,
}
