//! What is no certificate or key is refused by its file's name; nothing of a key is printed.
//!
//! Handshakes, rotation and clients' certificates are in `acceptance/test_security.py`.

use std::fs;

use super::{Tls, TlsFiles};

const SECRET: &str = "MC4CAQAwBQYDK2VwBCIEIHNlY3JldHNlY3JldHNlY3JldHNlY3JldHNlY3JldHNl";

#[test]
fn unsound_files_are_named_and_keys_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let key = format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n");
    let broken = format!("-----BEGIN CERTIFICATE\n{SECRET}\n");
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, culprit) in [
        ("", key.as_str(), "tls.crt: holds no certificate"),
        (key.as_str(), key.as_str(), "tls.crt: holds no certificate"),
        (broken.as_str(), key.as_str(), "tls.crt: "),
        (no_der, "", "tls.key: holds no private key"),
        (no_der, SECRET, "tls.key: holds no private key"),
        (no_der, broken.as_str(), "tls.key: holds no private key"),
        (no_der, key.as_str(), "tls.crt: "),
    ] {
        let files = TlsFiles {
            certificate: folder.path().join("tls.crt"),
            key: folder.path().join("tls.key"),
            client_authorities: None,
        };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        let error = Tls::open(files).unwrap_err();
        assert!(error.contains(culprit), "{culprit}: {error}");
        assert!(!error.contains("MC4C") || certificate == broken, "{error}");
    }
}
