//! The variables that Azure's tools use -> how to enter a storage account.
//!
//! Called by `url`. What is tried, in this order: AZURE_STORAGE_CONNECTION_STRING,
//! AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, a workload identity, a service principal's
//! secret, and the machine's managed identity. The first that is there is taken. No message repeats
//! a value that may be secret.

mod connection_string;

use std::net::IpAddr;

use url::{Host, Url};

use self::connection_string::ConnectionString;
use super::secret::Secret;

#[cfg(test)]
mod tests;

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// The variables, read once by the command; empty ones count as not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureVariables {
    connection_string: Option<Secret>,
    account_key: Option<Secret>,
    sas_token: Option<Secret>,
    client_id: Option<String>,
    tenant_id: Option<String>,
    client_secret: Option<Secret>,
    federated_token_file: Option<String>,
    authority_host: Option<String>,
    identity_endpoint: Option<String>,
    endpoint: Option<String>,
}

/// How to enter an account, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) credential: Credential,
    /// The account's Blob endpoint without a final slash; the public cloud's when `None`.
    pub(super) endpoint: Option<String>,
    /// Something is reached over plain HTTP, which is checked to be this machine.
    pub(super) allow_http: bool,
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// The account's key.
    Key(Secret),
    /// A shared access signature.
    Signature(Secret),
    /// A token that Kubernetes puts into a file, exchanged for one of Entra ID.
    WorkloadIdentity {
        client_id: String,
        tenant_id: String,
        token_file: String,
        /// Entra ID's address.
        authority: String,
    },
    /// A service principal.
    ClientSecret { client_id: String, tenant_id: String, secret: Secret, authority: String },
    /// What the machine, App Service or Container Apps says of itself; of several identities the
    /// one with this client id.
    ManagedIdentity { client_id: Option<String>, endpoint: Option<String> },
}

// === impl AzureVariables ===

impl AzureVariables {
    /// Takes the variables from where they are, by name.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let secret = |name: &str| text(name).map(Secret::new);
        Self {
            connection_string: secret("AZURE_STORAGE_CONNECTION_STRING"),
            account_key: secret("AZURE_STORAGE_ACCOUNT_KEY")
                .or_else(|| secret("AZURE_STORAGE_KEY")),
            sas_token: secret("AZURE_STORAGE_SAS_TOKEN")
                .or_else(|| secret("AZURE_STORAGE_SAS_KEY")),
            client_id: text("AZURE_CLIENT_ID"),
            tenant_id: text("AZURE_TENANT_ID"),
            client_secret: secret("AZURE_CLIENT_SECRET"),
            federated_token_file: text("AZURE_FEDERATED_TOKEN_FILE"),
            authority_host: text("AZURE_AUTHORITY_HOST"),
            identity_endpoint: text("IDENTITY_ENDPOINT"),
            endpoint: text("AZURE_STORAGE_ENDPOINT"),
        }
    }
}

// === impl Access ===

impl Access {
    /// How to enter `account`.
    ///
    /// # Errors
    /// A sentence that names the variable that is wrong.
    pub(super) fn choose(account: &str, given: &AzureVariables) -> Result<Self, String> {
        let mut endpoint = given.endpoint.clone();
        let credential = if let Some(text) = &given.connection_string {
            let string = ConnectionString::parse(text.reveal(), account)?;
            endpoint = string.endpoint.or(endpoint);
            string.credential
        } else if let Some(key) = &given.account_key {
            Credential::Key(key.clone())
        } else if let Some(token) = &given.sas_token {
            Credential::Signature(token.clone())
        } else {
            identity(given)?
        };
        let mut allow_http = false;
        let endpoint = match endpoint {
            Some(endpoint) => {
                let (url, plain) = address("AZURE_STORAGE_ENDPOINT", &endpoint)?;
                allow_http |= plain;
                Some(url)
            }
            None => None,
        };
        if let Credential::WorkloadIdentity { authority, .. }
        | Credential::ClientSecret { authority, .. } = &credential
        {
            allow_http |= authority.starts_with("http://");
        }
        Ok(Self { credential, endpoint, allow_http })
    }
}

/// An identity of Entra ID.
fn identity(given: &AzureVariables) -> Result<Credential, String> {
    let authority = given.authority_host.as_deref().unwrap_or(PUBLIC_CLOUD);
    let (authority, _) = address("AZURE_AUTHORITY_HOST", authority)?;
    Ok(match (&given.client_id, &given.tenant_id) {
        (Some(client_id), Some(tenant_id)) => {
            let (client_id, tenant_id) = (client_id.clone(), tenant_id.clone());
            if let Some(file) = &given.federated_token_file {
                let token_file = file.clone();
                Credential::WorkloadIdentity { client_id, tenant_id, token_file, authority }
            } else if let Some(secret) = &given.client_secret {
                let secret = secret.clone();
                Credential::ClientSecret { client_id, tenant_id, secret, authority }
            } else {
                managed(given)
            }
        }
        _ => managed(given),
    })
}

fn managed(given: &AzureVariables) -> Credential {
    let (client_id, endpoint) = (given.client_id.clone(), given.identity_endpoint.clone());
    Credential::ManagedIdentity { client_id, endpoint }
}

/// An address without its final slash, and whether it is plain HTTP; that must be this machine, as
/// keys, tokens and rows would go over the network for all to read.
fn address(variable: &str, text: &str) -> Result<(String, bool), String> {
    let wrong = |what: &str| format!("{variable}: {what}");
    let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has a user or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a `?` or a `#`; a signature goes to AZURE_STORAGE_SAS_TOKEN"));
    }
    let plain = match url.scheme() {
        "https" => false,
        "http" if is_loopback(&url) => true,
        "http" => return Err(wrong("plain http is for this machine only, use https")),
        _ => return Err(wrong("is no https address")),
    };
    Ok((url.as_str().trim_end_matches('/').to_owned(), plain))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

// === impl Credential ===

impl Credential {
    /// The variable it came from.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Key(_) => "AZURE_STORAGE_ACCOUNT_KEY, or the connection string's,",
            Self::Signature(_) => "AZURE_STORAGE_SAS_TOKEN, or the connection string's,",
            Self::WorkloadIdentity { .. } => "the workload identity",
            Self::ClientSecret { .. } => "the service principal",
            Self::ManagedIdentity { .. } => "the managed identity",
        }
    }
}
