//! Signatures are those of the RFCs; a secret is in no error.

use std::path::PathBuf;

use super::header;
use crate::spec::{Alert, AlertFormat};

fn alert(format: AlertFormat) -> Alert {
    let (url_file, secret_file) = (PathBuf::from("/s/url"), None);
    let (secret_header, headers) = (None, Vec::new());
    Alert { url_file, format, secret_file, secret_header, headers, allow_http: false }
}

fn said(format: AlertFormat, secret: &[u8], body: &[u8]) -> (String, String) {
    let (name, value) = header(&alert(format), secret, body).unwrap();
    assert!(value.is_sensitive());
    (name.to_string(), value.to_str().unwrap().to_owned())
}

#[test]
fn signatures_are_those_of_the_rfcs() {
    let body = b"what do ya want for nothing?";
    // RFC 2202, section 3, case 2.
    let sha1 = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    let signed = said(AlertFormat::AzureDevops, b"Jefe\n", body);
    assert_eq!(signed, ("x-hub-signature".to_owned(), sha1.to_owned()));
    // RFC 4231, section 4.3.
    let sha256 = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let signed = said(AlertFormat::Cloudevents, b"Jefe", body);
    assert_eq!(signed, ("x-hub-signature-256".to_owned(), sha256.to_owned()));
    // A key longer than a block of the hash is hashed first: RFC 2202, section 3, case 6.
    let body = b"Test Using Larger Than Block-Size Key - Hash Key First";
    let signed = said(AlertFormat::AzureDevops, &[0xaa; 80], body);
    assert_eq!(signed.1, "sha1=aa4ae5e15272d00e95705637ce8a3b55ed402112");
    let renamed =
        Alert { secret_header: Some("x-skeg".to_owned()), ..alert(AlertFormat::AzureDevops) };
    assert_eq!(header(&renamed, b"Jefe", body).unwrap().0, "x-skeg");
}

#[test]
fn tokens_are_sent_in_the_receivers_header() {
    let bearer = ("authorization".to_owned(), "Bearer s3cret".to_owned());
    for format in [AlertFormat::Github, AlertFormat::Alertmanager, AlertFormat::AzureCommon] {
        assert_eq!(said(format, b" s3cret\n", b"{}"), bearer);
    }
    let key = ("aeg-sas-key".to_owned(), "s3cret=".to_owned());
    assert_eq!(said(AlertFormat::EventGrid, b"s3cret=", b"{}"), key);
}

#[test]
fn what_is_no_secret_is_refused_without_being_told() {
    for format in AlertFormat::ALL {
        assert_eq!(header(&alert(format), b" \n", b"").unwrap_err(), "holds no secret");
    }
    for bad in ["s3cret two", "s3cret\u{e9}", "s3\0cret", "s3cret\nx-header: 1"] {
        let error = header(&alert(AlertFormat::Github), bad.as_bytes(), b"").unwrap_err();
        assert!(error.starts_with("holds no token") && !error.contains("s3"), "{error}");
        let error = header(&alert(AlertFormat::EventGrid), bad.as_bytes(), b"").unwrap_err();
        assert!(!error.contains("s3"), "{error}");
    }
}
