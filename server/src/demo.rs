//! The example store: two versions of the fraud model, their baseline, and an endpoint over them.
//!
//! Called by `skeg demo`. Everything it needs is inside the binary. What is already in the store is
//! left as it is, so that a demo goes on where the last one stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use drift::Table;
use model_loader::{DataAsset, Lineage, Model, Name, NewVersion, Options, Registry};
use object_store::{ObjectStore, PutMode};
use serde::Deserialize;

use crate::specs;
use crate::training;

/// One request of the example, to copy and send.
pub const REQUEST: &str = include_str!("../../examples/fraud/request.json");

const BASELINE: &[u8] = include_bytes!("../../examples/fraud/baseline.parquet");
const VERSIONS: [Version; 2] = [
    Version {
        name: "1",
        onnx: include_bytes!("../../examples/fraud/models/1/model.onnx"),
        card: include_str!("../../examples/fraud/models/1/card.json"),
    },
    Version {
        name: "2",
        onnx: include_bytes!("../../examples/fraud/models/2/model.onnx"),
        card: include_str!("../../examples/fraud/models/2/card.json"),
    },
];
const ENDPOINT: &str = include_str!("../../examples/fraud/endpoint.yaml");

struct Version {
    name: &'static str,
    onnx: &'static [u8],
    card: &'static str,
}

/// What the training script says of a model.
#[derive(Debug, Deserialize)]
struct Card {
    feature_names: BTreeMap<String, Vec<String>>,
    metrics: BTreeMap<String, f64>,
    training_data: String,
    tags: BTreeMap<String, String>,
}

/// Puts the example into `store`; `now` is RFC 3339.
///
/// # Errors
/// A sentence that names what could not be stored.
pub async fn prepare(store: Arc<dyn ObjectStore>, now: &str) -> Result<(), String> {
    let registry = Registry::new(Arc::clone(&store));
    for version in VERSIONS {
        match registry.register(version.register(now)?).await {
            Ok(_) | Err(model_loader::Error::Exists { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let path = specs::spec_path("fraud");
    match store.put_opts(&path, ENDPOINT.into(), PutMode::Create.into()).await {
        Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

// === impl Version ===

impl Version {
    fn register(&self, now: &str) -> Result<NewVersion, String> {
        let says = |error: &dyn std::fmt::Display| format!("fraud:{}: {error}", self.name);
        let card: Card = serde_json::from_str(self.card).map_err(|error| says(&error))?;
        let table = Table::of_bytes("baseline.parquet", Bytes::from_static(BASELINE));
        let table = table.map_err(|error| says(&error))?;
        let feature_names = card.feature_names.clone();
        let model = Model::load(self.onnx, &Options { feature_names, ..Options::default() });
        let model = model.map_err(|error| says(&error))?;
        let baseline = training::baseline(&table, &model, &mut |_| {});
        let baseline = baseline.map_err(|error| says(&error))?;
        let name = |text: &str| text.parse::<Name>().map_err(|error| says(&error));
        Ok(NewVersion {
            name: name("fraud")?,
            version: name(self.name)?,
            created_at: now.to_owned(),
            onnx: Bytes::from_static(self.onnx),
            feature_names: card.feature_names,
            class_labels: BTreeMap::new(),
            baseline_json: Some(baseline.to_json().into()),
            lineage: Lineage {
                training_data: Some(DataAsset { asset: card.training_data, digest: None }),
                metrics: card.metrics,
                tags: card.tags,
                ..Lineage::default()
            },
        })
    }
}
