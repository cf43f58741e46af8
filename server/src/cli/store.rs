//! The flag `--store` of every command that reads or writes one.

use std::sync::Arc;

use clap::Args;
use object_store::ObjectStore;

use crate::config::Surroundings;
use crate::failure::Failure;
use crate::store::StoreUrl;

/// Where the store is.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// The store: file:///folder, a folder's path, or az://account/container/prefix with
    /// credentials from Azure's usual variables
    #[arg(long, env = "SKEG_STORE", value_name = "URL")]
    pub(super) store: String,
}

// === impl StoreArgs ===

impl StoreArgs {
    /// # Errors
    /// Code 78 for a store that makes no sense.
    pub(super) fn url(&self, around: &Surroundings) -> Result<StoreUrl, Failure> {
        let url = StoreUrl::parse(&self.store, &around.folder, &around.azure);
        url.map_err(|error| Failure::new(Failure::CONFIG, error))
    }

    /// The store, which must be there.
    ///
    /// # Errors
    /// Code 78 for a store that makes no sense or is not there.
    pub(super) fn open(&self, around: &Surroundings) -> Result<Arc<dyn ObjectStore>, Failure> {
        self.url(around)?.open().map_err(|error| Failure::new(Failure::CONFIG, error))
    }

    /// The store, made where there is none.
    ///
    /// # Errors
    /// Code 78 for a store that makes no sense, 1 for one that cannot be made.
    pub(super) fn make(&self, around: &Surroundings) -> Result<Arc<dyn ObjectStore>, Failure> {
        let url = self.url(around)?;
        let made = url.create().and_then(|()| url.open());
        made.map_err(|error| Failure::new(Failure::FAILED, error))
    }
}
