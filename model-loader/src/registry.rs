//! The registry of models: versions that are written once and verified at every load.
//!
//! Called by the server's commands and its loader. A version exists if and only if its manifest
//! does: the manifest is written last, and only where there is none, so of any number of
//! registrations of one version exactly one wins and the others are refused by name. No object is
//! ever overwritten. When a registration that never finished, or one that runs at the same time,
//! has left other bytes under a file's usual name, the file goes under a name made of its own
//! digest; the manifest says which.

mod alias;
mod catalog;
pub(crate) mod digest;
pub(crate) mod path;
mod store;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;

pub use self::alias::{AliasRecord, NewAlias};
pub use self::catalog::Listed;
use self::digest::Digest;
use self::path::{File, Kind, ModelPath};
use crate::error::Error;
use crate::manifest::{self, FileEntry, Lineage, MANIFEST_FORMAT, Manifest, TensorEntry};
use crate::model::{Model, Options};
use crate::name::{ModelRef, Name};
use crate::trial::Trial;
use crate::{Signature, TreeKernels};

/// What a signature is held against before a model is registered; an error says what is wrong.
pub type Check = fn(&Signature) -> Result<(), String>;

/// The model versions of one store, under `models/`.
#[derive(Clone, Debug)]
pub struct Registry {
    store: Arc<dyn ObjectStore>,
    trial: Option<Trial>,
    check: Option<Check>,
    kernels: TreeKernels,
}

/// What is to become a version.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The model.
    pub name: Name,
    /// The version; must not be there yet, and may not be called `aliases`.
    pub version: Name,
    /// The time of registration, RFC 3339.
    pub created_at: String,
    /// The ONNX file, at most 1 GiB.
    pub onnx: Bytes,
    /// Input name to one name per column.
    pub feature_names: BTreeMap<String, Vec<String>>,
    /// Output name to one label per column, for what the file itself does not say.
    pub class_labels: BTreeMap<String, Vec<String>>,
    /// The reference of the drift analysis, stored as it is; at most 64 MiB.
    pub baseline_json: Option<Bytes>,
    /// Where the model comes from.
    pub lineage: Lineage,
}

/// A version whose files are stored and whose manifest is not: it does not exist yet.
struct Staged {
    manifest: Manifest,
    json: Bytes,
    path: ModelPath,
}

// === impl Registry ===

