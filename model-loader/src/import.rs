//! A model as another tool keeps it -> the one file, names and origin that the registry wants.
//!
//! Called by the server's commands with a path that a person gave: an ONNX file, or a folder that
//! MLflow, Triton or Azure ML laid out. What a folder is, its content says; where it may be two
//! things, or holds two models, it is refused with what was found. Nothing is loaded here: what is
//! declared beside a model is held against what the file itself declares, and the registry does
//! the rest. All that is read is bounded, and nothing is read outside of the path (docs/adr/0020).

mod azureml;
mod folder;
mod mlflow;
mod triton;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use self::azureml::Found;
use self::folder::Folder;
use crate::{Error, Lineage, Signature, onnx, read_onnx};

/// Most tags that are taken over.
const TAGS_MAX: usize = 200;
/// Longest value of a tag that is taken over, bytes.
const TAG_BYTES_MAX: usize = 4096;

/// A model read from a disk, and what was said beside it.
#[derive(Debug)]
pub struct Import {
    /// What it was.
    pub layout: Layout,
    /// The ONNX file, with the weights that were beside it inside.
    pub onnx: Vec<u8>,
    /// The model's name, where there is one; not checked to be a [`Name`](crate::Name).
    pub name: Option<String>,
    /// The version, likewise.
    pub version: Option<String>,
    /// Input name to one name per column.
    pub feature_names: BTreeMap<String, Vec<String>>,
    /// Output name to one label per column.
    pub class_labels: BTreeMap<String, Vec<String>>,
    /// Run that made the model.
    pub run_id: Option<String>,
    /// Anything else.
    pub tags: BTreeMap<String, String>,
}

/// Which tool laid the model out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A file by itself.
    Onnx,
    /// A folder with an `MLmodel` file.
    Mlflow,
    /// A folder of numbered versions, with or without a `config.pbtxt`.
    Triton,
}

/// What the person said beside the path.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The version folder of a Triton model; the highest when it is not said.
    pub source_version: Option<u64>,
    /// Inputs whose columns the person named: what the folder says of those does not count.
    pub named: BTreeSet<String>,
}

/// Reads the model at `path`, a file or a folder.
///
/// # Errors
/// [`Error::Model`] for what cannot be read, holds no model or several, leads out of the folder,
/// is over a bound, or contradicts the model; it names the file or the tensor.
pub fn import(path: &Path, wishes: &Wishes) -> Result<Import, Error> {
    if !path.is_dir() {
        if wishes.source_version.is_some() {
            return Err(Error::model("a file by itself has no version folders to choose from"));
        }
        return Ok(Import::bare(read_onnx(path)?));
    }
    let mut folder = Folder::open(path).map_err(Error::model)?;
    let found = azureml::only(&mut folder).map_err(Error::model)?;
    let mut import = match &found {
        Found::Onnx(file) => Import::bare(read_onnx(file)?),
        Found::Mlflow(at) => mlflow::read(&folder, at, wishes)?,
        Found::Triton(at) => triton::read(&mut folder, at, wishes)?,
    };
    if wishes.source_version.is_some() && import.layout != Layout::Triton {
        let what = format!("a source version was asked for, but this is {}", import.layout);
        return Err(Error::model(what));
    }
    azureml::name(&mut import, path, &folder, &found);
    Ok(import)
}

// === impl Import ===

impl Import {
    fn bare(onnx: Vec<u8>) -> Self {
        Self {
            layout: Layout::Onnx,
            onnx,
            name: None,
            version: None,
            feature_names: BTreeMap::new(),
            class_labels: BTreeMap::new(),
            run_id: None,
            tags: BTreeMap::new(),
        }
    }

    /// What the file itself declares.
    fn declared(&self) -> Result<Signature, Error> {
        onnx::declared(&self.onnx)
    }

    /// Takes a tag over, unless there are too many or it is too long for one.
    pub fn tag(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (key.into(), value.into());
        let short = !key.is_empty() && key.len() <= 256 && value.len() <= TAG_BYTES_MAX;
        if short && (self.tags.len() < TAGS_MAX || self.tags.contains_key(&key)) {
            self.tags.insert(key, value);
        }
    }

    /// Fills in what `lineage` does not say itself.
    pub fn complete(&self, lineage: &mut Lineage) {
        lineage.run_id = lineage.run_id.take().or_else(|| self.run_id.clone());
        for (key, value) in &self.tags {
            lineage.tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

// === impl Layout ===

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Onnx => "an ONNX file",
            Self::Mlflow => "an MLflow model",
            Self::Triton => "a Triton model",
        })
    }
}

/// Whether extents agree as far as both sides know them.
fn same_extents(a: &[Option<usize>], b: &[Option<usize>]) -> bool {
    let same = |(a, b): (&Option<usize>, &Option<usize>)| a.is_none() || b.is_none() || a == b;
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Extents as the formats write them, -1 for one that varies.
fn extents(shape: &[Option<usize>]) -> String {
    let extent = |extent: &Option<usize>| extent.map_or("-1".to_owned(), |n| n.to_string());
    format!("[{}]", shape.iter().map(extent).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests;
