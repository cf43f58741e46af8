//! Where endpoint specs lie: in the store's `endpoints/`, or in a local folder such as a ConfigMap.
//!
//! The keeper reads them again and again, the commands and the admin API write them (`write`).
//! Reading tells what has changed; what a text means is `spec`'s business.

mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use model_loader::{ModelQuery, ModelRef};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::spec::{self, EndpointSpec};

pub use write::{WriteError, Writer};

#[cfg(test)]
mod tests;

/// The store's folder of endpoint specs.
const SPECS: &str = "endpoints";
/// Most specs; more are refused.
const FILES_MAX: usize = 10_000;

/// Where endpoint specs are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecSource {
    /// `endpoints/*.yaml` of the store.
    Store,
    /// `*.yaml` of a local folder, such as a mounted ConfigMap.
    Folder(PathBuf),
}

/// The specs as they were last read, by file.
pub type SpecFiles = BTreeMap<String, SpecFile>;

/// A spec file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFile {
    /// The store's tag of this content, if it gives one.
    tag: Option<String>,
    /// The text.
    pub text: String,
}

/// Where the store keeps the spec of `endpoint`.
pub fn spec_path(endpoint: &str) -> ObjectPath {
    ObjectPath::from(format!("{SPECS}/{endpoint}.yaml"))
}

/// Reads every spec; the text of a file whose tag is still `known` is not fetched again.
///
/// # Errors
/// A sentence that names the file, or the folder.
pub async fn read(
    source: &SpecSource,
    store: &dyn ObjectStore,
    known: &SpecFiles,
) -> Result<SpecFiles, String> {
    match source {
        SpecSource::Store => stored(store, known).await,
        SpecSource::Folder(folder) => mounted(folder),
    }
}

/// The version of each of a spec's deployments, as `find` finds it.
///
/// # Errors
/// A sentence for each that it does not find.
pub async fn versions(
    spec: &EndpointSpec,
    find: impl AsyncFn(&ModelQuery) -> Result<ModelRef, model_loader::Error>,
) -> Result<Vec<ModelRef>, Vec<String>> {
    let (mut versions, mut mistakes) = (Vec::new(), Vec::new());
    for deployment in &spec.deployments {
        match find(&deployment.model).await {
            Ok(version) => versions.push(version),
            Err(error) => mistakes.push(format!("deployments.{}.model: {error}", deployment.name)),
        }
    }
    if mistakes.is_empty() { Ok(versions) } else { Err(mistakes) }
}

async fn stored(store: &dyn ObjectStore, known: &SpecFiles) -> Result<SpecFiles, String> {
    let mut listed = store.list(Some(&ObjectPath::from(SPECS)));
    let mut files = SpecFiles::new();
    while let Some(file) = listed.try_next().await.map_err(|e| format!("{SPECS}: {e}"))? {
        let name = file.location.to_string();
        if !name.ends_with(".yaml") {
            continue;
        }
        bounded(&name, file.size, files.len())?;
        let unchanged =
            known.get(&name).filter(|known| known.tag.is_some() && known.tag == file.e_tag);
        if let Some(unchanged) = unchanged {
            files.insert(name, unchanged.clone());
            continue;
        }
        let got = match store.get(&file.location).await {
            Ok(got) => got,
            // Deleted since it was listed.
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(error) => return Err(format!("{name}: {error}")),
        };
        let tag = got.meta.e_tag.clone();
        bounded(&name, got.meta.size, files.len())?;
        let bytes = got.bytes().await.map_err(|e| format!("{name}: {e}"))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| format!("{name}: not UTF-8"))?;
        files.insert(name, SpecFile { tag, text });
    }
    Ok(files)
}

fn mounted(folder: &Path) -> Result<SpecFiles, String> {
    let at = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(folder).map_err(|error| at(folder, error))?;
    let mut files = SpecFiles::new();
    for entry in entries {
        let path = entry.map_err(|error| at(folder, error))?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.display().to_string();
        let size = std::fs::metadata(&path).map_err(|error| at(&path, error))?.len();
        bounded(&name, size, files.len())?;
        let text = std::fs::read_to_string(&path).map_err(|error| at(&path, error))?;
        files.insert(name, SpecFile { tag: None, text });
    }
    Ok(files)
}

fn bounded(name: &str, size: u64, before: usize) -> Result<(), String> {
    if size > spec::MAX_BYTES as u64 {
        return Err(format!("{name}: larger than {} bytes", spec::MAX_BYTES));
    }
    if before >= FILES_MAX {
        return Err(format!("{name}: there are more than {FILES_MAX} specs"));
    }
    Ok(())
}

// === impl SpecFile ===

impl SpecFile {
    /// What tells this content from any other, the same on all replicas: the first 12 digits of its
    /// SHA-256.
    pub fn digest(&self) -> String {
        digest(&self.text)
    }
}

/// See [`SpecFile::digest`].
pub fn digest(text: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
