//! Which credential is taken, what is refused, and that nothing is given away.

use super::{Access, AzureVariables, Credential, Secret};

const KEY: &str = "c2VjcmV0LWtleS1zZWNyZXQ=";

fn variables(pairs: &[(&str, &str)]) -> AzureVariables {
    AzureVariables::read(|name| {
        let found = pairs.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn choose(pairs: &[(&str, &str)]) -> Result<Access, String> {
    Access::choose("acct", &variables(pairs))
}

fn credential(pairs: &[(&str, &str)]) -> Credential {
    choose(pairs).unwrap().credential
}

#[test]
fn the_first_credential_that_is_there_is_taken() {
    let mut pairs = vec![
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=acct;AccountKey=bWluZQ==;"),
        ("AZURE_STORAGE_ACCOUNT_KEY", KEY),
        ("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=abc"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/tokens/one"),
        ("AZURE_CLIENT_SECRET", "hush"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("IDENTITY_ENDPOINT", "http://localhost:42356/msi/token"),
    ];
    let mut taken = Vec::new();
    loop {
        taken.push(credential(&pairs));
        if pairs.is_empty() {
            break;
        }
        pairs.remove(0);
    }
    let authority = || "https://login.microsoftonline.com".to_owned();
    let (client_id, tenant_id) = ("client".to_owned(), "tenant".to_owned());
    let token_file = "/tokens/one".to_owned();
    let (id, tenant) = (client_id.clone(), tenant_id.clone());
    let endpoint = Some("http://localhost:42356/msi/token".to_owned());
    let managed = |client_id: Option<&str>, endpoint: &Option<String>| {
        let (client_id, endpoint) = (client_id.map(str::to_owned), endpoint.clone());
        Credential::ManagedIdentity { client_id, endpoint }
    };
    let secret = Secret::new("hush");
    assert_eq!(
        taken,
        [
            Credential::Key(Secret::new("bWluZQ==")),
            Credential::Key(Secret::new(KEY)),
            Credential::Signature(Secret::new("sv=1&sig=abc")),
            Credential::WorkloadIdentity {
                client_id,
                tenant_id,
                token_file,
                authority: authority()
            },
            Credential::ClientSecret {
                client_id: id,
                tenant_id: tenant,
                secret,
                authority: authority()
            },
            managed(Some("client"), &endpoint),
            managed(Some("client"), &endpoint),
            managed(None, &endpoint),
            managed(None, &None),
        ]
    );
}

#[test]
fn a_connection_string_has_its_endpoint() {
    let string = |text: &str| choose(&[("AZURE_STORAGE_CONNECTION_STRING", text)]).unwrap();
    let azurite = "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=YQ==;\
                   BlobEndpoint=http://127.0.0.1:10000/acct/;QueueEndpoint=http://127.0.0.1:1/a;";
    let access = string(azurite);
    assert_eq!(access.credential, Credential::Key(Secret::new("YQ==")));
    assert_eq!(access.endpoint.as_deref(), Some("http://127.0.0.1:10000/acct"));
    assert!(access.allow_http);

    let access = string("AccountName=acct;AccountKey=YQ==;EndpointSuffix=core.chinacloudapi.cn");
    assert_eq!(access.endpoint.as_deref(), Some("https://acct.blob.core.chinacloudapi.cn"));
    assert!(!access.allow_http);

    let access = string(
        "BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=sv=1&sig=b%3D",
    );
    assert_eq!(access.credential, Credential::Signature(Secret::new("sv=1&sig=b%3D")));

    let development =
        variables(&[("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")]);
    let access = Access::choose("devstoreaccount1", &development).unwrap();
    assert_eq!(access.endpoint.as_deref(), Some("http://127.0.0.1:10000/devstoreaccount1"));
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_given_away() {
    let string = |text| choose(&[("AZURE_STORAGE_CONNECTION_STRING", text)]);
    let endpoint =
        |text| choose(&[("AZURE_STORAGE_ACCOUNT_KEY", KEY), ("AZURE_STORAGE_ENDPOINT", text)]);
    for (refused, words) in [
        (
            string("AccountName=other;AccountKey=c2VjcmV0"),
            "is for account other, the store is in acct",
        ),
        (string("AccountName=acct"), "has neither AccountKey nor SharedAccessSignature"),
        (string("c2VjcmV0"), "a part has no `=`"),
        (endpoint("http://10.0.0.4/acct"), "plain http is for this machine only"),
        (endpoint("ftp://127.0.0.1/"), "is no https address"),
        (endpoint("https://user:c2VjcmV0@host/"), "has a user or a password"),
        (endpoint("https://host/?sig=c2VjcmV0"), "has a `?`"),
        (endpoint("nowhere"), "AZURE_STORAGE_ENDPOINT: "),
    ] {
        let message = refused.unwrap_err();
        assert!(message.contains(words), "{message}");
        assert!(!message.contains("c2VjcmV0"), "{message}");
    }
    for plain in ["http://127.0.0.1:1/acct", "http://[::1]:1/acct", "http://localhost:1/acct"] {
        assert!(endpoint(plain).unwrap().allow_http, "{plain}");
    }
}

#[test]
fn the_authority_may_end_with_a_slash_as_the_webhook_writes_it() {
    let pairs = [
        ("AZURE_FEDERATED_TOKEN_FILE", "/t"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"),
    ];
    match credential(&pairs) {
        Credential::WorkloadIdentity { authority, .. } => {
            assert_eq!(authority, "https://login.microsoftonline.us");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn debug_hides_every_secret() {
    let given = variables(&[
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=acct;AccountKey=aHVzaA=="),
        ("AZURE_STORAGE_ACCOUNT_KEY", "aHVzaA=="),
        ("AZURE_STORAGE_SAS_TOKEN", "sig=aHVzaA=="),
        ("AZURE_CLIENT_SECRET", "aHVzaA=="),
    ]);
    let access = Access::choose("acct", &given).unwrap();
    for shown in [format!("{given:?}"), format!("{access:?}")] {
        assert!(!shown.contains("aHVzaA"), "{shown}");
        assert!(shown.contains("(hidden)"), "{shown}");
    }
}
