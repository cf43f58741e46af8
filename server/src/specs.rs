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
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::spec::{self, EndpointSpec};

pub use write::{WriteError, Writer};

#[cfg(test)]
mod tests;

/// The store's folder of endpoint specs.
const SPECS: &str = "endpoints";
/// The store's folder of models.
const MODELS: &str = "models";
/// Most specs; more are refused.
const FILES_MAX: usize = 10_000;

/// Where endpoint specs are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecSource {
    /// `endpoints/*.yaml` of the store.
    Store,
    /// `*.yaml` and `*.yml` of a local folder, such as a mounted ConfigMap.
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

/// What reading the specs gave.
#[derive(Debug, Default)]
pub struct Found {
    /// The files; one that could not be read this time is as it was known.
    pub files: SpecFiles,
    /// By file: why it could not be read.
    pub faults: BTreeMap<String, String>,
}

/// What was there the last time.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The files whose texts are kept.
    pub files: &'a SpecFiles,
    /// How many there were, kept or not.
    pub count: usize,
}

/// Reads every spec; the text of a file whose tag is still `known` is not fetched again.
///
/// # Errors
/// A sentence that names the folder, when nothing can be said of any file.
pub async fn read(
    source: &SpecSource,
    store: &dyn ObjectStore,
    known: Known<'_>,
) -> Result<Found, String> {
    match source {
        SpecSource::Store => stored(store, known).await,
        SpecSource::Folder(folder) => mounted(folder, known.files),
    }
}

/// The spec `text` and the version of each of its deployments, as `find` finds it.
///
/// # Errors
/// Every mistake of the text, and a sentence for each version that is not found.
pub async fn sound(
    text: &str,
    find: impl AsyncFn(&ModelQuery) -> Result<ModelRef, model_loader::Error>,
) -> Result<(EndpointSpec, Vec<ModelRef>), Vec<String>> {
    let draft = spec::draft(text);
    let (mut versions, mut missing) = (Vec::new(), Vec::new());
    for deployment in draft.deployments.iter().take(spec::DEPLOYMENTS_MAX) {
        match find(&deployment.model).await {
            Ok(version) => versions.push(version),
            Err(error) => missing.push(format!("deployments.{}.model: {error}", deployment.name)),
        }
    }
    draft.sound(missing).map(|spec| (spec, versions))
}

async fn stored(store: &dyn ObjectStore, known: Known<'_>) -> Result<Found, String> {
    let Known { files: known, count: before } = known;
    let mut listed = store.list(Some(&ObjectPath::from(SPECS)));
    let mut found = Found::default();
    while let Some(file) = listed.try_next().await.map_err(|e| format!("{SPECS}: {e}"))? {
        let name = file.location.to_string();
        if !is_spec(file.location.filename().unwrap_or_default(), &["yaml"]) {
            continue;
        }
        found.check_count()?;
        let unchanged =
            known.get(&name).filter(|known| known.tag.is_some() && known.tag == file.e_tag);
        let read = match unchanged {
            Some(unchanged) => Ok(Some(unchanged.clone())),
            None => fetched(store, &file).await,
        };
        found.note(name, read, known);
    }
    if found.count() == 0 && before > 0 {
        still_there(store, before).await?;
    }
    Ok(found)
}

/// A file's content; none when it is gone since it was listed.
async fn fetched(store: &dyn ObjectStore, file: &ObjectMeta) -> Result<Option<SpecFile>, String> {
    bounded(file.size)?;
    let got = match store.get(&file.location).await {
        Ok(got) => got,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let tag = got.meta.e_tag.clone();
    bounded(got.meta.size)?;
    let bytes = got.bytes().await.map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes.into()).map_err(|_| "not UTF-8".to_owned())?;
    Ok(Some(SpecFile { tag, text }))
}

/// Fails when a store that held specs has neither specs nor models any more: then a volume is not
/// mounted, and nobody has taken the endpoints away. Rows prove nothing: they are written there by
/// this very process.
async fn still_there(store: &dyn ObjectStore, before: usize) -> Result<(), String> {
    let mut models = store.list(Some(&ObjectPath::from(MODELS)));
    match models.try_next().await.map_err(|error| format!("{MODELS}: {error}"))? {
        Some(_) => Ok(()),
        None => Err(format!(
            "the store has no models, and {before} endpoint specs are not there: is it gone?"
        )),
    }
}

fn mounted(folder: &Path, known: &SpecFiles) -> Result<Found, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Found::default();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_spec(&file_name, &["yaml", "yml"]) {
            found.check_count()?;
            found.note(path.display().to_string(), content(&path), known);
        }
    }
    Ok(found)
}

/// A local file's content; none when it is gone since it was listed.
fn content(path: &Path) -> Result<Option<SpecFile>, String> {
    let size = match std::fs::metadata(path) {
        Ok(known) => known.len(),
        Err(error) => return unless_gone(error),
    };
    bounded(size)?;
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return unless_gone(error),
    };
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    Ok(Some(SpecFile { tag: None, text }))
}

fn unless_gone<T>(error: std::io::Error) -> Result<Option<T>, String> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(None) } else { Err(error.to_string()) }
}

/// Whether a file's name is one of a spec: hidden files are left behind by file managers.
fn is_spec(file_name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(file_name).extension().and_then(|extension| extension.to_str());
    !file_name.starts_with('.') && extension.is_some_and(|found| extensions.contains(&found))
}

fn bounded(size: u64) -> Result<(), String> {
    let most = spec::MAX_BYTES as u64;
    if size > most { Err(format!("larger than {most} bytes")) } else { Ok(()) }
}

// === impl Found ===

impl Found {
    fn count(&self) -> usize {
        self.files.len() + self.faults.len()
    }

    /// Whether there may be one more.
    fn check_count(&self) -> Result<(), String> {
        let full = self.count() >= FILES_MAX;
        if full { Err(format!("there are more than {FILES_MAX} specs")) } else { Ok(()) }
    }

    fn note(&mut self, name: String, read: Result<Option<SpecFile>, String>, known: &SpecFiles) {
        match read {
            Ok(None) => {}
            Ok(Some(file)) => {
                self.files.insert(name, file);
            }
            Err(fault) => {
                // What is served stays as it is.
                if let Some(before) = known.get(&name) {
                    self.files.insert(name.clone(), before.clone());
                }
                self.faults.insert(name, fault);
            }
        }
    }
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
