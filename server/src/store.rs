//! A store URL -> an object store. `file://` is the only scheme so far.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use url::Url;

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreUrl {
    /// The folder on the local disk.
    folder: PathBuf,
}

impl StoreUrl {
    /// Reads `file:///absolute/folder`, or a plain path taken from `working_folder`.
    ///
    /// # Errors
    /// A sentence that names the URL.
    pub fn parse(text: &str, working_folder: &std::path::Path) -> Result<Self, String> {
        if text.is_empty() {
            return Err("store \"\": is empty".to_owned());
        }
        if !text.contains("://") {
            return Ok(Self { folder: working_folder.join(text) });
        }
        let url = Url::parse(text).map_err(|error| format!("store \"{text}\": {error}"))?;
        match url.scheme() {
            "file" => {
                let folder = url.to_file_path();
                let folder = folder.map_err(|()| format!("store \"{text}\": not a local path"))?;
                Ok(Self { folder })
            }
            scheme => Err(format!(
                "store \"{text}\": scheme \"{scheme}\" is not supported, use file:///folder"
            )),
        }
    }

    /// The folder on the local disk.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Makes the store's folder where there is none.
    ///
    /// # Errors
    /// A sentence that names the folder.
    pub fn create(&self) -> Result<(), String> {
        let made = std::fs::create_dir_all(&self.folder);
        made.map_err(|error| format!("store {}: {error}", self.folder.display()))
    }

    /// Opens the store, which must be there: a mistyped one must not become an empty server.
    ///
    /// # Errors
    /// A sentence that names the folder.
    pub fn open(&self) -> Result<Arc<dyn ObjectStore>, String> {
        let at =
            |error: &dyn std::fmt::Display| format!("store {}: {error}", self.folder.display());
        if !self.folder.is_dir() {
            return Err(at(&"no such folder"));
        }
        let store = LocalFileSystem::new_with_prefix(&self.folder).map_err(|error| at(&error))?;
        // A row file that was counted as written must survive the machine.
        Ok(Arc::new(store.with_fsync(true)))
    }
}
