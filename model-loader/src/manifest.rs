//! `manifest.json`: the immutable record of one model version.
//!
//! Written once by `registry`, read by it before every load. Reading refuses unknown keys, more
//! than 1 MiB, a record of another version, files outside the layout and a digest that does not
//! follow from the files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Datatype;
use crate::model::Options;
use crate::name::{ModelRef, Name};
use crate::registry::digest::Digest;
use crate::registry::path::{File, Kind};
use crate::signature::TensorSpec;

/// Value of the key `format`.
pub const MANIFEST_FORMAT: &str = "skeg-manifest/1";

/// The most bytes a manifest may have.
pub const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// One model version: what it is made of, what it takes and gives, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: String,
    /// The model.
    pub name: Name,
    /// The version.
    pub version: Name,
    /// When it was registered, RFC 3339, as the caller gave it.
    pub created_at: String,
    /// The version's files, this record excepted.
    pub files: Vec<FileEntry>,
    /// SHA-256 over the files' raw digests in the order of their paths, 64 hexadecimal digits: the
    /// root digest of OpenSSF Model Signing.
    pub model_digest: String,
    /// Operator set to version, as [`Model::opset`](crate::Model::opset) has them.
    pub opset: BTreeMap<String, i64>,
    /// What the model takes, in the order of the graph.
    pub inputs: Vec<TensorEntry>,
    /// What the model gives, in the order of the graph.
    pub outputs: Vec<TensorEntry>,
    /// Where the model comes from.
    pub lineage: Lineage,
}

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name in the folder of the version.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// An input or output of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorEntry {
    /// Its name in the graph.
    pub name: String,
    /// Its Open Inference Protocol datatype, "FP32".
    pub datatype: String,
    /// Its extents, outermost first; -1 is variable.
    pub shape: Vec<i64>,
    /// Inputs: one name per column, empty when they are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feature_names: Vec<String>,
    /// Outputs: one class label per column, empty when the columns are not classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_labels: Vec<String>,
}

/// Where a model comes from. What is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// Commit of the training code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
    /// Run of the pipeline or experiment that made the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Job inside that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What it was trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_data: Option<DataAsset>,
    /// Figures of its evaluation, finite.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// A registered data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataAsset {
    /// `name:version`.
    pub asset: String,
    /// Digest of its content, in whatever form its store has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

// === impl Manifest ===

impl Manifest {
    /// The version this is the record of.
    pub fn model_ref(&self) -> ModelRef {
        ModelRef { model: self.name.clone(), version: self.version.clone() }
    }

    /// The file of that kind, if the version has one.
    pub(crate) fn file(&self, kind: Kind) -> Option<(&FileEntry, File)> {
        self.files.iter().find_map(|entry| {
            let file = File::parse(&entry.path)?;
            (file.kind() == Some(kind)).then_some((entry, file))
        })
    }

    /// What identifies the version's baseline, if it has one: SHA-256 of the file.
    pub fn baseline(&self) -> Option<&str> {
        self.file(Kind::Baseline).map(|(entry, _)| entry.sha256.as_str())
    }

    /// How to load the model so that its inputs carry the recorded feature names, and its outputs
    /// the recorded labels.
    pub(crate) fn options(&self) -> Options {
        let named = self.inputs.iter().filter(|input| !input.feature_names.is_empty());
        let names = named.map(|input| (input.name.clone(), input.feature_names.clone()));
        let labelled = self.outputs.iter().filter(|output| !output.class_labels.is_empty());
        let labels = labelled.map(|output| (output.name.clone(), output.class_labels.clone()));
        let (feature_names, class_labels) = (names.collect(), labels.collect());
        Options { feature_names, class_labels, ..Options::default() }
    }

    /// Reads the record of `model`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(crate) fn from_json(json: &[u8], model: &ModelRef) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if manifest.model_ref() != *model {
            return Err(format!("it is the record of `{}`", manifest.model_ref()));
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// The record as it is stored, proven to be readable.
    ///
    /// # Errors
    /// The first thing that would be wrong with it.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, String> {
        self.check()?;
        let mut json = serde_json::to_vec_pretty(self).map_err(|error| error.to_string())?;
        json.push(b'\n');
        check_size(json.len() as u64)?;
        Ok(json)
    }

    fn check(&self) -> Result<(), String> {
        if self.format != MANIFEST_FORMAT {
            return Err(format!("its format is `{}`, not `{MANIFEST_FORMAT}`", self.format));
        }
        if self.created_at.parse::<jiff::Timestamp>().is_err() {
            return Err(format!("created_at `{}` is not an RFC 3339 time", self.created_at));
        }
        if let Some((name, _)) = self.lineage.metrics.iter().find(|(_, value)| !value.is_finite()) {
            return Err(format!("metric `{name}` is not finite"));
        }
        self.inputs.iter().chain(&self.outputs).try_for_each(TensorEntry::check)?;
        self.check_files()
    }

    /// Exactly one model, at most one baseline, nothing else; sizes bounded; digests that agree.
    fn check_files(&self) -> Result<(), String> {
        let mut kinds: Vec<Kind> = Vec::new();
        for FileEntry { path, size, .. } in &self.files {
            let Some(kind) = File::parse(path).and_then(File::kind) else {
                return Err(format!("file `{path}` is neither a model nor a baseline"));
            };
            if kinds.contains(&kind) {
                return Err(format!("file `{path}` is the second of its kind"));
            }
            check_file_size(kind, *size)?;
            kinds.push(kind);
        }
        if !kinds.contains(&Kind::Model) {
            return Err("it lists no model".to_owned());
        }
        match Digest::of_version(&self.files) {
            Ok(digest) if digest.to_string() == self.model_digest => Ok(()),
            Ok(digest) => Err(format!(
                "its model_digest is `{}`, but its files make {digest}",
                self.model_digest
            )),
            Err(_) => Err("a sha256 is not 64 lower-case hexadecimal digits".to_owned()),
        }
    }
}

/// # Errors
/// When a manifest of that many bytes is too large.
pub(crate) fn check_size(bytes: u64) -> Result<(), String> {
    if bytes > MANIFEST_BYTES_MAX {
        return Err(format!("it has {bytes} bytes, at most {MANIFEST_BYTES_MAX} are read"));
    }
    Ok(())
}

/// # Errors
/// When a file of that kind and that many bytes is too large.
pub(crate) fn check_file_size(kind: Kind, bytes: u64) -> Result<(), String> {
    let max = kind.bytes_max();
    if bytes > max {
        let file = File::Plain(kind);
        return Err(format!("its file `{file}` has {bytes} bytes, at most {max} are served"));
    }
    Ok(())
}

// === impl TensorEntry ===

impl TensorEntry {
    fn check(&self) -> Result<(), String> {
        let Self { name, datatype, shape, .. } = self;
        if datatype.parse::<Datatype>().is_err() {
            return Err(format!("tensor `{name}` has the unknown datatype `{datatype}`"));
        }
        match shape.iter().find(|extent| **extent < -1) {
            Some(extent) => Err(format!("tensor `{name}` has the extent {extent}")),
            None => Ok(()),
        }
    }
}

impl From<&TensorSpec> for TensorEntry {
    fn from(spec: &TensorSpec) -> Self {
        let extent = |extent: &Option<usize>| match extent {
            Some(extent) => i64::try_from(*extent).unwrap_or(i64::MAX),
            None => -1,
        };
        Self {
            name: spec.name.clone(),
            datatype: spec.datatype.to_string(),
            shape: spec.shape.iter().map(extent).collect(),
            feature_names: spec.feature_names.clone(),
            class_labels: spec.class_labels.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
