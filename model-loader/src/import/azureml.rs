//! The one model in a folder, however deep a tool has put it, and the name of the place.
//!
//! Azure ML mounts a registered model at `AZUREML_MODEL_DIR`, which is
//! `.../azureml-models/NAME/VERSION` for one model and the folder above the names for several
//! (learn.microsoft.com, "Deploy machine learning models to online endpoints"); inside lies what
//! was registered: an MLflow folder, a Triton folder, or a folder of somebody's own. Called by
//! `import` for any folder. Refuses none and several.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::folder::{Entry, Folder, Kind};
use super::{Import, mlflow, triton};

/// Folders within folders that are looked into.
const DEPTH_MAX: usize = 8;
/// Places that an error lists.
const LISTED_MAX: usize = 5;
/// What Azure ML calls the folder above the names of models.
const AZUREML_MODELS: &str = "azureml-models";

/// A model's place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// The folder of an `MLmodel`.
    Mlflow(PathBuf),
    /// The folder of version folders.
    Triton(PathBuf),
    /// The file.
    Onnx(PathBuf),
}

/// The one model in the folder or below.
pub(super) fn only(folder: &mut Folder) -> Result<Found, String> {
    let (mut found, mut away) = (BTreeSet::new(), Vec::new());
    let mut seen = BTreeSet::new();
    let mut ahead = vec![(folder.root().to_owned(), 0)];
    while let Some((at, depth)) = ahead.pop() {
        if !seen.insert(at.clone()) {
            continue;
        }
        let entries = folder.list(&at)?;
        let before = found.len();
        if mlflow::is_model(&entries) {
            found.insert(Found::Mlflow(at.clone()));
        }
        if triton::is_model(folder, &entries)? {
            found.insert(Found::Triton(at.clone()));
        }
        if found.len() > before {
            continue;
        }
        for Entry { name, kind, path } in entries {
            let onnx = name.ends_with(".onnx");
            match kind {
                Kind::File if onnx => _ = found.insert(Found::Onnx(path)),
                Kind::Folder if depth < DEPTH_MAX => ahead.push((path, depth + 1)),
                Kind::Folder => {
                    let place = folder.shown(&at);
                    return Err(format!("`{place}` has folders more than {DEPTH_MAX} deep in it"));
                }
                Kind::Away if onnx || name == "MLmodel" => away.push(folder.shown(&path)),
                _ => {}
            }
        }
    }
    if let Some(place) = away.first() {
        return Err(format!("`{place}` leads out of the folder, or nowhere"));
    }
    let mut places: Vec<String> = found.iter().map(|found| found.shown(folder)).collect();
    let more = places.len().saturating_sub(LISTED_MAX);
    places.truncate(LISTED_MAX);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let count = found.len();
    match found.pop_first() {
        Some(only) if found.is_empty() => Ok(only),
        Some(_) => Err(format!("it holds {count} models, name one: {}{more}", places.join(", "))),
        None => Err("it holds no MLmodel file, no version folder with a model.onnx, and no .onnx \
                     file anywhere below"
            .to_owned()),
    }
}

/// Says the name and version by which Azure ML mounted the model, as far as the place tells.
pub(super) fn name(import: &mut Import, given: &Path, folder: &Folder, found: &Found) {
    let inner = found.place().strip_prefix(folder.root()).unwrap_or(Path::new(""));
    let whole = given.join(inner);
    let whole = texts(&whole);
    let mount = whole.iter().position(|part| *part == AZUREML_MODELS);
    if let Some([name, version, ..]) = mount.map(|at| &whole[at + 1..]) {
        import.name = Some((*name).to_owned());
        import.version = Some((*version).to_owned());
        return;
    }
    if let [name, version, ..] = texts(inner)[..] {
        let number = !version.is_empty() && version.bytes().all(|c| c.is_ascii_digit());
        if number && import.name.is_none() {
            import.name = Some(name.to_owned());
            import.version = Some(version.to_owned());
        }
    }
}

fn texts(path: &Path) -> Vec<&str> {
    let normal = |part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    };
    path.components().filter_map(normal).collect()
}

// === impl Found ===

impl Found {
    fn place(&self) -> &Path {
        match self {
            Self::Mlflow(at) | Self::Triton(at) | Self::Onnx(at) => at,
        }
    }

    fn shown(&self, folder: &Folder) -> String {
        let place = folder.shown(self.place());
        match self {
            Self::Mlflow(_) => format!("`{place}` of MLflow"),
            Self::Triton(_) => format!("`{place}` of Triton"),
            Self::Onnx(_) => format!("`{place}`"),
        }
    }
}
