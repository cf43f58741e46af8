//! A Triton model folder: numbered version folders, and a `config.pbtxt` that may say more.
//!
//! Called by `import`. The layout is Triton's `docs/user_guide/model_repository.md`: `1/model.onnx`
//! is the file, or a folder with it and its weights. Refuses another backend's model, a version
//! that is not there, and a configuration that the model contradicts. A labels file names the
//! columns of its output.

mod config;
mod text_format;

use std::path::{Path, PathBuf};

use self::config::{Config, Stated};
use super::folder::{Entry, Folder, Kind};
use super::{Import, Layout, Wishes, extents, same_extents};
use crate::{Error, Signature, TensorSpec, read_onnx};

const CONFIG: &str = "config.pbtxt";
const CONFIG_BYTES_MAX: usize = 1 << 20;
/// The model's file in a version folder, unless the configuration says another.
const MODEL: &str = "model.onnx";
const LABELS_BYTES_MAX: usize = 1 << 20;

/// Whether the folder with these entries is a Triton model. A version folder of an MLflow model is
/// somebody else's.
pub(super) fn is_model(folder: &mut Folder, entries: &[Entry]) -> Result<bool, String> {
    if entries.iter().any(|entry| entry.name == CONFIG && entry.kind == Kind::File) {
        return Ok(true);
    }
    for (_, entry) in versions(entries) {
        let inner = folder.list(&entry.path)?;
        if inner.iter().any(|entry| entry.name == MODEL) && !super::mlflow::is_model(&inner) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads the model in the folder `at`.
pub(super) fn read(folder: &mut Folder, at: &Path, wishes: &Wishes) -> Result<Import, Error> {
    let entries = folder.list(at).map_err(Error::model)?;
    let config = match entries.iter().any(|entry| entry.name == CONFIG) {
        true => {
            let text = folder.text(at, CONFIG, CONFIG_BYTES_MAX).map_err(Error::model)?;
            config::parse(&text).map_err(|what| Error::model(format!("`{CONFIG}`: {what}")))?
        }
        false => Config::default(),
    };
    let (version, version_at) = version(&entries, wishes.source_version).map_err(Error::model)?;
    let model = config.file.as_deref().unwrap_or(MODEL);
    let file = find(folder, version_at, model);
    let file = file.map_err(|what| Error::model(format!("in version {version} {what}")))?;
    let mut import = Import { layout: Layout::Triton, ..Import::bare(read_onnx(&file)?) };

    let refused = |what| Error::model(format!("`{CONFIG}` {what}"));
    let declared = import.declared()?;
    check_inputs(&config, &declared).map_err(refused)?;
    check_outputs(&config, &declared).map_err(refused)?;
    for Stated { name, labels, .. } in &config.outputs {
        if let Some(labels) = labels {
            let text = folder.text(at, labels, LABELS_BYTES_MAX).map_err(Error::model)?;
            let lines = text.lines().map(|line| line.trim().to_owned()).collect();
            import.class_labels.insert(name.clone(), lines);
        }
    }
    let named = at.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    import.name = config.name.or(named);
    import.version = Some(version.to_string());
    Ok(import)
}

/// Version folders with their numbers.
fn versions(entries: &[Entry]) -> impl Iterator<Item = (u64, &Entry)> {
    // Triton passes over names that start with a zero.
    let number = |name: &str| {
        let plain = name.bytes().all(|c| c.is_ascii_digit()) && !name.starts_with('0');
        name.parse::<u64>().ok().filter(|_| plain)
    };
    let folders = entries.iter().filter(|entry| entry.kind == Kind::Folder);
    folders.filter_map(move |entry| Some((number(&entry.name)?, entry)))
}

fn version(entries: &[Entry], wanted: Option<u64>) -> Result<(u64, &Path), String> {
    let all = || versions(entries).map(|(number, _)| number);
    let Some(number) = wanted.or_else(|| all().max()) else {
        return Err("it has no version folder: Triton keeps a model in folders 1, 2, ...".into());
    };
    let chosen = versions(entries).find(|(there, _)| *there == number);
    let chosen = chosen.map(|(number, entry)| (number, entry.path.as_path()));
    chosen.ok_or_else(|| {
        let there: Vec<String> = all().take(20).map(|number| number.to_string()).collect();
        format!("it has no version {number}, only {}", there.join(", "))
    })
}

/// The model's file: by itself, or in a folder of the same name beside its weights.
fn find(folder: &mut Folder, at: &Path, model: &str) -> Result<PathBuf, String> {
    let entries = folder.list(at)?;
    let there = entries.into_iter().find(|entry| entry.name == model);
    match there {
        Some(Entry { kind: Kind::Folder, path, .. }) => folder.file(&path, model),
        _ => folder.file(at, model),
    }
}

/// Each input is there on both sides, and of one type.
fn check_inputs(config: &Config, model: &Signature) -> Result<(), String> {
    if config.inputs.is_empty() {
        // Triton completes what is left out from the model.
        return Ok(());
    }
    for stated in &config.inputs {
        let name = &stated.name;
        let input = model.inputs().iter().find(|input| input.name == *name);
        let input =
            input.ok_or_else(|| format!("has the input `{name:.200}`, the model does not"))?;
        check(stated, input, config.batched)?;
    }
    for TensorSpec { name, .. } in model.inputs() {
        if !config.inputs.iter().any(|stated| stated.name == *name) {
            return Err(format!("lacks the model's input `{name}`"));
        }
    }
    Ok(())
}

/// Outputs may be left out; those that are no tensors in the file show when it is loaded.
fn check_outputs(config: &Config, model: &Signature) -> Result<(), String> {
    for stated in &config.outputs {
        if let Some(output) = model.outputs().iter().find(|output| output.name == stated.name) {
            check(stated, output, config.batched)?;
        }
    }
    Ok(())
}

fn check(stated: &Stated, model: &TensorSpec, batched: bool) -> Result<(), String> {
    let TensorSpec { name, datatype, shape, .. } = model;
    if let Some(said) = stated.datatype.filter(|said| said != datatype) {
        return Err(format!("gives `{name}` the type {said}, the model {datatype}"));
    }
    let Some(dims) = &stated.dims else { return Ok(()) };
    let batch = batched.then_some(None);
    let said: Vec<Option<usize>> = batch.into_iter().chain(dims.iter().copied()).collect();
    if same_extents(&said, shape) {
        return Ok(());
    }
    let batched = if batched { ", with the batch's," } else { "," };
    let (said, has) = (extents(&said), extents(shape));
    Err(format!("gives `{name}` the extents {said}{batched} the model {has}"))
}

#[cfg(test)]
mod tests;
