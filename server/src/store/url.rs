//! A store's URL, as typed -> where the store is, and with what to enter it.
//!
//! `file:///folder` or a folder's path; `az://account/container/prefix`. Refuses what names no
//! store, and anything that may carry a secret: the credentials come from the environment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use url::Url;

use super::azure::AzureStore;
use super::container::Container;
use super::credentials::{Access, AzureVariables};
use super::local::LocalStore;

#[cfg(test)]
mod tests;

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreUrl(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A folder on the local disk.
    Folder(PathBuf),
    Azure(Box<Container>, Box<Access>),
}

// === impl StoreUrl ===

impl StoreUrl {
    /// The folder of a store on the local disk.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder(folder) => Some(folder),
            Place::Azure(..) => None,
        }
    }

    /// What tells the store from any other, whichever way it was typed; no secret.
    pub fn identity(&self) -> String {
        match &self.0 {
            Place::Folder(folder) => {
                folder.canonicalize().as_ref().unwrap_or(folder).display().to_string()
            }
            Place::Azure(container, _) => container.to_string(),
        }
    }

    /// Reads `file:///absolute/folder`, a plain path taken from `working_folder`, or
    /// `az://account/container/prefix` with the credentials that `azure` has for it.
    ///
    /// # Errors
    /// A sentence that names the URL, or the variable that is wrong; never a secret.
    pub fn parse(
        text: &str,
        working_folder: &Path,
        azure: &AzureVariables,
    ) -> Result<Self, String> {
        if text.is_empty() {
            return Err("store \"\": is empty".to_owned());
        }
        if !text.contains("://") {
            return Ok(Self(Place::Folder(working_folder.join(text))));
        }
        let shown = shown(text);
        let wrong = |what: &dyn fmt::Display| format!("store \"{shown}\": {what}");
        let url = Url::parse(text).map_err(|error| wrong(&error))?;
        match url.scheme() {
            "file" => {
                let folder = url.to_file_path();
                let folder = folder.map_err(|()| wrong(&"not a local path"))?;
                Ok(Self(Place::Folder(folder)))
            }
            "az" => {
                let container = Container::parse(&url).map_err(|what| wrong(&what))?;
                let access = Access::choose(&container.account, azure);
                let access = access.map_err(|what| wrong(&what))?;
                Ok(Self(Place::Azure(Box::new(container), Box::new(access))))
            }
            scheme => Err(wrong(&format_args!(
                "scheme \"{scheme}\" is not supported, use file:///folder or \
                 az://account/container/prefix"
            ))),
        }
    }

    /// Makes the store's folder where there is none. A container is made by those who may.
    ///
    /// # Errors
    /// A sentence that names the folder.
    pub fn create(&self) -> Result<(), String> {
        match &self.0 {
            Place::Folder(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| format!("store {self}: {error}"))
            }
            Place::Azure(..) => Ok(()),
        }
    }

    /// Opens the store. A folder must be there: a mistyped one must not become an empty server.
    /// A container is first asked at the first use.
    ///
    /// # Errors
    /// A sentence that names the store.
    pub fn open(&self) -> Result<Arc<dyn ObjectStore>, String> {
        let at = |error: &dyn fmt::Display| format!("store {self}: {error}");
        match &self.0 {
            Place::Folder(folder) if !folder.is_dir() => Err(at(&"no such folder")),
            Place::Folder(folder) => {
                Ok(Arc::new(LocalStore::new(folder).map_err(|error| at(&error))?))
            }
            Place::Azure(container, access) => {
                let store = AzureStore::new(container, access, self.to_string());
                Ok(Arc::new(store.map_err(|error| at(&error))?))
            }
        }
    }
}

impl fmt::Display for StoreUrl {
    /// As it may be typed again: a folder's path, or the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Folder(folder) => fmt::Display::fmt(&folder.display(), f),
            Place::Azure(container, _) => fmt::Display::fmt(container, f),
        }
    }
}

/// What of a refused URL may be repeated: nothing that could be a password or a signature.
fn shown(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}...{}", &text[..scheme + 3], &text[at..])
        }
        _ => text.to_owned(),
    }
}
