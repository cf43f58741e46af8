//! An MLflow model folder: its `MLmodel` says where the model is, what it takes, where it is from.
//!
//! Called by `import`. The format is mlflow's `mlflow/models/model.py` and its
//! `mlflow/onnx/__init__.py` (3.17): YAML with `flavors.onnx.data`, the path of the file, and
//! `signature.inputs`, JSON in a text. Refuses a model without the flavor `onnx`, and a signature
//! that the model contradicts.

mod signature;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::folder::{Entry, Folder, Kind};
use super::{Import, Layout, Wishes};
use crate::{Error, read_onnx};

/// The file that makes a folder an MLflow model.
const ML_MODEL: &str = "MLmodel";
/// Most bytes of it; a signature of 10,000 columns takes under 1 MiB.
const ML_MODEL_BYTES_MAX: usize = 4 << 20;
/// The only flavor that is read.
const FLAVOR: &str = "onnx";
/// Where old versions of MLflow put the model without saying so.
const DATA_DEFAULT: &str = "model.onnx";

/// Keys that are used; the others are passed over.
#[derive(Debug, Deserialize)]
struct MlModel {
    #[serde(default)]
    flavors: BTreeMap<String, Value>,
    #[serde(default)]
    signature: Option<Schemas>,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    model_id: Option<String>,
    #[serde(default)]
    model_uuid: Option<String>,
    #[serde(default)]
    mlflow_version: Option<String>,
    #[serde(default)]
    utc_time_created: Option<String>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct Schemas {
    /// JSON in a text.
    #[serde(default)]
    inputs: Option<String>,
}

/// Whether the folder with these entries is an MLflow model.
pub(super) fn is_model(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| entry.name == ML_MODEL && entry.kind == Kind::File)
}

/// Reads the model in the folder `at`.
pub(super) fn read(folder: &Folder, at: &Path, wishes: &Wishes) -> Result<Import, Error> {
    let text = folder.text(at, ML_MODEL, ML_MODEL_BYTES_MAX).map_err(Error::model)?;
    let said = parse(&text).map_err(|what| Error::model(format!("`{ML_MODEL}`: {what}")))?;
    let data = said.data().map_err(|what| Error::model(format!("`{ML_MODEL}`: {what}")))?;
    let file = folder.file(at, data).map_err(Error::model)?;
    let mut import = Import { layout: Layout::Mlflow, ..Import::bare(read_onnx(&file)?) };
    if let Some(inputs) = said.signature.as_ref().and_then(|schemas| schemas.inputs.as_deref()) {
        let refused = |what| Error::model(format!("the signature in `{ML_MODEL}` {what}"));
        let columns = signature::parse(inputs).map_err(refused)?;
        let declared = import.declared()?;
        let names = columns.feature_names(&declared, &wishes.named).map_err(refused)?;
        import.feature_names = names;
    }
    said.tell(&mut import);
    Ok(import)
}

fn parse(text: &str) -> Result<MlModel, String> {
    // An alias stands for what it names as often as it is used: both are bounded.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_documents: 1, max_nodes: 100_000, max_depth: 32 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000 },
    };
    // The first line says what and where; the others draw it.
    let first = |error: serde_saphyr::Error| {
        let words = error.to_string();
        words.lines().next().unwrap_or_default().chars().take(300).collect::<String>()
    };
    serde_saphyr::from_str_with_options(text, options).map_err(first)
}

// === impl MlModel ===

impl MlModel {
    /// The path of the ONNX file.
    fn data(&self) -> Result<&str, String> {
        let Some(flavor) = self.flavors.get(FLAVOR) else {
            let flavors: Vec<&str> = self.flavors.keys().map(String::as_str).take(10).collect();
            let flavors = flavors.join(", ");
            return Err(format!("it has no flavor `{FLAVOR}`, only these: {flavors}"));
        };
        match flavor.get("data") {
            None | Some(Value::Null) => Ok(DATA_DEFAULT),
            Some(Value::String(data)) => Ok(data),
            Some(_) => Err(format!("its flavor `{FLAVOR}` has a `data` that is no path")),
        }
    }

    fn tell(self, import: &mut Import) {
        for (key, value) in self.metadata.unwrap_or_default() {
            match value {
                Value::Null => {}
                Value::String(text) => import.tag(key, text),
                other => import.tag(key, other.to_string()),
            }
        }
        for (key, value) in [
            ("mlflow.version", self.mlflow_version),
            ("mlflow.model_id", self.model_id),
            ("mlflow.model_uuid", self.model_uuid),
            ("mlflow.utc_time_created", self.utc_time_created),
        ] {
            if let Some(value) = value {
                import.tag(key, value);
            }
        }
        import.run_id = self.run_id.filter(|run_id| !run_id.is_empty() && run_id.len() <= 256);
    }
}

#[cfg(test)]
mod tests;