impl Registry {
    /// The registry in `store`. Local disks keep a version over a power failure only when the
    /// store was built with `with_fsync`.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, trial: None, check: None, kernels: TreeKernels::detect() }
    }

    /// The same registry, which tries models in a process of their own before it loads them.
    pub fn with_trial(self, trial: Trial) -> Self {
        Self { trial: Some(trial), ..self }
    }

    /// The same registry, which registers only models whose signature passes a check.
    pub fn with_check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// The same registry, whose tree ensembles run on one of `kernels`.
    pub fn with_kernels(self, kernels: TreeKernels) -> Self {
        Self { kernels, ..self }
    }

    /// Registers a version, once it has proven to load.
    ///
    /// Hashing and loading run on the calling thread and take as long as the model is large: call
    /// this where that hurts nobody.
    ///
    /// # Errors
    /// [`Error::Exists`] when the version is there already, whatever its content; what
    /// [`Model::load`] says of a model that cannot be served; [`Error::Manifest`] for a file,
    /// time, metric or lineage that makes no sound record; [`Error::Store`]. After the last one
    /// [`Registry::manifest`] tells whether the version exists.
    pub async fn register(&self, new: NewVersion) -> Result<Manifest, Error> {
        let model = ModelRef { model: new.name.clone(), version: new.version.clone() };
        match self.manifest(&model).await {
            Ok(there) => return Err(Error::Exists { model, digest: there.model_digest }),
            Err(Error::NotRegistered { .. }) => {}
            Err(error) => return Err(error),
        }
        let staged = self.stage(new).await?;
        self.publish(staged).await
    }

    /// The record of a version. Its files are not looked at.
    ///
    /// # Errors
    /// [`Error::NotRegistered`]; [`Error::Manifest`] when the record is not sound;
    /// [`Error::Store`].
    pub async fn manifest(&self, model: &ModelRef) -> Result<Manifest, Error> {
        let path = ModelPath::new(model, File::Manifest)?.object();
        let refused = |reason| Error::Manifest { path: path.to_string(), reason };
        let Some(found) = store::get(&*self.store, &path).await? else {
            return Err(Error::NotRegistered { model: model.clone().into() });
        };
        manifest::check_size(found.meta.size).map_err(refused)?;
        let json = store::bytes(found, &path).await?;
        Manifest::from_json(&json, model).map_err(refused)
    }

    /// Reads, verifies and loads a version, with the feature names it was registered with.
    ///
    /// Hashing and loading run on the calling thread, as in [`Registry::register`].
    ///
    /// # Errors
    /// Those of [`Registry::manifest`]; [`Error::Digest`] when the model file is missing or not
    /// byte for byte the registered one; what [`Model::load`] says.
    pub async fn open(&self, model: &ModelRef) -> Result<(Manifest, Model), Error> {
        let manifest = self.manifest(model).await?;
        let onnx = self.verified(&manifest, Kind::Model).await?;
        // A sound manifest lists a model, so there is one; no bytes would be no model either.
        let (trial, kernels) = (self.trial.clone(), self.kernels);
        let options = Options { trial, kernels, ..manifest.options() };
        let runnable = Model::load(&onnx.unwrap_or_default(), &options)?;
        Ok((manifest, runnable))
    }

    /// The verified baseline of a version, if it was registered with one.
    ///
    /// # Errors
    /// Those of [`Registry::manifest`]; [`Error::Digest`] as in [`Registry::open`].
    pub async fn baseline(&self, model: &ModelRef) -> Result<Option<Bytes>, Error> {
        let manifest = self.manifest(model).await?;
        self.verified(&manifest, Kind::Baseline).await
    }

    /// The registered versions of a model: integers by value, then the others by text. None when
    /// the model is unknown.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn versions(&self, name: &Name) -> Result<Vec<Name>, Error> {
        let paths = store::list(&*self.store, &path::root(Some(name))).await?;
        let parsed = paths.iter().filter_map(ModelPath::parse);
        let mut versions: Vec<Name> = parsed
            .filter_map(ModelPath::into_manifest_version)
            .map(|model| model.version)
            .collect();
        versions.sort_by(by_version);
        Ok(versions)
    }

    /// Loads the model and stores the files. Dropping the result leaves files and no version.
    async fn stage(&self, new: NewVersion) -> Result<Staged, Error> {
        let model = ModelRef { model: new.name, version: new.version };
        let path = ModelPath::new(&model, File::Manifest)?;
        let refused = |reason| Error::Manifest { path: path.object().to_string(), reason };
        let mut files = vec![(Kind::Model, new.onnx)];
        files.extend(new.baseline_json.map(|json| (Kind::Baseline, json)));

        for (kind, bytes) in &files {
            manifest::check_file_size(*kind, bytes.len() as u64).map_err(refused)?;
        }
        let options = Options {
            feature_names: new.feature_names,
            class_labels: new.class_labels,
            trial: self.trial.clone(),
            ..Options::default()
        };
        let runnable = Model::load(&files[0].1, &options)?;
        runnable.warm_up()?;
        let signature = runnable.signature();
        self.check.map_or(Ok(()), |check| check(signature)).map_err(refused)?;
        let entries: Vec<_> = files.iter().map(|(kind, bytes)| planned(*kind, bytes)).collect();
        let mut manifest = Manifest {
            format: MANIFEST_FORMAT.to_owned(),
            name: model.model.clone(),
            version: model.version.clone(),
            created_at: new.created_at,
            model_digest: digest_of(&entries).map_err(refused)?,
            files: entries,
            opset: runnable.opset().clone(),
            inputs: signature.inputs().iter().map(TensorEntry::from).collect(),
            outputs: signature.outputs().iter().map(TensorEntry::from).collect(),
            lineage: new.lineage,
        };
        // Everything that can be refused is refused before the first byte is written.
        manifest.to_json().map_err(refused)?;

        for (entry, (kind, bytes)) in manifest.files.iter_mut().zip(files) {
            entry.path = self.store_file(&model, kind, bytes).await?.to_string();
        }
        let json = manifest.to_json().map_err(refused)?.into();
        Ok(Staged { manifest, json, path })
    }

    /// Makes the version exist, unless it does.
    async fn publish(&self, staged: Staged) -> Result<Manifest, Error> {
        if store::create(&*self.store, &staged.path.object(), staged.json).await? {
            return Ok(staged.manifest);
        }
        let model = staged.manifest.model_ref();
        let there = self.manifest(&model).await?;
        Err(Error::Exists { model, digest: there.model_digest })
    }

    /// Stores a file where it disturbs no other, and says under which name.
    async fn store_file(&self, model: &ModelRef, kind: Kind, bytes: Bytes) -> Result<File, Error> {
        let usual = File::Plain(kind);
        if self.holds(&ModelPath::new(model, usual)?.object(), &bytes).await? {
            return Ok(usual);
        }
        let addressed = File::Addressed(kind, Digest::of(&bytes));
        let path = ModelPath::new(model, addressed)?.object();
        if self.holds(&path, &bytes).await? {
            return Ok(addressed);
        }
        let reason = "has bytes that do not match its name".to_owned();
        Err(Error::Digest { model: model.clone(), path: path.to_string(), reason })
    }

    /// Writes `bytes` where there is nothing; whether they, whoever wrote them, are there now.
    async fn holds(&self, path: &Path, bytes: &Bytes) -> Result<bool, Error> {
        if store::create(&*self.store, path, bytes.clone()).await? {
            return Ok(true);
        }
        match store::get(&*self.store, path).await? {
            Some(there) if there.meta.size == bytes.len() as u64 => {
                Ok(store::bytes(there, path).await? == *bytes)
            }
            _ => Ok(false),
        }
    }

    /// The bytes of the version's file of that kind, proven to be the registered ones.
    async fn verified(&self, manifest: &Manifest, kind: Kind) -> Result<Option<Bytes>, Error> {
        let Some((entry, file)) = manifest.file(kind) else {
            return Ok(None);
        };
        let model = manifest.model_ref();
        let path = ModelPath::new(&model, file)?.object();
        let refused = |reason| Error::Digest { model, path: path.to_string(), reason };
        let Some(found) = store::get(&*self.store, &path).await? else {
            return Err(refused("is missing".to_owned()));
        };
        // The manifest's own sizes are bounded, so this bounds what is read.
        if found.meta.size != entry.size {
            let (size, expected) = (found.meta.size, entry.size);
            return Err(refused(format!("has {size} bytes, {expected} were registered")));
        }
        let bytes = store::bytes(found, &path).await?;
        let digest = Digest::of(&bytes).to_string();
        if digest != entry.sha256 {
            return Err(refused(format!("has SHA-256 {digest}, {} was registered", entry.sha256)));
        }
        Ok(Some(bytes))
    }
}

/// The entry of a file under its usual name.
fn planned(kind: Kind, bytes: &Bytes) -> FileEntry {
    let (path, sha256) = (File::Plain(kind).to_string(), Digest::of(bytes).to_string());
    FileEntry { path, size: bytes.len() as u64, sha256 }
}

fn digest_of(files: &[FileEntry]) -> Result<String, String> {
    let digest = Digest::of_version(files);
    digest.map(|digest| digest.to_string()).map_err(|_| "a file has no digest".to_owned())
}

/// Integers by value, then the others by text. Integers may have 64 digits and leading zeros, so
/// they are compared as text without them.
fn by_version(a: &Name, b: &Name) -> Ordering {
    let (a, b): (&str, &str) = (a.as_ref(), b.as_ref());
    let is_integer = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    match (is_integer(a), is_integer(b)) {
        (true, true) => {
            let (short_a, short_b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            short_a.len().cmp(&short_b.len()).then(short_a.cmp(short_b)).then(a.cmp(b))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests;
