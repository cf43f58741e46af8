//! Where the objects of a model version lie: the one place that builds and parses those paths.
//!
//! Called by `registry` and `manifest`. Layout: `models/{name}/{version}/{file}` and
//! `models/{name}/aliases/{alias}.json`. Refuses the version name `aliases`.

use object_store::path::Path;

use super::digest::Digest;
use crate::error::Error;
use crate::name::{ModelRef, Name};
use crate::query::Alias;

const ROOT: &str = "models";
const ALIASES: &str = "aliases";
const ALIAS_SUFFIX: &str = ".json";
const MANIFEST: &str = "manifest.json";

/// An object of a model version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelPath {
    model: ModelRef,
    file: File,
}

/// What an object of a model version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// The record whose presence makes the version exist.
    Manifest,
    /// A file under its usual name, `model.onnx`.
    Plain(Kind),
    /// A file named after its content, `model-{sha256}.onnx`: used when a registration that never
    /// finished has left other bytes under the usual name.
    Addressed(Kind, Digest),
}

/// What a file listed in a manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The ONNX model.
    Model,
    /// The reference data of the drift analysis.
    Baseline,
}

// === impl ModelPath ===

impl ModelPath {
    /// # Errors
    /// [`Error::Name`] when the version is called `aliases`.
    pub(crate) fn new(model: &ModelRef, file: File) -> Result<Self, Error> {
        if model.version.as_ref() == ALIASES {
            let reason = "a version may not be called \"aliases\": that folder holds the aliases";
            return Err(Error::Name { given: model.to_string(), reason });
        }
        Ok(Self { model: model.clone(), file })
    }

    /// The object's place in the store.
    pub(crate) fn object(&self) -> Path {
        let file = self.file.to_string();
        let ModelRef { model, version } = &self.model;
        Path::from_iter([ROOT, model.as_ref(), version.as_ref(), file.as_str()])
    }

    /// What lies at `path`, or nothing when it is no object of a model version.
    pub(crate) fn parse(path: &Path) -> Option<Self> {
        let mut parts = path.as_ref().split('/');
        let (root, model, version, file) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if root != ROOT || parts.next().is_some() {
            return None;
        }
        let model = ModelRef { model: model.parse().ok()?, version: version.parse().ok()? };
        Self::new(&model, File::parse(file)?).ok()
    }

    /// The version that exists because this object does; nothing for any but a manifest.
    pub(crate) fn into_manifest_version(self) -> Option<ModelRef> {
        (self.file == File::Manifest).then_some(self.model)
    }
}

/// The folder of all versions and aliases of `model`, or of all models.
pub(crate) fn root(model: Option<&Name>) -> Path {
    Path::from_iter([ROOT].into_iter().chain(model.map(AsRef::as_ref)))
}

/// Where an alias lies.
pub(crate) fn alias_path(model: &Name, alias: &Alias) -> Path {
    let file = format!("{alias}{ALIAS_SUFFIX}");
    Path::from_iter([ROOT, model.as_ref(), ALIASES, file.as_str()])
}

/// The alias that lies at `path`, and its model; nothing when no alias does.
pub(crate) fn parse_alias(path: &Path) -> Option<(Name, Alias)> {
    let mut parts = path.as_ref().split('/');
    let (root, model, folder, file) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if root != ROOT || folder != ALIASES || parts.next().is_some() {
        return None;
    }
    Some((model.parse().ok()?, file.strip_suffix(ALIAS_SUFFIX)?.parse().ok()?))
}

// === impl File ===

impl File {
    /// The file of this name in the folder of a version.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if name == MANIFEST {
            return Some(Self::Manifest);
        }
        [Kind::Model, Kind::Baseline].into_iter().find_map(|kind| {
            let (stem, suffix) = kind.stem_and_suffix();
            match name.strip_prefix(stem)?.strip_suffix(suffix)? {
                "" => Some(Self::Plain(kind)),
                rest => Some(Self::Addressed(kind, rest.strip_prefix('-')?.parse().ok()?)),
            }
        })
    }

    /// What the file is, or nothing for the manifest, which does not list itself.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::Manifest => None,
            Self::Plain(kind) | Self::Addressed(kind, _) => Some(kind),
        }
    }
}

impl std::fmt::Display for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest => f.write_str(MANIFEST),
            Self::Plain(kind) => {
                let (stem, suffix) = kind.stem_and_suffix();
                write!(f, "{stem}{suffix}")
            }
            Self::Addressed(kind, digest) => {
                let (stem, suffix) = kind.stem_and_suffix();
                write!(f, "{stem}-{digest}{suffix}")
            }
        }
    }
}

// === impl Kind ===

impl Kind {
    /// The most bytes a file of this kind may have.
    pub(crate) fn bytes_max(self) -> u64 {
        match self {
            Self::Model => crate::onnx::BYTES_MAX as u64,
            Self::Baseline => 64 << 20,
        }
    }

    fn stem_and_suffix(self) -> (&'static str, &'static str) {
        match self {
            Self::Model => ("model", ".onnx"),
            Self::Baseline => ("baseline", ".json"),
        }
    }
}

#[cfg(test)]
mod tests;
