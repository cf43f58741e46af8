//! Certificates: what the ports show to clients, read again when the files change.
//!
//! A new certificate is used for new connections; those that stand keep theirs. The whole
//! configuration is swapped, so that a session made under one authority for clients is not resumed
//! under another. A bad new file keeps the old certificate, and the log says which file and why.

use std::path::PathBuf;
use std::sync::Arc;

pub use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use tokio_rustls::rustls::{Error, RootCertStore, ServerConfig};

use crate::reloaded::Reloaded;

#[cfg(test)]
mod tests;

/// Where a port's certificate is, all in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate and those between it and its authority, in that order.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
    /// The authorities of clients' certificates; `None` asks clients for none.
    pub client_authorities: Option<PathBuf>,
}

/// The certificate of a port, for each language that is spoken behind it.
#[derive(Debug)]
pub struct Tls(Reloaded<Configurations>);

#[derive(Debug)]
struct Configurations {
    http: Arc<ServerConfig>,
    grpc: Arc<ServerConfig>,
}

// === impl Tls ===

impl Tls {
    /// Reads `files`.
    ///
    /// # Errors
    /// A sentence that names the file that is wrong; of a key never what is in it.
    pub fn open(files: TlsFiles) -> Result<Self, String> {
        let paths = [files.certificate, files.key];
        let paths: Vec<_> = paths.into_iter().chain(files.client_authorities).collect();
        let names = paths.clone();
        let parse = move |contents: &[Vec<u8>]| {
            let says = |place: usize, what: &str| format!("{}: {what}", names[place].display());
            let chain = certificates(&contents[0]).map_err(|what| says(0, &what))?;
            let key = private_key(&contents[1]).map_err(|what| says(1, what))?;
            let clients = contents.get(2).map(|pem| authorities(pem)).transpose();
            let clients = clients.map_err(|what| says(2, &what))?;
            configuration(chain, key, clients).map_err(|what| says(0, &what))
        };
        Reloaded::open(paths, parse).map(Self)
    }

    /// For the handshake of one HTTP/1.1 connection, with the certificate as it is now.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.load().http))
    }

    /// The same for gRPC, which is spoken over HTTP/2.
    pub fn grpc_acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.load().grpc))
    }

    /// Reads the files again; `what` names them in the log.
    pub fn renew(&self, what: &'static str) {
        self.0.renew(what);
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("holds no certificate in PEM".to_owned()),
        Ok(chain) => Ok(chain),
        Err(error) => Err(error.to_string()),
    }
}

/// The reader's own errors may quote a line of the file.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, &'static str> {
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| "holds no private key in PEM (PKCS#8, PKCS#1 or SEC1, not encrypted)")
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

fn configuration(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<RootCertStore>,
) -> Result<Configurations, String> {
    let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        Error::InconsistentKeys(_) => "does not belong to the private key".to_owned(),
        error => error.to_string(),
    })?;
    // A session of one port is not resumed on the other: each has its own memory of sessions.
    let mut grpc = config.clone();
    grpc.session_storage = ServerSessionMemoryCache::new(256);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    grpc.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Configurations { http: Arc::new(config), grpc: Arc::new(grpc) })
}
