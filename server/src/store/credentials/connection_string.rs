//! A storage connection string -> a credential and an endpoint.
//!
//! The form that the Azure portal, `az storage account show-connection-string` and Azurite give:
//! `Name=value` pairs between semicolons
//! (learn.microsoft.com/azure/storage/common/storage-configure-connection-string). Parts about
//! queues, tables and files are passed over.

use super::{Credential, Secret};

const VARIABLE: &str = "AZURE_STORAGE_CONNECTION_STRING";
/// What `UseDevelopmentStorage=true` stands for; the key is public.
const AZURITE_ACCOUNT: &str = "devstoreaccount1";
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const AZURITE_ENDPOINT: &str = "http://127.0.0.1:10000/devstoreaccount1";

/// What is of use to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConnectionString {
    pub(super) credential: Credential,
    pub(super) endpoint: Option<String>,
}

// === impl ConnectionString ===

impl ConnectionString {
    /// Reads a connection string of `account`.
    ///
    /// # Errors
    /// A sentence that names the variable and the part, not its value.
    pub(super) fn parse(text: &str, account: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{VARIABLE}: {what}");
        let mut parts = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let pair = part.split_once('=').ok_or_else(|| wrong("a part has no `=`"))?;
            parts.push((pair.0.trim().to_ascii_lowercase(), pair.1.trim()));
        }
        let get = |name: &str| {
            let found = parts.iter().find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| *value)
        };
        let development =
            get("usedevelopmentstorage").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let named = get("accountname").or(development.then_some(AZURITE_ACCOUNT));
        if let Some(named) = named.filter(|named| *named != account) {
            return Err(wrong(&format!("is for account {named}, the store is in {account}")));
        }
        let key = get("accountkey").or(development.then_some(AZURITE_KEY));
        let credential = match (key, get("sharedaccesssignature")) {
            (Some(key), _) => Credential::Key(Secret::new(key)),
            (None, Some(token)) => Credential::Signature(Secret::new(token)),
            (None, None) => {
                return Err(wrong("has neither AccountKey nor SharedAccessSignature"));
            }
        };
        let protocol = get("defaultendpointsprotocol").unwrap_or("https");
        let by_suffix =
            get("endpointsuffix").map(|suffix| format!("{protocol}://{account}.blob.{suffix}"));
        let endpoint = get("blobendpoint").map(str::to_owned).or(by_suffix);
        let endpoint = endpoint.or(development.then(|| AZURITE_ENDPOINT.to_owned()));
        Ok(Self { credential, endpoint })
    }
}
