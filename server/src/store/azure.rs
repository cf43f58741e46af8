//! Azure Blob Storage, or what speaks like it, as an object store.
//!
//! Opened by `url`. Time and attempts are bounded, connections live on a thread of their own, and
//! neither a key nor a token is in any error or `Debug`: the library's own has them.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::SpawnedReqwestConnector;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    BackoffConfig, ClientOptions, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, RetryConfig,
};

use super::container::Container;
use super::credentials::{Access, Credential};
use super::io_thread::IoThread;

/// Until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one request with its answer: a model of 1 GiB at 30 Mbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);
/// Attempts after the first, none begun later than this after it.
const RETRIES: usize = 4;
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest pause between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// A container, or the part of it below a prefix.
pub(super) struct AzureStore {
    inner: PrefixStore<MicrosoftAzure>,
    url: String,
    /// Lives as long as what runs on it.
    _io: IoThread,
}

// === impl AzureStore ===

impl AzureStore {
    /// Opens without asking: the first request tells whether the container is there.
    ///
    /// # Errors
    /// A sentence, when the credentials make no sense or the system has no thread.
    pub(super) fn new(container: &Container, access: &Access, url: String) -> Result<Self, String> {
        let io = IoThread::start().map_err(|error| error.to_string())?;
        let client = ClientOptions::new()
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(REQUEST_TIMEOUT)
            .with_allow_http(access.allow_http);
        let backoff = BackoffConfig { max_backoff: BACKOFF_MAX, ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_TIMEOUT };
        let mut builder = MicrosoftAzureBuilder::new()
            .with_account(&container.account)
            .with_container_name(&container.name)
            .with_client_options(client)
            .with_retry(retry)
            .with_http_connector(SpawnedReqwestConnector::new(io.handle()));
        if let Some(endpoint) = &access.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        let built = with(builder, &access.credential).build();
        // Its words may repeat a value that was given.
        let inner = built.map_err(|_| format!("{} makes no sense", access.credential.name()))?;
        Ok(Self { inner: PrefixStore::new(inner, container.prefix.clone()), url, _io: io })
    }
}

/// Tells the builder who we are.
fn with(builder: MicrosoftAzureBuilder, credential: &Credential) -> MicrosoftAzureBuilder {
    let kind = |builder: MicrosoftAzureBuilder, kind| {
        builder.with_config(AzureConfigKey::CredentialType, kind)
    };
    match credential {
        Credential::Key(key) => kind(builder.with_access_key(key.reveal()), "access_key"),
        Credential::Signature(token) => {
            let builder = builder.with_config(AzureConfigKey::SasKey, token.reveal());
            kind(builder, "sas_token")
        }
        Credential::WorkloadIdentity { client_id, tenant_id, token_file, authority } => {
            let builder = builder
                .with_client_id(client_id)
                .with_tenant_id(tenant_id)
                .with_federated_token_file(token_file)
                .with_authority_host(authority);
            kind(builder, "workload_identity")
        }
        Credential::ClientSecret { client_id, tenant_id, secret, authority } => {
            let builder = builder
                .with_client_secret_authorization(client_id, secret.reveal(), tenant_id)
                .with_authority_host(authority);
            kind(builder, "client_secret")
        }
        Credential::ManagedIdentity { client_id, endpoint } => {
            let mut builder = builder;
            if let Some(client_id) = client_id {
                builder = builder.with_client_id(client_id);
            }
            if let Some(endpoint) = endpoint {
                builder = builder.with_msi_endpoint(endpoint);
            }
            kind(builder, "managed_identity")
        }
    }
}

impl fmt::Debug for AzureStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AzureStore").field(&self.url).finish()
    }
}

impl fmt::Display for AzureStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

#[async_trait::async_trait]
impl ObjectStore for AzureStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}
