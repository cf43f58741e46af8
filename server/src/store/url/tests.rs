//! Which texts are a store, and what a refusal repeats.

use std::path::Path;

use super::{AzureVariables, StoreUrl};

fn azure() -> AzureVariables {
    AzureVariables::read(|name| {
        (name == "AZURE_STORAGE_ACCOUNT_KEY").then(|| "aHVzaA==".to_owned())
    })
}

fn parse(text: &str) -> Result<StoreUrl, String> {
    StoreUrl::parse(text, Path::new("/here"), &azure())
}

#[test]
fn a_store_is_shown_as_it_may_be_typed_again() {
    for (typed, shown) in [
        ("file:///var/lib/skeg", "/var/lib/skeg"),
        ("store", "/here/store"),
        ("/store", "/store"),
        ("az://acct/models", "az://acct/models"),
        ("az://acct/models/", "az://acct/models"),
        ("az://acct/models/team-a/prod=1/", "az://acct/models/team-a/prod=1"),
    ] {
        assert_eq!(parse(typed).unwrap().to_string(), shown);
    }
}

#[test]
fn what_names_no_store_is_refused() {
    for (typed, words) in [
        ("", "is empty"),
        ("ftp://x", "scheme \"ftp\" is not supported"),
        ("file://host/folder", "not a local path"),
        ("az://", "3 to 24"),
        ("az://ab/models", "3 to 24"),
        ("az://Acct/models", "3 to 24"),
        ("az://acct.blob.core.windows.net/models", "3 to 24"),
        ("az://acct", "3 to 63"),
        ("az://acct/Models", "3 to 63"),
        ("az://acct/mo--dels", "3 to 63"),
        ("az://acct/models/a//b", "a prefix has parts"),
        ("az://acct/models/a%20b", "a prefix has parts"),
        ("az://acct:1/models", "before its first slash"),
    ] {
        let message = parse(typed).unwrap_err();
        assert!(message.contains(words), "{typed}: {message}");
    }
}

#[test]
fn a_secret_in_a_url_is_not_repeated() {
    for typed in [
        "az://acct/models?sv=1&sig=hush",
        "az://acct/models#hush",
        "az://user:hush@acct/models",
        "https://user:hush@acct.blob.core.windows.net/models",
        "ftp://x?sig=hush",
    ] {
        let message = parse(typed).unwrap_err();
        assert!(!message.contains("hush"), "{message}");
        assert!(message.contains("acct") || message.contains("ftp"), "{message}");
    }
}

#[test]
fn debug_of_an_azure_store_hides_its_key() {
    let url = parse("az://acct/models/a").unwrap();
    assert!(!format!("{url:?}").contains("aHVzaA"));
    let shown = format!("{:?}", url.open().unwrap());
    assert_eq!(shown, "AzureStore(\"az://acct/models/a\")");
}

#[test]
fn a_key_that_is_none_is_not_repeated() {
    let wrong = AzureVariables::read(|name| {
        (name == "AZURE_STORAGE_ACCOUNT_KEY").then(|| "hush!".to_owned())
    });
    let url = StoreUrl::parse("az://acct/models", Path::new("/"), &wrong).unwrap();
    let message = url.open().unwrap_err();
    assert!(message.contains("AZURE_STORAGE_ACCOUNT_KEY"), "{message}");
    assert!(!message.contains("hush"), "{message}");
}
